import assert from "node:assert/strict";
import { test } from "node:test";

import { CommSender } from "../../src/host/jupyter.js";

/** A model, what is behind it, and what was sent by which of them. */
function setUp(/** @type {any} */ { id = "7", isPlain = false, kept = undefined, widgetManager = undefined } = {}) {
  const sent = [];
  const comm = {
    send(data, metadata, buffers) {
      sent.push(["comm", data, metadata, buffers]);
      return kept === undefined ? { dispose: () => sent.push("released") } : kept();
    },
  };
  /** @type {any} */
  const model = {
    get: (name) => ({ _comm_id: id, _plain_comm: isPlain })[name],
    send: (...message) => (sent.push(["model", ...message]), "promised"),
    widget_manager: widgetManager ?? { get_model: async (asked) => (asked === "7" ? { comm: { jsServicesComm: comm } } : {}) },
  };
  return { sender: new CommSender(model), model, sent };
}

/** @param {unknown} found behind the model @returns {any} */
const modelOf = (found) => ({ get: () => "7", send: () => undefined, widget_manager: { get_model: async () => found } });

const settled = () => new Promise((resolve) => setImmediate(resolve));
const content = { type: "hello" };
const buffers = [new ArrayBuffer(2)];

test("what was sent is released as soon as Jupyter's own end of the connection is known", async () => {
  const { sender, sent } = setUp();
  assert.equal(sender.send(content, buffers), "promised");
  await settled();
  sender.send(content, buffers);
  assert.deepEqual(sent, [
    ["model", content, undefined, buffers],
    ["comm", { method: "custom", content }, { awaits_idle: false }, buffers],
    "released",
  ]);
});

for (const [host, options] of Object.entries({
  "does not say its id": { id: null },
  "is to use no more than its own": { isPlain: true },
  "has another id": { id: "8" },
  "has no manager": { widgetManager: {} },
  "knows no such model": { widgetManager: { get_model: () => Promise.reject(new Error("no model")) } },
})) {
  test(`a model that ${host} sends by itself`, async () => {
    const { sender, sent } = setUp(options);
    sender.send(content, buffers);
    await settled();
    sender.send(content, buffers);
    assert.deepEqual(sent.map(([by]) => by), ["model", "model"]);
  });
}

for (const [surprise, kept] of Object.entries({
  "keeps nothing": () => undefined,
  "gives back something else": () => ({ dispose: "later" }),
  "cannot release it": () => ({
    dispose: () => {
      throw new Error("disposed");
    },
  }),
})) {
  test(`where Jupyter ${surprise}, that is said once, and the model sends what follows`, async (t) => {
    const warn = t.mock.method(console, "warn", () => undefined);
    const { sender, sent } = setUp({ kept });
    for (let number = 0; number < 4; number++) {
      sender.send(content, buffers);
      await settled();
    }
    assert.deepEqual(sent.map(([by]) => by), ["model", "comm", "model", "model"]);
    assert.equal(warn.mock.callCount(), 1);
  });
}

test("a message that Jupyter does not send goes by the model, once", async (t) => {
  const warn = t.mock.method(console, "warn", () => undefined);
  const { sender, sent } = setUp({
    kept: () => {
      sent.pop();
      throw new TypeError("other arguments");
    },
  });
  sender.send({ type: "first" }, buffers);
  await settled();
  sender.send({ type: "second" }, buffers);
  sender.send({ type: "third" }, buffers);
  assert.deepEqual(sent.map(([by, { type }]) => [by, type]), [["model", "first"], ["model", "second"], ["model", "third"]]);
  assert.equal(warn.mock.callCount(), 1);
});

test("a connection that cannot send is none", async () => {
  const model = { comm: { jsServicesComm: { send: "no function" } } };
  const { sender, sent } = setUp({ widgetManager: { get_model: async () => model } });
  sender.send(content, buffers);
  await settled();
  sender.send(content, buffers);
  assert.deepEqual(sent.map(([by]) => by), ["model", "model"]);
});

test("a kernel that is out of reach is the sender's to report", async (t) => {
  t.mock.method(console, "warn", () => undefined);
  const dead = () => {
    throw new Error("Kernel is dead");
  };
  const { sender, model } = setUp({ kept: dead });
  sender.send(content, buffers);
  await settled();
  model.send = dead;
  assert.throws(() => sender.send(content, buffers), /dead/);
});

test("a model that no kernel stands behind is a saved one, until a kernel takes it up", async () => {
  const found = { comm_live: false };
  let changes = 0;
  const sender = new CommSender(modelOf(found), () => changes++);
  assert.equal(sender.isSaved, false);
  sender.send(content, buffers);
  await settled();
  assert.deepEqual([sender.isSaved, changes], [true, 1]);
  found.comm_live = true;
  assert.equal(sender.isSaved, false);
});

test("a kernel that goes away later leaves no saved model", async () => {
  const found = { comm_live: true };
  const sender = new CommSender(modelOf(found));
  sender.send(content, buffers);
  await settled();
  found.comm_live = false;
  assert.equal(sender.isSaved, false);
});
