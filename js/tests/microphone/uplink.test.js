import assert from "node:assert/strict";
import { test } from "node:test";

import { Uplink } from "../../src/microphone/uplink.js";

const FRAME = 512;

/** An uplink with a clock that stands still, and what comes out of it. */
function setUp() {
  /** @type {any} */
  const up = { nowMs: 0, sent: [], holds: [], position: 0 };
  up.link = new Uplink({
    send: (message) => up.sent.push(message),
    now: () => up.nowMs,
    onHoldChange: (isOnHold) => up.holds.push(isOnHold),
  });
  /** Captures frames in real time, in pieces of one or two, acknowledged as they are sent unless the kernel is away. */
  up.speak = (frames, { isHeard = true, lagMs = 5, inTwos = false } = {}) => {
    const size = inTwos ? 2 : 1;
    for (let count = 0; count < frames; count += size) {
      up.nowMs += 32 * size;
      const samples = Int16Array.from({ length: size * FRAME }, (_, index) => Math.floor((up.position + index) / FRAME));
      up.link.push(up.position, samples);
      up.position += samples.length;
      if (isHeard && up.sent.length > 0) up.link.acknowledge(1, up.sent.at(-1).seq, lagMs);
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
    const link = new Uplink({ send: (message) => sent.push(message), now: () => 0, onHoldChange: () => undefined });
    link.open(1, size);
    for (let count = 0; count < 3; count++) link.acknowledge(1, -1, 100);
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

test("a lag in between changes nothing", () => {
  const up = setUp();
  up.speak(8, { lagMs: 100 });
  const size = up.sent.at(-1).samples.length;
  up.speak(200, { lagMs: 40 });
  assert.equal(up.sent.at(-1).samples.length, size);
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
  up.link.acknowledge(1, last.seq, 5000);
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
    const link = new Uplink({ send: (message) => sent.push(message), now: () => nowMs, onHoldChange: () => undefined });
    link.open(1, size);
    for (let pair = 0; pair < 101; pair++, nowMs += 64) link.push(2 * pair * size, new Int16Array(2 * size));
    const last = sent.at(-1);
    link.acknowledge(1, last.seq, 5000);
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
  up.link.acknowledge(1, up.sent.at(-1).seq, 5000);
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
  up.link.acknowledge(1, 12, 9000);
  assert.ok(up.link.isOnHold);
});

test("an acknowledgement of another microphone is ignored", () => {
  const up = setUp();
  up.speak(10);
  up.speak(300, { isHeard: false });
  up.link.acknowledge(0, 1000, 5);
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
  up.link.acknowledge(1, up.sent.at(-1).seq, 5000);
  const before = up.sent.at(-1).dropped;
  up.link.drop(100 * FRAME);
  up.position += 100 * FRAME;
  up.speak(4);
  assert.equal(up.sent.at(-1).dropped, before + 100 * FRAME);
  up.speak(300, { isHeard: false });
  const held = up.sent.at(-1);
  up.link.drop(0);
  up.link.acknowledge(1, held.seq, 5000);
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
  up.link.acknowledge(1, 3, 5);
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
