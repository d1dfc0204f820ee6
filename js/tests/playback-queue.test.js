import assert from "node:assert/strict";
import { test } from "node:test";

import { PlaybackQueue } from "../src/audio/playback-queue.js";
import { randomNumbers } from "./random.js";

const QUANTUM = 128;

/**
 * Renders quanta and collects the reports.
 *
 * @param {PlaybackQueue} queue
 * @param {number} quanta
 */
function render(queue, quanta) {
  const output = new Float32Array(quanta * QUANTUM);
  const reports = [];
  for (let index = 0; index < quanta; index++) {
    const isDue = queue.pull(output.subarray(index * QUANTUM, (index + 1) * QUANTUM));
    if (isDue) reports.push({ epoch: queue.epoch, samples: queue.heardSamples, underruns: queue.underruns });
  }
  return { output, reports };
}

const tone = (length, start = 0) =>
  Int16Array.from({ length }, (_, index) => Math.round(12_000 * Math.sin((2 * Math.PI * 440 * (index + start)) / 16_000)));
const asFloats = (samples) => Array.from(samples, (sample) => Math.fround(sample / 32768));
const largestStep = (output) => output.reduce((step, value, index) => Math.max(step, Math.abs(value - (output[index - 1] ?? 0))), 0);
const TONE_STEP = largestStep(asFloats(tone(16_000)));

test("random chunk sizes are joined to the sample", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomNumbers(seed);
    const input = Int16Array.from({ length: 20_000 }, () => Math.floor(random() * 65536) - 32768);
    const queue = new PlaybackQueue();
    const output = [];
    for (let position = 0; position < input.length; ) {
      const end = Math.min(input.length, position + 1 + Math.floor(random() * 2500));
      queue.push(1, position, input.subarray(position, end));
      position = end;
      // Never dry before the end: render only what leaves something behind.
      while (queue.bufferedSamples > 1200 && random() < 0.8) output.push(...render(queue, 1).output);
    }
    output.push(...render(queue, 200).output);
    const start = output.findIndex((value) => value !== 0);
    const offset = start - input.findIndex((value) => value !== 0);
    assert.deepEqual(output.slice(offset, offset + input.length), asFloats(input), `seed ${seed}`);
    assert.equal(queue.heardSamples, input.length);
    assert.equal(queue.underruns, 0);
  }
});

test("playing starts at once when 200 ms are buffered", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, new Int16Array(3199).fill(1000));
  assert.ok(render(queue, 2).output.every((value) => value === 0));
  queue.push(1, 3199, new Int16Array(1).fill(1000));
  assert.equal(render(queue, 1).output[0], Math.fround(1000 / 32768));
});

test("with less, playing starts 40 ms after the first chunk", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, new Int16Array(200).fill(1000));
  const { output } = render(queue, 20);
  assert.equal(output.findIndex((value) => value !== 0), Math.ceil(640 / QUANTUM) * QUANTUM);
});

test("a flush ramps to zero within one quantum and drops what was buffered", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, tone(16_000));
  const before = render(queue, 30).output;
  queue.flush(2);
  const after = render(queue, 20).output;
  assert.notEqual(after[0], 0);
  assert.ok(after.subarray(QUANTUM).every((value) => value === 0));
  assert.ok(largestStep([...before, ...after]) <= TONE_STEP);
  assert.equal(queue.bufferedSamples, 0);
  assert.equal(queue.heardSamples, 0);
});

test("audio of an older epoch is thrown away, a newer one flushes", () => {
  const queue = new PlaybackQueue();
  queue.flush(5);
  queue.push(4, 0, tone(3200));
  assert.equal(queue.bufferedSamples, 0);
  queue.push(5, 0, tone(3200));
  queue.push(6, 0, tone(1600));
  assert.equal(queue.epoch, 6);
  assert.equal(queue.bufferedSamples, 1600);
  queue.flush(5);
  assert.equal(queue.bufferedSamples, 1600, "an old flush does nothing");
});

