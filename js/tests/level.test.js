import assert from "node:assert/strict";
import { test } from "node:test";

import { LevelMeter, deflection } from "../src/audio/level.js";

test("a level comes with each full window and is the root mean square", () => {
  const meter = new LevelMeter(512);
  const quantum = new Float32Array(128).fill(0.25);
  assert.deepEqual([1, 2, 3, 4].map(() => meter.push(quantum)), [false, false, false, true]);
  assert.equal(meter.rms, 0.25);
});

test("the meter spans -60 to -6 dBFS", () => {
  assert.equal(deflection(0), 0);
  assert.equal(deflection(0.001), 0);
  assert.equal(deflection(1), 1);
  assert.ok(Math.abs(deflection(10 ** (-33 / 20)) - 0.5) < 1e-9);
});
