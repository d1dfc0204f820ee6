import assert from "node:assert/strict";
import { test } from "node:test";

import { Uplink } from "../../src/microphone/uplink.js";

const FRAME = 512;

/** The acknowledgement of messages that are all as late. */
const ack = (request, seq, lagMs) => ({ request, seq, leastLagMs: lagMs, lagMs });

/** An uplink with a clock that stands still, and what comes out of it. */
function setUp() {
  /** @type {any} */
  const up = { nowMs: 0, sent: [], holds: [], position: 0 };
  up.link = new Uplink({
    send: (message) => up.sent.push(message),
    now: () => up.nowMs,
    onChange: () => {
      if (up.link.isOnHold !== (up.holds.at(-1) ?? false)) up.holds.push(up.link.isOnHold);
    },
  });
  /** Captures frames in real time, in pieces of one or two, acknowledged as they are sent unless the kernel is away. */
  up.speak = (frames, { isHeard = true, lagMs = 5, inTwos = false } = {}) => {
    const size = inTwos ? 2 : 1;
    for (let count = 0; count < frames; count += size) {
      up.nowMs += 32 * size;
      const samples = Int16Array.from({ length: size * FRAME }, (_, index) => Math.floor((up.position + index) / FRAME));
      up.link.push(up.position, samples);
      up.position += samples.length;
      if (isHeard && up.sent.length > 0) up.link.acknowledge(ack(1, up.sent.at(-1).seq, lagMs));
    }
  };
  up.link.open(1, FRAME);
  return up;
}

test("each frame is a message of its own while the kernel is prompt", () => {
  const up = setUp();
  up.speak(100);
  assert.deepEqual(up.sent.map(({ seq }) => seq), [...Array(100).keys()]);
  assert.deepEqual(up.sent.map(({ position }) => position), Array.from({ length: 100 }, (_, seq) => seq * FRAME));
  assert.ok(up.sent.every(({ samples, dropped, request }) => samples.length === FRAME && dropped === 0 && request === 1));
  assert.deepEqual(up.holds, []);
});

test("two frames of a quiet line are one message", () => {
  const up = setUp();
  up.speak(4, { inTwos: true });
  up.speak(2);
  assert.deepEqual(up.sent.map(({ position }) => position / FRAME), [0, 2, 4, 5]);
});

for (const [rate, size] of /** @type {[string, number][]} */ ([["16 kHz", FRAME], ["44.1 kHz", 1411]])) {
  test(`frames are counted, not pieces: at ${rate} four go to a busy kernel at once, from a quiet line as well`, () => {
    /** @type {any[]} */
    const sent = [];
    const link = new Uplink({ send: (message) => sent.push(message), now: () => 0, onChange: () => undefined });
    link.open(1, size);
    for (let count = 0; count < 3; count++) link.acknowledge(ack(1, -1, 100));
    for (let frame = 0; frame < 8; frame++) link.push(frame * size, new Int16Array(size));
    for (let frame = 8; frame < 16; frame += 2) link.push(frame * size, new Int16Array(2 * size));
    assert.deepEqual(sent.map(({ position }) => position / size), [0, 4, 8, 12]);
  });
}

test("messages grow when they come late, and shrink again when they have been prompt for a while", () => {
  const up = setUp();
  up.speak(4, { lagMs: 100 });
  up.speak(80, { lagMs: 100 });
  assert.equal(up.sent.at(-1).samples.length, 4 * FRAME);
  up.speak(200, { lagMs: 5 });
  assert.equal(up.sent.at(-1).samples.length, FRAME);
});

test("one late message among prompt ones makes none larger: a queue that empties itself needs no help", () => {
  const up = setUp();
  for (let seq = 0; seq < 40; seq++) {
    up.speak(1, { isHeard: false });
    up.link.acknowledge({ request: 1, seq, leastLagMs: 5, lagMs: seq % 10 === 0 ? 150 : 20 });
  }
  assert.ok(up.sent.every(({ samples }) => samples.length === FRAME));
});

test("a kernel that stalls now and then gets a message for each frame; one that takes longer for each than it lasts does not", () => {
  const stalls = (/** @type {number} */ nowMs) => nowMs % 3000 < 120;
  const { sizes } = speakOverLine({ kbitPerS: () => 10_000, seconds: 20, isBusy: stalls });
  assert.deepEqual([...sizes], [FRAME]);
  const slow = speakOverLine({ kbitPerS: () => 10_000, seconds: 20, messageMs: 40 });
  assert.deepEqual([...slow.sizes], [FRAME, 2 * FRAME, 4 * FRAME]);
  assert.ok(slow.maxLagMs(0) < 400, `${slow.maxLagMs(0)} ms`);
  assert.ok(slow.maxLagMs(2000) < 250, `${slow.maxLagMs(2000)} ms`);
});

