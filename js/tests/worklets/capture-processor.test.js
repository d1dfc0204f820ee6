import assert from "node:assert/strict";
import { test } from "node:test";

/** The processor as the audio thread makes it, at a sample rate, with a port that only notes what is posted. */
async function createProcessor(sampleRate) {
  /** @type {any[]} */
  const posted = [];
  /** @type {any} */ (globalThis).sampleRate = sampleRate;
  /** @type {any} */ (globalThis).AudioWorkletProcessor = class {
    port = { postMessage: (message) => posted.push(structuredClone(message)) };
  };
  const registered = new Promise((resolve) => (globalThis.registerProcessor = (_, Processor) => resolve(Processor)));
  await import(`../../src/worklets/capture-processor.js?${Math.random()}`);
  const Processor = await registered;
  const processor = new Processor();
  const send = (data) => processor.port.onmessage({ data });
  const hear = (quanta, value) => {
    for (let count = 0; count < quanta; count++) processor.process([[new Float32Array(128).fill(value)]]);
  };
  return { posted, send, hear, processor };
}

for (const rate of [16_000, 48_000]) {
  test(`at ${rate} Hz the microphone posts frames of 32 ms with their level, in twos when it is quiet`, async () => {
    const { posted, send, hear } = await createProcessor(rate);
    const [frame, quanta] = [(rate * 32) / 1000, rate / 4000];
    send({ type: "mute", isMuted: false });
    hear(2 * quanta, 0.25);
    hear(31 * quanta, 0);
    assert.deepEqual(posted.map(({ samples }) => samples.length / frame), [...Array(31).fill(1), 2]);
    assert.deepEqual(posted.map(({ position }) => position / frame), [...Array(32).keys()]);
    assert.deepEqual(posted.map(({ rms }) => rms), [0.25, 0.25, ...Array(30).fill(0)]);
  });
}

test("it begins muted, and a mute keeps back what has not been posted", async () => {
  const { posted, send, hear } = await createProcessor(16_000);
  hear(10, 0.5);
  assert.deepEqual(posted, []);
  send({ type: "mute", isMuted: false });
  hear(4 * 32, 0); // the last one waits for another
  const count = posted.length;
  send({ type: "mute", isMuted: true });
  hear(4, 0);
  send({ type: "mute", isMuted: false });
  hear(8, 0);
  assert.deepEqual([count, posted.length, /** @type {any} */ (posted.at(-1)).position], [31, 32, (10 + 4 * 32 + 4) * 128]);
});

test("without a source nothing is counted, and the end is the end", async () => {
  const { posted, send, hear, processor } = await createProcessor(16_000);
  send({ type: "mute", isMuted: false });
  assert.equal(processor.process([[]]), true);
  hear(4, 0.5);
  assert.equal(posted[0].position, 0);
  send({ type: "end" });
  assert.equal(processor.process([[new Float32Array(128)]]), false);
});
