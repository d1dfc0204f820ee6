import assert from "node:assert/strict";
import { test } from "node:test";

import { LevelMeter, deflection, rmsOf } from "../../src/worklets/level.js";

test("a level is the root mean square since the last one", () => {
  const meter = new LevelMeter();
  assert.equal(meter.readAndReset(), 0);
  for (const value of [0.25, -0.25, 0]) meter.push(new Float32Array(128).fill(value));
  assert.ok(Math.abs(meter.readAndReset() - Math.sqrt(1 / 24)) < 1e-9);
  assert.equal(meter.readAndReset(), 0);
});

test("the level of a frame is the one of its samples, at full scale 1", () => {
  assert.equal(rmsOf(new Int16Array(0)), 0);
  assert.equal(rmsOf(new Int16Array([-16384, 16384])), 0.5);
  assert.equal(rmsOf(new Int16Array(512).fill(-32768)), 1);
});

test("the meter spans -60 to -6 dBFS", () => {
  assert.equal(deflection(0), 0);
  assert.equal(deflection(0.001), 0);
  assert.equal(deflection(1), 1);
  assert.ok(Math.abs(deflection(10 ** (-33 / 20)) - 0.5) < 1e-9);
});
