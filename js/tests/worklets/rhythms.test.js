import assert from "node:assert/strict";
import { test } from "node:test";

import { PlaybackQueue } from "../../src/worklets/playback-queue.js";
import { randomNumbers } from "../random.js";

const QUANTUM = 128;
const MS = 16;

/**
 * One answer as it comes to the page. Its samples are their positions, from 1 on: a silence is a gap.
 *
 * @typedef {{atMs: number, position: number, samples: Int16Array<ArrayBuffer>}[]} Arrivals
 *
 * @param {object} rhythm
 * @param {number} rhythm.chunkMs
 * @param {number} [rhythm.totalMs]
 * @param {number} [rhythm.speed] how much faster than time the server makes it
 * @param {(index: number) => number} [rhythm.lateMs] of each chunk on its way; none overtakes another
 * @param {(index: number) => number} [rhythm.pauseMs] the server's own, before a chunk
 * @param {number} [rhythm.pieceMs] each chunk comes in pieces of this size
 * @param {number} [rhythm.apartMs] by which the pieces of a chunk follow one another
 * @returns {Arrivals}
 */
function paced({ chunkMs, totalMs = 2000, speed = 1, lateMs = () => 0, pauseMs = () => 0, pieceMs = chunkMs, apartMs = 0 }) {
  const stream = Int16Array.from({ length: totalMs * MS }, (_, index) => (index % 30_000) + 1);
  const arrivals = [];
  let sentMs = 0;
  let atMs = 0;
  for (let index = 0; index * chunkMs < totalMs; index++) {
    sentMs += pauseMs(index);
    atMs = Math.max(atMs, sentMs + lateMs(index));
    for (let offsetMs = 0; offsetMs < chunkMs; offsetMs += pieceMs) {
      const position = (index * chunkMs + offsetMs) * MS;
      const pieceAtMs = atMs + (offsetMs / pieceMs) * apartMs;
      arrivals.push({ atMs: pieceAtMs, position, samples: stream.slice(position, position + Math.min(pieceMs, chunkMs - offsetMs) * MS) });
    }
    sentMs += chunkMs / speed;
  }
  return arrivals;
}

/**
 * Plays one answer in virtual time, and goes on for more than a second.
 *
 * @param {PlaybackQueue} queue
 * @param {number} epoch
 * @param {Arrivals} arrivals
 */
function play(queue, epoch, arrivals) {
  const waiting = [...arrivals];
  const heard = [];
  const quantum = new Float32Array(QUANTUM);
  queue.flush(epoch);
  const firstMs = arrivals[0].atMs;
  let silentMs = 0;
  for (let ms = 0; silentMs < 1200; ms += QUANTUM / MS) {
    while (waiting[0] !== undefined && waiting[0].atMs <= ms) {
      const [{ position, samples }] = waiting.splice(0, 1);
      queue.push(epoch, position, samples);
    }
    queue.pull(quantum);
    for (const value of quantum) heard.push(Math.round(value * 32768));
    silentMs = waiting.length === 0 && queue.bufferedSamples === 0 ? silentMs + QUANTUM / MS : 0;
  }
  const start = heard.findIndex((value) => value !== 0);
  return { heard: heard.slice(start), firstSampleMs: start / MS - firstMs, gapsMs: gapsOf(heard.slice(start)) };
}

/** Silences of 1 ms and more between the first sample and the last. */
function gapsOf(heard) {
  const gaps = [];
  let silent = 0;
  for (const value of heard) {
    if (value !== 0) {
      if (silent > MS) gaps.push(Math.round(silent / MS));
      silent = 0;
    } else silent++;
  }
  return gaps;
}

const jitter = (seed, mostMs) => {
  const random = randomNumbers(seed);
  return () => random() * mostMs;
};

const CHUNKS_MS = [10, 20, 40, 60, 100, 200, 500];
const JITTERS_MS = [0, 20, 60];

for (const chunkMs of CHUNKS_MS) {
  test(`chunks of ${chunkMs} ms, up to 60 ms late: not one gap, every sample once and in order, from the first answer on`, () => {
    for (const mostMs of JITTERS_MS) {
      for (let seed = 1; seed <= 2; seed++) {
        const queue = new PlaybackQueue();
        for (let epoch = 1; epoch <= 5; epoch++) {
          const arrivals = paced({ chunkMs, totalMs: Math.max(2000, 8 * chunkMs), lateMs: jitter(100 * seed + epoch, mostMs) });
          const { heard, gapsMs, firstSampleMs } = play(queue, epoch, arrivals);
          const which = `jitter ${mostMs} ms, seed ${seed}, answer ${epoch}`;
          assert.deepEqual(gapsMs, [], which);
          assert.equal(queue.underruns, 0, which);
          assert.ok(firstSampleMs <= 1.25 * 64 + 16, `${which}: ${firstSampleMs} ms`);
          const stream = arrivals.flatMap(({ samples }) => [...samples]);
          assert.deepEqual(heard.slice(0, stream.length), stream, which);
        }
      }
    }
  });
}

