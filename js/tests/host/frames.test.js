import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeFrame, encodeFrame } from "../../src/host/frames.js";

/** @param {string | Uint8Array<ArrayBuffer>} frame as the socket gives it to the other side */
const received = (frame) => (typeof frame === "string" ? frame : frame.buffer);

test("a message is the same after its way through a frame", () => {
  const content = { type: "details", text: "“é”" };
  assert.deepEqual(decodeFrame(received(encodeFrame(content, []))), { content, buffers: [] });
  const decoded = decodeFrame(received(encodeFrame(content, [Uint8Array.of(1, 0, 255).buffer])));
  assert.deepEqual(decoded.content, content);
  assert.deepEqual(decoded.buffers.map((view) => [view.byteLength, view.getUint8(0), view.getUint8(2)]), [[3, 1, 255]]);
});

test("a frame with a buffer is length, JSON and buffer", () => {
  const frame = /** @type {Uint8Array} */ (encodeFrame({ type: "x" }, [Uint8Array.of(7, 8).buffer]));
  assert.deepEqual(Buffer.from(frame), Buffer.from('\0\0\0\x0c{"type":"x"}\x07\x08', "latin1"));
});

test("what is no message is refused", () => {
  for (const frame of ["{", new ArrayBuffer(2), Uint8Array.of(0, 0, 0, 9, 1).buffer]) assert.throws(() => decodeFrame(frame));
});
