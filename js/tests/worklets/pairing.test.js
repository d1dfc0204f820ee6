import assert from "node:assert/strict";
import { test } from "node:test";

import { Pairing } from "../../src/worklets/pairing.js";

const FRAME = 512;
/** After so many soft frames a line is quiet. */
const PAUSE = 31;

/** A line on which a frame sounds like its number, softly or loudly, and what comes out of it. */
function setUp() {
  /** @type {any} */
  const line = { out: [], frame: 0 };
  line.pairing = new Pairing(
    (samples, position, rms) => line.out.push({ samples: samples.slice(), position, rms }),
    FRAME,
  );
  line.hear = (frames, { isLoud = false } = {}) => {
    for (let count = 0; count < frames; count++, line.frame++) {
      const frame = new Int16Array(FRAME).fill(isLoud ? 8000 : 3);
      frame[0] = line.frame;
      line.pairing.push(frame, line.frame * FRAME);
      frame.fill(-1); // it is used again
    }
  };
  /** Of each piece, the numbers of its frames. */
  line.frames = () =>
    line.out.map(({ samples }) => Array.from({ length: samples.length / FRAME }, (_, index) => samples[index * FRAME]));
  return line;
}

test("while the line is quiet, frames come in twos, each at its place", () => {
  const line = setUp();
  line.hear(PAUSE + 5);
  assert.deepEqual(line.frames().slice(0, PAUSE), Array.from({ length: PAUSE }, (_, frame) => [frame]));
  assert.deepEqual(line.frames().slice(PAUSE), [[31, 32], [33, 34]]);
  assert.ok(line.out.every(({ samples, position }) => position === samples[0] * FRAME));
});

test("the first loud frame goes at once, with the one that waited, and those after it alone", () => {
  const line = setUp();
  line.hear(PAUSE + 5);
  line.hear(3, { isLoud: true });
  assert.deepEqual(line.frames().slice(-3), [[35, 36], [37], [38]]);
  const [both, alone] = line.out.slice(-3).map(({ rms }) => rms);
  assert.ok(Math.abs(both - alone) < 0.001, "the level is that of the louder one");
});

test("a loud frame that none waits for goes alone", () => {
  const line = setUp();
  line.hear(PAUSE + 4);
  line.hear(1, { isLoud: true });
  assert.deepEqual(line.frames().slice(-2), [[33, 34], [35]]);
});

test("what waits when the microphone is muted is not heard", () => {
  const line = setUp();
  line.hear(PAUSE + 1);
  line.pairing.discard();
  line.frame += 10;
  line.hear(2);
  assert.deepEqual(line.frames().slice(-2), [[30], [42, 43]]);
});

test("at another rate the two lie behind each other as well", () => {
  const out = [];
  const pairing = new Pairing((samples, position) => out.push([samples.length, samples[1411], position]), 1411);
  for (let frame = 0; frame < PAUSE + 2; frame++) pairing.push(new Int16Array(1411).fill(1 + frame), frame * 1411);
  assert.deepEqual(out.at(-1), [2822, 2 + PAUSE, PAUSE * 1411]);
});
