import assert from "node:assert/strict";
import { test } from "node:test";

import { Quiet } from "../src/audio/quiet.js";
import { randomNumbers } from "./random.js";

const dbfs = (level) => 10 ** (level / 20);

/** The answers to frames of one level that varies by a decibel either way. */
function hear(line, level, frames) {
  const next = randomNumbers(7);
  return Array.from({ length: frames }, () => line.hear(dbfs(level + 2 * next() - 1)));
}

for (const noise of [-120, -70, -50, -30]) {
  test(`a line with noise of ${noise} dBFS is quiet after a second, and not any more with the first louder frame`, () => {
    const line = new Quiet();
    assert.equal(hear(line, noise, 31).includes(true), false);
    assert.equal(hear(line, noise, 300).includes(false), false);
    assert.equal(line.hear(dbfs(Math.max(noise, -70) + 9)), false);
  });

  test(`beside noise of ${noise} dBFS the pauses within speech do not make it quiet, the one behind it does`, () => {
    const line = new Quiet();
    hear(line, noise, 100);
    for (let word = 0; word < 20; word++) {
      assert.equal(hear(line, -15, 10).includes(true), false);
      assert.equal(hear(line, noise, 15).includes(true), false);
    }
    const behind = hear(line, noise, 60);
    assert.equal(behind.indexOf(true), 16); // 31 soft frames, the pause behind the last word among them
  });
}

test("a line that begins amid speech is quiet after it", () => {
  const line = new Quiet();
  hear(line, -15, 20);
  assert.equal(hear(line, -60, 60).at(-1), true);
});

test("a fan that is switched on is the line's own noise after a while", () => {
  const line = new Quiet();
  hear(line, -60, 100);
  assert.equal(hear(line, -40, 31 * 10).includes(true), false);
  assert.equal(hear(line, -40, 31 * 10).at(-1), true);
});
