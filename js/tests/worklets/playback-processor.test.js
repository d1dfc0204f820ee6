import assert from "node:assert/strict";
import { test } from "node:test";

/** The processor as the audio thread makes it, with a port that only notes what is posted, and detaches what is transferred. */
async function createProcessor() {
  const posted = [];
  const globals = Object.assign(/** @type {any} */ (globalThis), { currentTime: 0, sampleRate: 16_000 });
  globals.AudioWorkletProcessor = class {
    port = { postMessage: (message, transfer) => posted.push(structuredClone(message, { transfer })) };
  };
  const registered = new Promise((resolve) => (globalThis.registerProcessor = (_, Processor) => resolve(Processor)));
  await import(`../../src/worklets/playback-processor.js?${Math.random()}`);
  const Processor = await registered;
  const processor = new Processor();
  const send = (data) => processor.port.onmessage({ data });
  const render = (quanta) => {
    for (let count = 0; count < quanta; count++) {
      processor.process([], [[new Float32Array(128)]]);
      globals.currentTime += 128 / 16_000;
    }
  };
  return { posted, send, render };
}

test("the audio thread keeps nothing of what it has played", async () => {
  const { posted, send, render } = await createProcessor();
  const chunks = Array.from({ length: 20 }, () => new Int16Array(1600).fill(1000));
  chunks.forEach((samples, index) => send({ type: "play", epoch: 1, position: 1600 * index, samples }));
  render(300);
  assert.equal(posted.at(-1)?.samples, 32_000);
  assert.deepEqual(chunks.map(({ length }) => length), Array(20).fill(0));
});

test("what is thrown away leaves with the next report", async () => {
  const { posted, send, render } = await createProcessor();
  const [cut, next] = [new Int16Array(16_000).fill(1000), new Int16Array(16_000).fill(1000)];
  send({ type: "play", epoch: 1, position: 0, samples: cut });
  render(10);
  send({ type: "flush", epoch: 2 });
  send({ type: "play", epoch: 2, position: 0, samples: next });
  render(10);
  assert.deepEqual([posted.at(-1)?.epoch, cut.length, next.length], [2, 0, 16_000]);
});

test("each report says whether it plays on, and for how long it can", async () => {
  const { posted, send, render } = await createProcessor();
  send({ type: "play", epoch: 1, position: 0, samples: new Int16Array(4000).fill(1000) });
  render(60);
  assert.deepEqual(posted.map(({ samples, isPlaying, buffered }) => [samples, isPlaying, buffered]), [[128, true, 3872], [3328, true, 672], [4000, false, 0]]);
});

test("each report says as of when it is: behind what has been played", async () => {
  const { posted, send, render } = await createProcessor();
  render(10);
  send({ type: "play", epoch: 1, position: 0, samples: new Int16Array(4000).fill(1000) });
  render(60);
  const times = posted.map(({ samples, timeS }) => [samples, Math.round(timeS * 16_000)]);
  const begins = 10 * 128 + 1024; // it waits 64 ms for more
  assert.deepEqual(times, [[128, begins + 128], [3328, begins + 3328], [4000, begins + 4096]]);
});