for (const [chunkMs, pieceMs, apartMs] of [
  [200, 100, 0],
  [200, 100, 45],
  [500, 100, 3],
  [200, 20, 0],
  [500, 100, 20],
]) {
  test(`chunks of ${chunkMs} ms that come in pieces of ${pieceMs} ms, ${apartMs} ms apart, are chunks of ${chunkMs} ms`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      const queue = new PlaybackQueue();
      for (let epoch = 1; epoch <= 5; epoch++) {
        const { gapsMs } = play(queue, epoch, paced({ chunkMs, pieceMs, apartMs, totalMs: 10 * chunkMs, lateMs: jitter(100 * seed + epoch, 60) }));
        assert.deepEqual(gapsMs, [], `seed ${seed}, answer ${epoch}`);
      }
      for (let epoch = 6; epoch <= 20; epoch++) play(queue, epoch, paced({ chunkMs, pieceMs, apartMs, totalMs: 20 * chunkMs }));
      const { firstSampleMs } = play(queue, 21, paced({ chunkMs, pieceMs, apartMs }));
      assert.ok(firstSampleMs <= 16, `on a prompt line: ${firstSampleMs} ms`);
    }
  });
}

/**
 * Plays answers of one rhythm, one after the other.
 *
 * @param {Parameters<typeof paced>[0]} rhythm
 * @param {number} [answers]
 */
function playSeveral(rhythm, answers = 8) {
  const queue = new PlaybackQueue();
  return Array.from({ length: answers }, (_, index) => play(queue, index + 1, paced(rhythm)));
}

for (const chunkMs of CHUNKS_MS) {
  test(`on a line that is never late, chunks of ${chunkMs} ms are soon played two quanta after they come at the latest`, () => {
    const answers = playSeveral({ chunkMs, totalMs: Math.max(2000, 20 * chunkMs) });
    assert.equal(answers[0].firstSampleMs, 64);
    assert.ok(answers[7].firstSampleMs <= 16, `${answers[7].firstSampleMs} ms`);
  });
}

test("the delay follows the line: what a late one has taught, a prompt one takes back in a dozen answers", () => {
  const queue = new PlaybackQueue();
  const late = jitter(7, 60);
  const answer = (epoch, lateMs) => play(queue, epoch, paced({ chunkMs: 100, lateMs })).firstSampleMs;
  const onLateLine = [1, 2, 3, 4, 5, 6].map((epoch) => answer(epoch, late));
  assert.ok(onLateLine[5] >= 40, `${onLateLine}`);
  const onPromptLine = Array.from({ length: 12 }, (_, index) => answer(7 + index, () => 0));
  assert.ok(onPromptLine[11] <= 16, `${onPromptLine}`);
});

for (const everyMs of [6000, 13_000]) {
  for (const chunkMs of CHUNKS_MS) {
    test(`a line that stalls by 40 ms every ${everyMs / 1000} s costs chunks of ${chunkMs} ms one gap at most`, () => {
      const queue = new PlaybackQueue();
      const stalls = Math.round(everyMs / chunkMs);
      let chunks = -10;
      let gaps = 0;
      for (let epoch = 1; epoch <= 40; epoch++) {
        const lateMs = () => (++chunks % stalls === 0 ? 40 : 0);
        gaps += play(queue, epoch, paced({ chunkMs, lateMs })).gapsMs.length;
      }
      assert.ok(gaps <= 1, `${gaps} gaps in 40 answers`);
    });
  }
}

test("the delay falls by half at most from one stretch of two seconds to the next", () => {
  const firsts = playSeveral({ chunkMs: 20, totalMs: 2200 }, 5).map(({ firstSampleMs }) => firstSampleMs);
  assert.deepEqual(firsts, [64, 32, 16, 16, 16]);
});

test("an answer waits two fifths longer than those before it needed, and a quantum at least", () => {
  const firstMs = (late) => playSeveral({ chunkMs: 64, lateMs: (index) => (index % 2 === 0 ? 0 : late) }, 10)[9].firstSampleMs;
  assert.deepEqual([0, 16, 24, 40, 56].map(firstMs), [8, 24, 32, 56, 80]);
});

