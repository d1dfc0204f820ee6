import assert from "node:assert/strict";
import { test } from "node:test";

import { QuietDetector } from "../../src/worklets/quiet-detector.js";
import { randomNumbers } from "../random.js";

const linear = (dbfs) => 10 ** (dbfs / 20);

/** The answers to frames of one level that varies by `spread` decibels either way. */
function hear(line, level, frames, spread = 1) {
  const next = randomNumbers(7);
  return Array.from({ length: frames }, () => line.update(linear(level + spread * (2 * next() - 1))));
}

for (const noise of [-69, -50, -30]) {
  test(`a line with noise of ${noise} dBFS is quiet after a second, and not any more with the first louder frame`, () => {
    const line = new QuietDetector();
    assert.equal(hear(line, noise, 31).includes(true), false);
    assert.equal(hear(line, noise, 300).includes(false), false);
    assert.equal(line.update(linear(noise + 8)), true);
    assert.equal(line.update(linear(noise + 12)), false);
  });

  test(`beside noise of ${noise} dBFS the pauses within speech do not make it quiet, the one behind it does`, () => {
    const line = new QuietDetector();
    hear(line, noise, 100);
    for (let word = 0; word < 20; word++) {
      assert.equal(hear(line, -10, 10, 6).includes(true), false);
      assert.equal(hear(line, noise, 15).includes(true), false);
    }
    const behind = hear(line, noise, 60);
    assert.equal(behind.indexOf(true), 16); // 31 soft frames before it, the pause behind the last word among them
  });
}

test("a minute of speech that hardly pauses does not make the line quiet", () => {
  const line = new QuietDetector();
  hear(line, -60, 100);
  for (let word = 0; word < 100; word++) {
    assert.equal(hear(line, -20, 16, 10).includes(true), false);
    assert.equal(hear(line, -45, 2).includes(true), false);
  }
});

test("a rumble whose frames differ is quiet, too", () => {
  const line = new QuietDetector();
  hear(line, -45, 100, 4);
  assert.equal(hear(line, -45, 1000, 4).includes(false), false);
});

test("whatever wanders about below −70 dBFS is quiet", () => {
  const line = new QuietDetector();
  hear(line, -90, 32, 19);
  assert.equal(hear(line, -90, 300, 19).includes(false), false);
});

test("digital silence is quiet, and leaves the noise floor as it was", () => {
  const line = new QuietDetector();
  assert.equal(line.update(0), false);
  const answers = Array.from({ length: 400 }, (_, index) => line.update(index % 100 === 99 ? 0 : linear(-40)));
  assert.equal(answers.indexOf(true), 30);
  assert.equal(answers.slice(30).includes(false), false);
  const silent = new QuietDetector();
  const silence = Array.from({ length: 40 }, () => silent.update(0));
  assert.equal(silence.indexOf(true), 31);
});

test("a line that begins amid speech is quiet after it", () => {
  const line = new QuietDetector();
  hear(line, -15, 20, 6);
  assert.equal(hear(line, -60, 60).at(-1), true);
});

test("a fan that is switched on is the line's own noise after some seconds", () => {
  const line = new QuietDetector();
  hear(line, -60, 100);
  assert.equal(hear(line, -40, 31 * 3).includes(true), false);
  assert.equal(hear(line, -40, 31 * 4).at(-1), true);
});
