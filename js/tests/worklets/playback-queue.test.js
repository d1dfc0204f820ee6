import assert from "node:assert/strict";
import { test } from "node:test";

import { PlaybackQueue } from "../../src/worklets/playback-queue.js";
import { randomNumbers } from "../random.js";

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

/** A queue that does not wait for more than it has. */
const startsAtOnce = () => new PlaybackQueue({ startThreshold: 0 });

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

test("playing starts at once when 600 ms are buffered", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, new Int16Array(9599).fill(1000));
  assert.ok(render(queue, 2).output.every((value) => value === 0));
  queue.push(1, 9599, new Int16Array(1).fill(1000));
  assert.equal(render(queue, 1).output[0], Math.fround(1000 / 32768));
});

test("with less, playing starts when its delay is over", () => {
  const queue = new PlaybackQueue();
  queue.push(1, 0, new Int16Array(QUANTUM).fill(1000));
  const { output } = render(queue, 40);
  assert.equal(output.findIndex((value) => value !== 0), 1024);
});

test("a flush ramps to zero in the first 80 samples of the next quantum and drops what was buffered", () => {
  const queue = startsAtOnce();
  queue.push(1, 0, tone(16_000));
  const before = render(queue, 30).output;
  queue.flush(2);
  const after = render(queue, 20).output;
  assert.notEqual(after[78], 0);
  assert.ok(after.subarray(79).every((value) => value === 0));
  assert.ok(largestStep([...before, ...after]) <= TONE_STEP);
  assert.equal(queue.bufferedSamples, 0);
  assert.equal(queue.heardSamples, 0);
});

test("whatever was buffered and however it came, a flush leaves 79 samples at most, and none of them loud", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomNumbers(seed);
    const queue = startsAtOnce();
    const samples = Math.floor(random() * 20_000);
    queue.push(1, 0, new Int16Array(samples).fill(16_384));
    render(queue, Math.floor(random() * 150));
    queue.flush(2);
    const after = render(queue, 5).output;
    assert.ok(after.every((value, index) => value >= 0 && value <= 0.5 * (1 - (index + 1) / 80) + 1e-6 || value === 0), `seed ${seed}`);
    assert.ok(after.subarray(79).every((value) => value === 0), `seed ${seed}`);
  }
});

test("audio of an older epoch is thrown away, a newer one flushes", () => {
  const queue = startsAtOnce();
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
  const queue = startsAtOnce();
  const input = tone(4000);
  queue.push(1, 0, input.subarray(0, 2000));
  queue.push(1, 0, input.subarray(0, 2000));
  queue.push(1, 1500, input.subarray(1500, 3000));
  queue.push(1, 2999, input.subarray(2999));
  const { output } = render(queue, 40);
  assert.deepEqual(Array.from(output.subarray(0, 4000)), asFloats(input));
  assert.equal(queue.heardSamples, 4000);
});

test("however chunks are cut, repeated and replayed, what is played is the stream, each sample once", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = randomNumbers(seed);
    const upTo = (limit) => Math.floor(random() * limit);
    // The samples of a stream are their positions, so a repetition or a loss shows.
    const stream = Int16Array.from({ length: 20_000 }, (_, index) => index + 1);
    const queue = startsAtOnce();
    queue.flush(7);
    const output = [];
    for (let end = 0; end < stream.length; ) {
      const start = Math.max(0, end - upTo(2) * upTo(4000));
      end = Math.max(end, Math.min(stream.length, start + 1 + upTo(3000)));
      queue.push(7, start, stream.subarray(start, end));
      if (random() < 0.3) queue.push(7, 0, stream.subarray(0, upTo(end))); // the page came back: all of it again
      if (random() < 0.3) queue.push(6, end, stream.subarray(0, 500));
      if (random() < 0.1) queue.flush(upTo(7));
      while (queue.bufferedSamples > 1500 && random() < 0.8) output.push(...render(queue, 1).output);
    }
    output.push(...render(queue, 200).output);
    const heard = output.filter((value) => value !== 0).map((value) => value * 32768);
    assert.deepEqual(heard.slice(0, stream.length), Array.from(stream), `seed ${seed}`);
    assert.ok(heard.length < stream.length + 80, "nothing but the ramp at the end");
    assert.equal(queue.heardSamples, stream.length);
    assert.equal(queue.underruns, 0);
  }
});

test("a chunk that was overtaken is lost: nothing is played twice, nor out of order", () => {
  const queue = startsAtOnce();
  const stream = Int16Array.from({ length: 6000 }, (_, index) => index + 1);
  queue.push(1, 0, stream.subarray(0, 2000));
  queue.push(1, 4000, stream.subarray(4000));
  queue.push(1, 2000, stream.subarray(2000, 4000));
  const heard = Array.from(render(queue, 50).output, (value) => value * 32768).filter((value) => value !== 0);
  assert.deepEqual(heard.slice(0, 4000), [...stream.subarray(0, 2000), ...stream.subarray(4000)]);
  assert.equal(queue.heardSamples, 6000);
});

