import assert from "node:assert/strict";
import { test } from "node:test";

import { FRAME_SAMPLES, frameSamplesAt, Framer, toInt16 } from "../../src/worklets/framing.js";
import { randomNumbers } from "../random.js";

/** @param {{isMuted?: boolean, samples: Float32Array}[]} quanta */
function frame(quanta) {
  const frames = [];
  const framer = new Framer((samples, position) => frames.push({ samples: samples.slice(), position }));
  for (const { samples, isMuted = false } of quanta) framer.push(samples, isMuted);
  return { frames, framer };
}

test("int16 is scaled by 32768, rounded and clamped", () => {
  assert.deepEqual(
    [0, 1 / 32768, -1 / 32768, 0.5, 1, -1, 2, -2, 0.4 / 32768, 0.6 / 32768].map(toInt16).map((value) => value + 0),
    [0, 1, -1, 16384, 32767, -32768, 32767, -32768, 0, 1],
  );
});

test("every int16 survives the way through float", () => {
  for (let value = -32768; value <= 32767; value++) assert.equal(toInt16(Math.fround(value / 32768)) + 0, value);
});

test("frames of 512 samples hold what went in, whatever the size of the quanta", () => {
  const random = randomNumbers(1);
  const input = Float32Array.from({ length: 10_000 }, () => Math.round((random() * 2 - 1) * 32767) / 32768);
  const quanta = [];
  for (let start = 0; start < input.length; ) {
    const end = start + 1 + Math.floor(random() * 700);
    quanta.push({ samples: input.subarray(start, end) });
    start = end;
  }
  const { frames, framer } = frame(quanta);
  assert.equal(frames.length, Math.floor(input.length / FRAME_SAMPLES));
  frames.forEach(({ samples, position }, index) => {
    assert.equal(position, index * FRAME_SAMPLES);
    assert.deepEqual(Array.from(samples), Array.from(input.subarray(position, position + FRAME_SAMPLES), (x) => x * 32768));
  });
  assert.equal(framer.position, input.length);
});

test("a mute discards the partial frame and still counts what it drops", () => {
  const quantum = (value) => new Float32Array(128).fill(value / 32768);
  const { frames } = frame([
    { samples: quantum(1) },
    { samples: quantum(1) },
    { samples: quantum(2), isMuted: true },
    { samples: quantum(3) },
    { samples: quantum(3) },
    { samples: quantum(3) },
    { samples: quantum(3) },
  ]);
  assert.equal(frames.length, 1);
  assert.equal(frames[0].position, 3 * 128);
  assert.ok(frames[0].samples.every((sample) => sample === 3));
});

test("a frame lasts 32 ms at any rate", () => {
  assert.deepEqual([16_000, 44_100, 48_000, 96_000].map(frameSamplesAt), [FRAME_SAMPLES, 1411, 1536, 3072]);
});

for (const rate of [44_100, 48_000]) {
  test(`at ${rate} Hz frames of quanta of 128 samples lose none, and are numbered by the device's samples`, () => {
    const frames = [];
    const size = frameSamplesAt(rate);
    const framer = new Framer((samples, position) => frames.push({ samples: samples.slice(), position }), size);
    const sampleAt = (position) => ((position * 7919) % 65_536) - 32_768;
    const quanta = Math.ceil(rate / 128);
    for (let quantum = 0; quantum < quanta; quantum++) {
      framer.push(Float32Array.from({ length: 128 }, (_, index) => sampleAt(quantum * 128 + index) / 32_768), false);
    }
    assert.equal(frames.length, Math.floor((quanta * 128) / size));
    frames.forEach(({ samples, position }, number) => {
      assert.equal(position, number * size);
      assert.deepEqual(Array.from(samples), Array.from({ length: size }, (_, index) => sampleAt(position + index)));
    });
  });
}
