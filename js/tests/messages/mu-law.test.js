import assert from "node:assert/strict";
import { test } from "node:test";

import { toMuLaw } from "../../src/messages/mu-law.js";

/** What G.711 makes of a byte, at 16 bits. */
function expand(byte) {
  const inverted = ~byte & 255;
  const magnitude = ((((inverted & 15) << 3) + 132) << ((inverted >> 4) & 7)) - 132;
  return inverted & 128 ? -magnitude : magnitude;
}

test("silence, full scale and the steps between are the standard's bytes", () => {
  assert.deepEqual([...toMuLaw(Int16Array.of(0, -1, 4, 32767, -32768, 1000, -1000))], [0xff, 0x7f, 0xfe, 0x80, 0x00, 0xce, 0x4e]);
});

test("each of the 65536 samples comes back within half a step of its size", () => {
  const samples = Int16Array.from({ length: 65536 }, (_, index) => index - 32768);
  toMuLaw(samples).forEach((byte, index) => {
    const sample = samples[index];
    const error = Math.abs(expand(byte) - sample);
    assert.ok(error <= Math.max(4, (Math.abs(sample) + 132) / 32) || Math.abs(sample) > 32124, `${sample}: ${expand(byte)}`);
  });
});