test("a lag in between changes nothing", () => {
  const up = setUp();
  up.speak(8, { lagMs: 100 });
  const size = up.sent.at(-1).samples.length;
  up.speak(200, { lagMs: 50 });
  assert.equal(up.sent.at(-1).samples.length, size);
});

test("beside a cell in a Python loop, where messages come up to 40 ms late, a late stretch is soon forgotten", () => {
  const up = setUp();
  up.speak(8, { lagMs: 90 });
  assert.ok(up.sent.at(-1).samples.length > FRAME);
  up.speak(300, { lagMs: 38 });
  assert.equal(up.sent.at(-1).samples.length, FRAME);
});

test("every sample is sent once and in order, whatever the size of the messages", () => {
  const up = setUp();
  for (const lagMs of [5, 100, 100, 5, 70, 5, 5, 200, 5]) {
    up.speak(37, { lagMs });
    up.speak(38, { lagMs, inTwos: true });
  }
  up.speak(400, { lagMs: 5 }); // small again: nothing waits for more
  const joined = up.sent.flatMap(({ samples }) => [...samples]);
  assert.equal(joined.length, up.position);
  assert.ok(joined.every((value, index) => value === Math.floor(index / FRAME)));
});

test("a kernel that does not acknowledge for two seconds puts the call on hold, and gets nothing more", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  assert.deepEqual(up.holds, [true]);
  const unheard = up.sent.length - 10;
  assert.ok(unheard * 32 <= 2032, `${unheard} messages were sent to a kernel that does not answer`);
  assert.ok(up.link.isOnHold);
});

test("a kernel that is away for less than two seconds misses nothing", () => {
  const up = setUp();
  up.speak(10);
  up.speak(60, { isHeard: false });
  up.speak(1);
  assert.equal(up.sent.length, 71);
  assert.deepEqual(up.holds, []);
});

test("when the kernel answers, the latest half second is sent, and how much is missing before it", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  const last = up.sent.at(-1);
  up.link.acknowledge(ack(1, last.seq, 5000));
  assert.deepEqual(up.holds, [true, false]);
  const resumed = up.sent.at(-1);
  assert.equal(resumed.samples.length, 16 * FRAME);
  assert.equal(resumed.position + resumed.samples.length, up.position);
  assert.equal(resumed.dropped, resumed.position - (last.position + last.samples.length));
  assert.ok(resumed.dropped > 200 * FRAME);
});

for (const [rate, size] of /** @type {[string, number][]} */ ([["16 kHz", FRAME], ["48 kHz", 3 * FRAME]])) {
  test(`of a quiet line at ${rate} half a second is kept as well, and what is missing before it counted`, () => {
    let nowMs = 0;
    /** @type {any[]} */
    const sent = [];
    const link = new Uplink({ send: (message) => sent.push(message), now: () => nowMs, onChange: () => undefined });
    link.open(1, size);
    for (let pair = 0; pair < 101; pair++, nowMs += 64) link.push(2 * pair * size, new Int16Array(2 * size));
    const last = sent.at(-1);
    link.acknowledge(ack(1, last.seq, 5000));
    const { position, dropped, samples } = sent.at(-1);
    assert.equal(samples.length, 16 * size);
    assert.equal(position + samples.length, 202 * size);
    assert.equal(dropped, position - (last.position + last.samples.length));
  });
}

test("it is live again with the next frames", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  up.link.acknowledge(ack(1, up.sent.at(-1).seq, 5000));
  const { dropped } = up.sent.at(-1);
  up.speak(100);
  assert.equal(up.sent.at(-1).dropped, dropped);
  assert.equal(up.sent.at(-1).position + up.sent.at(-1).samples.length, up.position);
  assert.deepEqual(up.holds, [true, false]);
});

test("an acknowledgement of the beginning only does not end the hold", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  up.link.acknowledge(ack(1, 12, 9000));
  assert.ok(up.link.isOnHold);
});

test("an acknowledgement of another microphone is ignored", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  up.link.acknowledge(ack(0, 1000, 5));
  assert.ok(up.link.isOnHold);
});

