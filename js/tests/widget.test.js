import assert from "node:assert/strict";
import { register } from "node:module";
import { afterEach, test } from "node:test";

import { installAudio } from "./fakes/audio.js";
import { byTestId, installDom } from "./fakes/dom.js";

// The bundler gives worklets as source; here their names stand for them.
register(`data:text/javascript,${encodeURIComponent(`
  export const resolve = (name, context, next) =>
    name.startsWith("worklet:")
      ? { url: "data:text/javascript,export default " + JSON.stringify(name), shortCircuit: true }
      : next(name, context);
`)}`);

const { default: widget } = await import("../src/widget.js");

/** A model that hears nothing but what it is asked for. */
function createModel() {
  /** @type {any[]} */
  const sent = [];
  /** @type {Set<string>} */
  const events = new Set();
  return {
    sent,
    events,
    get: () => undefined,
    on: (/** @type {string} */ event) => events.add(event),
    off: (/** @type {string} */ event) => events.delete(event),
    send: (/** @type {any} */ content) => void sent.push(content.type),
  };
}

function showPage() {
  const host = installDom();
  installAudio();
  Object.assign(globalThis, { window: new EventTarget() }); // jsdom's takes no signal of Node's
  return host;
}

/** @type {(() => void)[]} */
const disposers = [];
afterEach(() => disposers.splice(0).forEach((dispose) => dispose()));

test("a view shows the panel, and the first one says hello", () => {
  const host = showPage();
  const model = createModel();
  disposers.push(widget.initialize({ model }));
  disposers.push(widget.render({ model, el: host }), widget.render({ model, el: host }));
  assert.equal(host.childElementCount, 2);
  assert.equal(byTestId(host, "state").textContent, "Not started");
  assert.deepEqual(model.sent, ["hello"]);
});

test("a view of a model that is a proxy belongs to the newest session", () => {
  const host = showPage();
  const [first, second] = [createModel(), createModel()];
  disposers.push(widget.initialize({ model: first }), widget.initialize({ model: second }));
  disposers.push(widget.render({ model: createModel(), el: host }));
  assert.deepEqual([first.sent, second.sent], [[], ["hello"]]);
});

test("the end of the model, by signal or by function, ends its session", () => {
  showPage();
  const ended = new AbortController();
  const model = createModel();
  const dispose = widget.initialize({ model, signal: ended.signal });
  assert.ok(model.events.has("msg:custom"));
  ended.abort();
  dispose();
  assert.deepEqual([...model.events], []);
});
