import assert from "node:assert/strict";
import { test } from "node:test";

import { Channel } from "../../src/host/jupyter.js";

/** A model, what is behind it, and what was sent by which of them. */
function setUp({ id = "7", kept = undefined, widgetManager = undefined } = {}) {
  const sent = [];
  const comm = {
    send(data, metadata, buffers) {
      sent.push(["comm", data, metadata, buffers]);
      return kept === undefined ? { dispose: () => sent.push("let go") } : kept();
    },
  };
  const model = {
    get: (name) => (name === "_comm_id" ? id : undefined),
    send: (...message) => (sent.push(["model", ...message]), "promised"),
    widget_manager: widgetManager ?? { get_model: async (asked) => (asked === "7" ? { comm: { jsServicesComm: comm } } : {}) },
  };
  return { channel: new Channel(model), model, sent };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const content = { type: "hello" };
const buffers = [new ArrayBuffer(2)];

test("what was sent is let go of as soon as Jupyter's own end of the connection is known", async () => {
  const { channel, sent } = setUp();
  assert.equal(channel.send(content, buffers), "promised");
  await settled();
  channel.send(content, buffers);
  assert.deepEqual(sent, [
    ["model", content, undefined, buffers],
    ["comm", { method: "custom", content }, { awaits_idle: false }, buffers],
    "let go",
  ]);
});

for (const [host, options] of Object.entries({
  "does not say its id": { id: null },
  "has another id": { id: "8" },
  "has no manager": { widgetManager: {} },
  "knows no such model": { widgetManager: { get_model: () => Promise.reject(new Error("no model")) } },
})) {
  test(`a model that ${host} sends by itself`, async () => {
    const { channel, sent } = setUp(options);
    channel.send(content, buffers);
    await settled();
    channel.send(content, buffers);
    assert.deepEqual(sent.map(([by]) => by), ["model", "model"]);
  });
}

test("where nothing can be let go of, the model sends what follows", async () => {
  const { channel, sent } = setUp({ kept: () => undefined });
  channel.send(content, buffers);
  await settled();
  channel.send(content, buffers);
  channel.send(content, buffers);
  assert.deepEqual(sent.map(([by]) => by), ["model", "comm", "model"]);
});

test("a kernel that is out of reach is the sender's to tell", async () => {
  const { channel } = setUp({
    kept: () => {
      throw new Error("Kernel is dead");
    },
  });
  channel.send(content, buffers);
  await settled();
  assert.throws(() => channel.send(content, buffers), /dead/);
});