test("what waits for more is forgotten by a mute", () => {
  const up = setUp();
  up.speak(20, { lagMs: 100 });
  up.speak(1, { isHeard: false });
  const count = up.sent.length;
  up.link.discard();
  up.position += 100 * FRAME;
  up.speak(4, { isHeard: false });
  assert.equal(up.sent[count].position, up.position - 4 * FRAME);
  assert.equal(up.sent[count].samples.length, 4 * FRAME);
});

test("what is dropped is counted, with what was not captured at all", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  up.link.acknowledge(ack(1, up.sent.at(-1).seq, 5000));
  const before = up.sent.at(-1).dropped;
  up.link.drop(100 * FRAME);
  up.position += 100 * FRAME;
  up.speak(4);
  assert.equal(up.sent.at(-1).dropped, before + 100 * FRAME);
  up.speak(300, { isHeard: false });
  const held = up.sent.at(-1);
  up.link.drop(0);
  up.link.acknowledge(ack(1, held.seq, 5000));
  up.speak(4);
  const next = up.sent[held.seq + 1];
  assert.equal(next.dropped - held.dropped, next.position - held.position - held.samples.length);
});

test("a closed microphone sends nothing, and is not on hold", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  const count = up.sent.length;
  up.link.close();
  assert.deepEqual(up.holds, [true, false]);
  up.speak(10);
  up.link.acknowledge(ack(1, 3, 5));
  assert.equal(up.sent.length, count);
});

test("the next microphone is numbered from the beginning", () => {
  const up = setUp();
  up.speak(10);
  up.link.open(2, FRAME);
  up.position = 0;
  up.speak(1, { isHeard: false });
  const { request, seq, position, dropped } = up.sent.at(-1);
  assert.deepEqual({ request, seq, position, dropped }, { request: 2, seq: 0, position: 0, dropped: 0 });
});

const OVERHEAD_BYTES = 900; // of each message: Jupyter's headers

/**
 * Speaks over a line of some rate to a kernel that acknowledges as the real one does: every 400 ms, every 200 ms what was late.
 *
 * @param {object} options
 * @param {(nowMs: number) => number} options.kbitPerS
 * @param {number} options.seconds
 * @param {(nowMs: number) => boolean} [options.isBusy] the kernel handles nothing
 * @param {number} [options.messageMs] how long the kernel takes for each message
 */
function speakOverLine({ kbitPerS, seconds, isBusy = () => false, messageMs = 0 }) {
  let [nowMs, freeMs, leastMs, worstMs, promptestMs, ackDueMs] = [0, 0, Infinity, 0, Infinity, Infinity];
  /** @type {{arrivesMs: number, sentMs: number, seq: number}[]} */
  const line = [];
  /** @type {any[]} */
  const sent = [];
  /** @type {{nowMs: number, lagMs: number}[]} */
  const lags = [];
  /** @type {[number, boolean][]} */
  const codings = [];
  const link = new Uplink({
    now: () => nowMs,
    send: (message) => {
      const bytes = OVERHEAD_BYTES + message.samples.length * (message.isCompanded ? 1 : 2);
      freeMs = Math.max(freeMs, nowMs) + (8 * bytes) / kbitPerS(nowMs) + messageMs;
      line.push({ arrivesMs: freeMs + 40, sentMs: nowMs, seq: message.seq });
      sent.push(message);
      if (codings.at(-1)?.[1] !== message.isCompanded) codings.push([nowMs, message.isCompanded]);
    },
    onChange: () => undefined,
  });
  link.open(1, FRAME);
  let seq = -1;
  for (let frame = 0; nowMs < 1000 * seconds; nowMs++) {
    while (!isBusy(nowMs) && line[0] !== undefined && line[0].arrivesMs <= nowMs) {
      const [message] = line.splice(0, 1);
      leastMs = Math.min(leastMs, nowMs - message.sentMs);
      const lagMs = nowMs - message.sentMs - leastMs;
      lags.push({ nowMs, lagMs });
      worstMs = Math.max(worstMs, lagMs);
      promptestMs = Math.min(promptestMs, lagMs);
      seq = message.seq;
      ackDueMs = Math.min(ackDueMs, nowMs + (worstMs > 60 ? 200 : 400));
    }
    if (!isBusy(nowMs) && nowMs >= ackDueMs) {
      link.acknowledge({ request: 1, seq, leastLagMs: promptestMs, lagMs: worstMs }); // some milliseconds later in truth
      [worstMs, promptestMs, ackDueMs] = [0, Infinity, Infinity];
    }
    if (nowMs >= 32 * (frame + 1)) link.push(FRAME * frame++, new Int16Array(FRAME).fill(frame));
  }
  const positions = sent.map(({ position, samples }) => [position, position + samples.length]);
  assert.ok(positions.every(([start], index) => start === (positions[index - 1]?.[1] ?? 0)), "each sample once and in order");
  assert.ok(sent.every(({ dropped }) => dropped === 0), "none was dropped");
  const maxLagMs = (/** @type {number} */ fromMs, toMs = Infinity) =>
    Math.max(...lags.filter((lag) => lag.nowMs >= fromMs && lag.nowMs < toMs).map(({ lagMs }) => lagMs));
  return { codings, maxLagMs, link, sizes: new Set(sent.map(({ samples }) => samples.length)) };
}