test("what one gap has taught holds for several answers, and not for ever", () => {
  for (const chunkMs of [20, 100, 500]) {
    const queue = new PlaybackQueue();
    let epoch = 0;
    const prompt = () => play(queue, ++epoch, paced({ chunkMs, totalMs: 4000 })).firstSampleMs;
    for (let answer = 0; answer < 12; answer++) prompt();
    const stalled = play(queue, ++epoch, paced({ chunkMs, totalMs: 4000, lateMs: (index) => (index === 3 ? 60 : 0) }));
    assert.equal(stalled.gapsMs.length, 1);
    const after = Array.from({ length: 12 }, prompt);
    assert.ok(Math.min(...after.slice(0, 3)) >= 72, `chunks of ${chunkMs} ms: ${after}`);
    assert.ok(after[11] <= 16, `chunks of ${chunkMs} ms: ${after}`);
  }
});

for (const chunkMs of CHUNKS_MS) {
  test(`a server that was once slower than time does not make chunks of ${chunkMs} ms wait for ever`, () => {
    const queue = new PlaybackQueue();
    assert.ok(play(queue, 1, paced({ chunkMs, totalMs: 4000, speed: 0.85 })).gapsMs.length > 0);
    const firsts = Array.from({ length: 12 }, (_, index) => play(queue, 2 + index, paced({ chunkMs, totalMs: 4000 })).firstSampleMs);
    assert.ok(firsts[11] <= 16, `${firsts}`);
  });
}

test("neither does a stall where the server is faster than time", () => {
  for (const [pieceMs, speed] of [[20, 1.6], [60, 1.6], [20, 2], [60, 2]]) {
    const queue = new PlaybackQueue();
    const rhythm = { chunkMs: pieceMs, speed, totalMs: 3000 };
    for (let epoch = 1; epoch <= 12; epoch++) play(queue, epoch, paced(rhythm));
    play(queue, 13, paced({ ...rhythm, lateMs: (index) => (index === 1 ? 150 : 0) }));
    const firsts = Array.from({ length: 60 }, (_, index) => play(queue, 14 + index, paced(rhythm)).firstSampleMs);
    assert.ok(firsts[59] <= 88, `pieces of ${pieceMs} ms at ${speed} times the speed: ${firsts}`);
  }
});

test("a server that is half a second ahead, and irregular, says nothing of the line", () => {
  const queue = new PlaybackQueue();
  const random = randomNumbers(5);
  for (let epoch = 1; epoch <= 12; epoch++) {
    const arrivals = paced({ chunkMs: 100, totalMs: 4000 });
    play(queue, epoch, arrivals.map((arrival, index) => ({ ...arrival, atMs: Math.max(0, 100 * index - 500 + 95 * random()) })));
  }
  assert.equal(play(queue, 13, paced({ chunkMs: 100 })).firstSampleMs, 64);
});

test("a pause of the server's that a long delay has bridged is not taken for lateness", () => {
  const queue = new PlaybackQueue();
  let epoch = 0;
  const answer = (rhythm) => play(queue, ++epoch, paced({ chunkMs: 100, ...rhythm }));
  answer({ lateMs: (index) => (index === 3 ? 90 : 0) });
  const delayMs = answer({}).firstSampleMs;
  assert.ok(delayMs > 112, `${delayMs} ms`);
  assert.deepEqual(answer({ pauseMs: (index) => (index === 5 ? 110 : 0), totalMs: 4000 }).gapsMs, []);
  assert.ok(answer({}).firstSampleMs <= delayMs);
});

test("the wait counts from the chunk that came earliest for its place in the answer", () => {
  const lateMs = (index) => (index === 0 ? 40 : 0);
  const { firstSampleMs, gapsMs } = play(new PlaybackQueue(), 1, paced({ chunkMs: 20, lateMs }));
  assert.ok(firstSampleMs <= 64 - 40 + 8, `${firstSampleMs} ms`);
  assert.deepEqual(gapsMs, []);
});

test("a prompt chunk that comes 60 ms behind a late one of 100 ms is a chunk, and no piece of that", () => {
  const queue = new PlaybackQueue();
  for (let epoch = 1; epoch <= 12; epoch++) play(queue, epoch, paced({ chunkMs: 100, lateMs: (index) => (index % 2 === 0 ? 40 : 0) }));
  assert.deepEqual(play(queue, 13, paced({ chunkMs: 100, lateMs: (index) => (index % 2 === 0 ? 0 : 40) })).gapsMs, []);
});

