import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Player, extrapolate } from "../../src/speaker/player.js";

/** A player on a loudspeaker with a latency; `report` is what its worklet says. */
async function setUp({ outputLatency, baseLatency }) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  let port;
  globalThis.AudioWorkletNode = class {
    constructor() {
      port = this.port = { postMessage: () => undefined };
    }
    connect() {}
  };
  const heard = [];
  const levels = [];
  const player = new Player({ start: async () => ({ outputLatency, baseLatency, destination: {} }) });
  player.onProgress((progress, isUrgent) => heard.push({ ...progress, isUrgent }));
  player.onLevel((rms) => levels.push(rms));
  player.onFault(assert.fail);
  player.play({ type: "play", epoch: 0, position: 0, samples: new Int16Array(128) });
  await new Promise((resolve) => setImmediate(resolve));
  const report = (samples, rms = 0, epoch = 0, isPlaying = true) =>
    port.onmessage({ data: { epoch, samples, underruns: 0, buffered: 800, isPlaying, rms } });
  return { heard, levels, player, report };
}

test("what was played is heard when it has left the loudspeaker", async () => {
  const { heard, report } = await setUp({ outputLatency: 0.25, baseLatency: 0.01 });
  report(128);
  mock.timers.tick(249);
  assert.deepEqual(heard, []);
  mock.timers.tick(1);
  assert.deepEqual(heard, [{ epoch: 0, samples: 128, underruns: 0, buffered: 800, isUrgent: true }]);
  mock.timers.reset();
});

test("where the browser does not tell its latency, the one of the graph has to do, or none", async () => {
  for (const [latencies, expected] of [[{ outputLatency: 0, baseLatency: 0.02 }, 20], [{}, 0]]) {
    const { heard, report } = await setUp(latencies);
    report(64);
    mock.timers.tick(expected);
    assert.equal(heard.length, 1);
    mock.timers.reset();
  }
});

test("the level falls to zero at once where the voice is cut off, and what was on its way does not raise it again", async () => {
  const { player, levels, report } = await setUp({});
  report(128, 0.5);
  player.flush(1);
  report(256, 0.5);
  player.play({ type: "play", epoch: 1, position: 0, samples: new Int16Array(128) });
  report(256, 0.5);
  report(128, 0.25, 1);
  player.hold();
  report(256, 0.25, 1);
  player.hold();
  assert.deepEqual(levels, [0.5, 0, 0.25, 0]);
  mock.timers.reset();
});

test("where an answer begins and where it ends is told at once; what comes between can wait", async () => {
  const { heard, report } = await setUp({});
  for (const samples of [128, 3328, 6528]) report(samples);
  report(7000, 0, 0, false);
  report(128, 0, 1);
  mock.timers.tick(0);
  assert.deepEqual(
    heard.map(({ samples, isUrgent }) => [samples, isUrgent]),
    [[128, true], [3328, false], [6528, false], [7000, true], [128, true]],
  );
  mock.timers.reset();
});

test("a report that has waited says what is heard by now: as much more as the time, and no more than there was", () => {
  const progress = { epoch: 1, samples: 3328, underruns: 0, buffered: 800 };
  assert.deepEqual(extrapolate(progress, 0), progress);
  assert.deepEqual(extrapolate(progress, 32), { epoch: 1, samples: 3840, underruns: 0, buffered: 288 });
  assert.deepEqual(extrapolate(progress, 100), { epoch: 1, samples: 4128, underruns: 0, buffered: 0 });
});
