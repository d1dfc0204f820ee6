import assert from "node:assert/strict";
import { test } from "node:test";

import { JupyterHost } from "../../src/host/jupyter.js";
import { INITIAL_TRAITS } from "../../src/session/state.js";
import { settled } from "../fakes/clock.js";

/** A model of anywidget: traits, events, and what was sent by it. */
class FakeModel {
  /** @type {Record<string, unknown>} */
  traits = {};
  /** @type {[string, (...values: any[]) => void][]} */
  listeners = [];
  /** @type {unknown[][]} */
  sent = [];
  /** @type {(...message: unknown[]) => unknown} */
  answer = () => undefined;

  /** @param {string} name */
  get(name) {
    return this.traits[name];
  }

  /** @param {string} event @param {(...values: any[]) => void} callback */
  on(event, callback) {
    this.listeners.push([event, callback]);
  }

  /** @param {string} event @param {(...values: any[]) => void} callback */
  off(event, callback) {
    this.listeners = this.listeners.filter(([name, each]) => name !== event || each !== callback);
  }

  /** @param {unknown[]} message */
  send(...message) {
    this.sent.push(message);
    return this.answer(...message);
  }

  /** @param {string} event @param {unknown[]} values */
  fire(event, ...values) {
    for (const [name, callback] of [...this.listeners]) if (name === event) callback(...values);
  }
}

function setUp() {
  const model = new FakeModel();
  const host = new JupyterHost(model);
  /** @type {unknown[][]} */
  const events = [];
  host.onState(() => events.push(["state", host.state.isStarted]));
  host.onMessage((...message) => events.push(["message", ...message]));
  host.onLost((cause) => events.push(["lost", cause]));
  return { model, host, events };
}

test("traits that the kernel has not set have their initial values", () => {
  const { host } = setUp();
  assert.deepEqual(host.state, INITIAL_TRAITS);
});

test("each change of a trait is reported with the whole state", () => {
  const { model, host, events } = setUp();
  model.traits = { isStarted: true, micDeviceId: "usb", _owner: "f1", unknown: 1 };
  model.fire("change:isStarted");
  assert.deepEqual(host.state, { ...INITIAL_TRAITS, isStarted: true, micDeviceId: "usb", _owner: "f1" });
  assert.deepEqual(events, [["state", true]]);
});

test("custom messages arrive with their buffers, or with none", () => {
  const { model, events } = setUp();
  const buffer = new DataView(new ArrayBuffer(2));
  model.fire("msg:custom", { type: "play" }, [buffer]);
  model.fire("msg:custom", { type: "flush" });
  assert.deepEqual(events, [["message", { type: "play" }, [buffer]], ["message", { type: "flush" }, []]]);
});

for (const event of ["comm_live_update", "comm:close", "destroy"]) {
  test(`${event} means that the kernel is lost`, () => {
    const { model, events } = setUp();
    model.fire(event);
    assert.deepEqual(events, [["lost", event]]);
  });
}

test("a message goes through the model; one that fails, at once or later, means that the kernel is lost", async () => {
  const { model, host, events } = setUp();
  host.send({ type: "hello" }, []);
  assert.deepEqual(model.sent, [[{ type: "hello" }, undefined, []]]);
  const error = new Error("gone");
  model.answer = () => Promise.reject(error);
  host.send({ type: "hello" }, []);
  await settled();
  model.answer = () => {
    throw error;
  };
  host.send({ type: "hello" }, []);
  assert.deepEqual(events, [["lost", error], ["lost", error]]);
});

test("a model from a saved notebook is told from one with a kernel", async () => {
  const { model, host, events } = setUp();
  model.traits = { _comm_id: "7" };
  Object.assign(model, { widget_manager: { get_model: async () => ({ comm_live: false }) } });
  host.send({ type: "hello" }, []);
  await settled();
  assert.deepEqual([host.isSaved, events], [true, [["state", false]]]);
});

test("disposed of it listens to nothing", () => {
  const { model, host } = setUp();
  host.dispose();
  assert.deepEqual(model.listeners, []);
});