test("heard samples are a position: what was lost on the way counts as passed", () => {
  const queue = startsAtOnce();
  queue.push(3, 1600, tone(1600));
  render(queue, 20);
  assert.equal(queue.heardSamples, 3200);
});

test("an underrun fades out and in without a click and is counted once", () => {
  const queue = startsAtOnce();
  // 1010 samples of 440 Hz end near the crest of the wave.
  queue.push(1, 0, tone(1010));
  const first = render(queue, 20).output;
  assert.ok(Math.abs(first[1009]) > 0.1, "the audio breaks off loudly");
  assert.ok(first.subarray(1010 + 80).every((value) => value === 0), "silent 5 ms later");
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

test("an answer that stalls so long that it goes on in a new epoch was interrupted all the same", () => {
  const queue = startsAtOnce();
  queue.push(1, 0, tone(1010));
  const first = render(queue, 40).output;
  queue.flush(2); // what the player says before the first chunk of an epoch
  queue.push(2, 0, tone(3000, 1010));
  const second = render(queue, 40).output;
  assert.ok(largestStep([...first, ...second]) <= TONE_STEP, "faded in");
  assert.equal(queue.underruns, 1);
});

test("an answer more than a second after another is a new one: no underrun, not faded", () => {
  const queue = startsAtOnce();
  queue.push(1, 0, tone(1600));
  render(queue, 150);
  queue.flush(2);
  queue.push(2, 0, new Int16Array(3200).fill(5000));
  assert.equal(render(queue, 1).output[0], Math.fround(5000 / 32768));
  assert.equal(queue.underruns, 0);
});

test("the answer after a barge-in is no underrun, however soon it comes", () => {
  const queue = startsAtOnce();
  queue.push(1, 0, tone(8000));
  render(queue, 10);
  queue.flush(2);
  render(queue, 10);
  queue.push(2, 0, new Int16Array(3200).fill(5000));
  assert.equal(render(queue, 1).output[0], Math.fround(5000 / 32768));
  assert.equal(queue.underruns, 0);
});

test("within an epoch audio that goes on was interrupted, however long the pause was", () => {
  const queue = startsAtOnce();
  queue.push(1, 0, new Int16Array(1600).fill(5000));
  render(queue, 500);
  queue.push(1, 1600, new Int16Array(3200).fill(5000));
  const { output } = render(queue, 7);
  assert.equal(queue.underruns, 1);
  assert.equal(output[0], 0, "faded in");
  assert.equal(output[80], Math.fround(5000 / 32768));
});

test("heard is reported at the first sample, every 200 ms and when the queue runs dry", () => {
  const queue = startsAtOnce();
  queue.push(7, 0, tone(5000));
  const { reports } = render(queue, 60);
  assert.deepEqual(reports, [
    { epoch: 7, samples: 128, underruns: 0 },
    { epoch: 7, samples: 128 + 25 * 128, underruns: 0 },
    { epoch: 7, samples: 5000, underruns: 0 },
  ]);
  render(queue, 130);
  queue.flush(8);
  queue.push(8, 0, tone(3200));
  assert.deepEqual(render(queue, 1).reports, [{ epoch: 8, samples: 128, underruns: 0 }]);
});

test("clear falls silent in the same epoch, which can go on", () => {
  const queue = startsAtOnce();
  queue.push(1, 0, tone(8000));
  render(queue, 10);
  queue.clear();
  assert.ok(render(queue, 2).output.subarray(QUANTUM).every((value) => value === 0));
  queue.push(1, 8000, tone(1600));
  render(queue, 40);
  assert.equal(queue.heardSamples, 9600);
});

test("what was cut off unheard may come again in the same epoch: another page played on, and this one goes on behind it", () => {
  const queue = startsAtOnce();
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

test("what held the samples is given back once: played, cut off, here already or too late", () => {
  const queue = startsAtOnce();
  const [first, second, partly, again, late] = [tone(3200), tone(3200, 3200), tone(3200, 4000), tone(3200), tone(100)];
  const isSpent = (...chunks) => {
    const spent = queue.removeSpent();
    return spent.length === chunks.length && chunks.every(({ buffer }, index) => buffer === spent[index]);
  };
  queue.push(2, 0, first);
  queue.push(2, 3200, second);
  queue.push(2, 4000, partly);
  assert.ok(isSpent());
  render(queue, 25);
  assert.ok(isSpent(first));
  queue.push(2, 0, again);
  queue.push(1, 0, late);
  assert.ok(isSpent(again, late));
  queue.flush(3);
  assert.ok(isSpent(second, partly));
  assert.ok(isSpent());
});