for (const chunkMs of CHUNKS_MS) {
  test(`a prompt line that begins to be late, by 60 ms at most, costs chunks of ${chunkMs} ms one gap, and no second one`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      const queue = new PlaybackQueue();
      let epoch = 0;
      const gapsOf = (lateMs) => play(queue, ++epoch, paced({ chunkMs, lateMs })).gapsMs.length;
      for (let answer = 0; answer < 8; answer++) assert.equal(gapsOf(() => 0), 0);
      const gaps = Array.from({ length: 8 }, () => gapsOf(jitter(10 * seed + epoch, 60)));
      const sum = gaps.reduce((all, few) => all + few, 0);
      assert.ok(sum <= 1, `seed ${seed}: ${gaps}`);
    }
  });
}

test("small chunks and large ones are learned apart", () => {
  const queue = new PlaybackQueue();
  const answers = [100, 100, 100, 100, 20].map((chunkMs, index) => play(queue, index + 1, paced({ chunkMs })).firstSampleMs);
  assert.ok(answers[3] <= 16);
  assert.equal(answers[4], 64, "nothing is known of small ones yet");
});

test("a burst of 600 ms is played at once, and so are chunks that come faster than time", () => {
  const whole = play(new PlaybackQueue(), 1, paced({ chunkMs: 2000 }));
  assert.equal(whole.firstSampleMs, 0);
  for (const chunkMs of [10, 20, 100, 500]) {
    const [burst] = playSeveral({ chunkMs, speed: Infinity }, 1);
    assert.equal(burst.firstSampleMs, 0, `chunks of ${chunkMs} ms in one burst`);
    const [double] = playSeveral({ chunkMs, speed: 2, lateMs: jitter(3, 60) }, 1);
    assert.ok(double.firstSampleMs <= 64 + 8, `${double.firstSampleMs}`);
    assert.deepEqual(double.gapsMs, [], `chunks of ${chunkMs} ms at twice the speed`);
  }
});

test("bursts say nothing of the line: a paced answer after them waits as long as ever", () => {
  const queue = new PlaybackQueue();
  for (let epoch = 1; epoch <= 5; epoch++) play(queue, epoch, paced({ chunkMs: 100, speed: Infinity, totalMs: 3000 }));
  assert.equal(play(queue, 6, paced({ chunkMs: 100 })).firstSampleMs, 64);
});

test("sentences in bursts, and pauses between them: the only gaps are the server's own, and no longer", () => {
  for (const pause of [300, 800]) {
    // Sentences of 600 ms, each in one burst of 20 ms chunks: the next is sent some time after the last was over.
    const pauseMs = (index) => (index % 30 === 0 && index > 0 ? 600 + pause : 0);
    const { gapsMs } = play(new PlaybackQueue(), 1, paced({ chunkMs: 20, totalMs: 2400, speed: Infinity, pauseMs }));
    assert.equal(gapsMs.length, 3);
    for (const gapMs of gapsMs) assert.ok(Math.abs(gapMs - pause) <= 64 + 8, `${gapMs} of ${pause} ms`);
  }
});

test("a paced answer with the server's own pauses goes on behind each of them without a gap", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const pauseMs = (index) => (index === 10 || index === 14 ? 400 : 0);
    const arrivals = paced({ chunkMs: 60, lateMs: jitter(seed, 60), pauseMs });
    const { gapsMs } = play(new PlaybackQueue(), 1, arrivals);
    assert.equal(gapsMs.length, 2, `seed ${seed}: ${gapsMs}`);
  }
});

test("an underrun is not repeated: neither in the same answer nor in the next one", () => {
  const queue = new PlaybackQueue();
  const lateMs = (index) => (index % 5 === 3 ? 90 : 0);
  const answers = [1, 2, 3].map((epoch) => play(queue, epoch, paced({ chunkMs: 40, lateMs })).gapsMs.length);
  assert.deepEqual(answers, [1, 0, 0]);
});

test("whatever the rhythm, each sample is played once and in order", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = randomNumbers(seed);
    const queue = new PlaybackQueue();
    for (let epoch = 1; epoch <= 3; epoch++) {
      const rhythm = {
        chunkMs: 5 + Math.floor(random() * 300),
        totalMs: 1500,
        speed: 0.7 + 2 * random(),
        lateMs: () => (random() < 0.2 ? 200 : 60) * random(),
        pauseMs: () => (random() < 0.05 ? 500 * random() : 0),
      };
      const { heard } = play(queue, epoch, paced(rhythm));
      // What begins behind a gap, or breaks off before one, is faded: only its order is compared.
      const stream = heard.filter((value) => value !== 0);
      assert.equal(queue.heardSamples, 1500 * 16, `seed ${seed}`);
      assert.ok(stream.length >= 1500 * 16 - 3 * 80 * (queue.underruns + 1), `seed ${seed}: ${stream.length}`);
    }
  }
});