test("on a line of 256 kbit/s the call stays live: 8 bits a sample, after a second or two", () => {
  const { codings, maxLagMs } = speakOverLine({ kbitPerS: () => 256, seconds: 12 });
  assert.deepEqual(codings.map(([, isCompanded]) => isCompanded), [false, true]);
  assert.ok(codings[1][0] < 1500, `${codings[1][0]} ms`);
  assert.ok(maxLagMs(0) < 1000, `${maxLagMs(0)} ms`);
  assert.ok(maxLagMs(4000) < 100, `${maxLagMs(4000)} ms`);
});

test("whole samples are tried again, ever more rarely while the line stays as it is", () => {
  const { codings, maxLagMs } = speakOverLine({ kbitPerS: () => 256, seconds: 120 });
  const tries = codings.filter(([, isCompanded]) => !isCompanded).map(([ms]) => ms);
  assert.equal(tries.length, 4, `${codings.map(String).join(" ")}`);
  assert.ok(tries[3] - tries[2] > 1.7 * (tries[2] - tries[1]));
  assert.ok(maxLagMs(4000) < 800, `${maxLagMs(4000)} ms`);
});

test("a line that has become faster gets whole samples again", () => {
  const { codings, maxLagMs, link } = speakOverLine({ kbitPerS: (nowMs) => (nowMs < 8000 ? 256 : 10_000), seconds: 40 });
  assert.deepEqual(codings.map(([, isCompanded]) => isCompanded), [false, true, false]);
  assert.ok(maxLagMs(16_000) < 60);
  assert.equal(link.isCompanding, false);
});

test("a line that has become faster gets whole samples again beside a kernel that stalls now and then, too", () => {
  for (const [everyMs, stallMs] of [[2000, 100], [9000, 300]]) {
    const isBusy = (/** @type {number} */ nowMs) => nowMs % everyMs < stallMs;
    const { link } = speakOverLine({ kbitPerS: (nowMs) => (nowMs < 8000 ? 256 : 10_000), seconds: 40, isBusy });
    assert.equal(link.isCompanding, false, `a stall of ${stallMs} ms every ${everyMs} ms`);
  }
});

test("a line of 1 Mbit/s carries whole samples", () => {
  const { codings, maxLagMs } = speakOverLine({ kbitPerS: () => 1000, seconds: 20 });
  assert.deepEqual(codings, [[codings[0][0], false]]);
  assert.ok(maxLagMs(0) < 30);
});

test("a kernel that is busy for a second and more, again and again, does not make the line slow", () => {
  const isBusy = (/** @type {number} */ nowMs) => nowMs % 4000 > 2500;
  const { codings } = speakOverLine({ kbitPerS: () => 100_000, seconds: 40, isBusy });
  assert.deepEqual(codings.map(([, isCompanded]) => isCompanded), [false]);
});

test("a kernel that stalls for most of the time does not make the line slow either, as long as it catches up", () => {
  for (const stallMs of [300, 500, 900]) {
    const isBusy = (/** @type {number} */ nowMs) => nowMs % (stallMs + 100) > 100;
    const { codings } = speakOverLine({ kbitPerS: () => 100_000, seconds: 40, isBusy });
    assert.deepEqual(codings.map(([, isCompanded]) => isCompanded), [false], `${stallMs} ms`);
  }
});

test("who opens the microphone anew begins with whole samples", () => {
  const { link } = speakOverLine({ kbitPerS: () => 256, seconds: 5 });
  assert.equal(link.isCompanding, true);
  link.open(2, FRAME);
  assert.equal(link.isCompanding, false);
});