test("ranges that are here already are dropped, also in part", () => {
  const queue = new PlaybackQueue();
  const input = tone(4000);
  queue.push(1, 0, input.subarray(0, 2000));
  queue.push(1, 0, input.subarray(0, 2000));
  queue.push(1, 1500, input.subarray(1500, 3000));
  queue.push(1, 2999, input.subarray(2999));
  const { output } = render(queue, 40);
  assert.deepEqual(Array.from(output.subarray(0, 4000)), asFloats(input));
  assert.equal(queue.heardSamples, 4000);
});

test("heard samples are a position: what was lost on the way counts as passed", () => {
  const queue = new PlaybackQueue();
  queue.push(3, 1600, tone(1600));
  render(queue, 20);
  assert.equal(queue.heardSamples, 3200);
});

test("an underrun fades out and in without a click and is counted once", () => {
  const queue = new PlaybackQueue();
  // 1010 samples of 440 Hz end near the crest of the wave.
  queue.push(1, 0, tone(1010));
  const first = render(queue, 20).output;
  assert.ok(Math.abs(first[640 + 1009]) > 0.1, "the audio breaks off loudly");
  assert.ok(first.subarray(640 + 1010 + 80).every((value) => value === 0), "silent 5 ms later");
  queue.push(1, 1010, tone(3000, 1010));
  const second = render(queue, 40).output;
  assert.ok(largestStep([...first, ...second]) <= TONE_STEP);
  assert.equal(queue.underruns, 1);
  const faded = 80;
  const start = second.findIndex((value) => value !== 0) - 1;
  assert.deepEqual(
    Array.from(second.subarray(start + faded, start + 3000)),
    asFloats(tone(3000, 1010)).slice(faded),
    "sample-exact once faded in",
  );
});

test("the next answer in the same epoch is no underrun and is not faded", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, new Int16Array(1600).fill(5000));
  render(queue, 200);
  queue.push(1, 1600, new Int16Array(1600).fill(5000));
  const { output } = render(queue, 7);
  assert.equal(queue.underruns, 0);
  assert.equal(output[640], Math.fround(5000 / 32768));
});

test("heard is reported at the first sample, every 100 ms and when the queue runs dry", () => {
  const queue = new PlaybackQueue();
  queue.push(7, 0, tone(5000));
  const { reports } = render(queue, 60);
  assert.deepEqual(reports, [
    { epoch: 7, samples: 128, underruns: 0 },
    { epoch: 7, samples: 128 + 13 * 128, underruns: 0 },
    { epoch: 7, samples: 128 + 26 * 128, underruns: 0 },
    { epoch: 7, samples: 5000, underruns: 0 },
  ]);
  queue.flush(8);
  queue.push(8, 0, tone(3200));
  assert.deepEqual(render(queue, 1).reports, [{ epoch: 8, samples: 128, underruns: 0 }]);
});

test("clear falls silent in the same epoch, which can go on", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, tone(8000));
  render(queue, 10);
  queue.clear();
  assert.ok(render(queue, 2).output.subarray(QUANTUM).every((value) => value === 0));
  queue.push(1, 8000, tone(1600));
  render(queue, 40);
  assert.equal(queue.heardSamples, 9600);
});

test("what was cut off unheard may come again in the same epoch: another page played on, and this one goes on behind it", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, tone(8000));
  render(queue, 10);
  queue.flush(1);
  const heard = queue.heardSamples;
  render(queue, 10);
  assert.equal(queue.heardSamples, heard);
  queue.push(1, 6001, tone(4000, 6001));
  const { output } = render(queue, 100);
  const start = output.findIndex((value) => value !== 0);
  assert.deepEqual(Array.from(output.slice(start, start + 4000)), asFloats(tone(4000, 6001)));
  assert.equal(queue.heardSamples, 10_001);
  assert.equal(queue.underruns, 0);
});
