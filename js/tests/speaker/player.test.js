import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { AudioEngine } from "../../src/speaker/engine.js";
import { Player, extrapolate } from "../../src/speaker/player.js";
import { installAudio } from "../fakes/audio.js";
import { restoreClock, settled, useFakeClock } from "../fakes/clock.js";

/** A player on a loudspeaker with a latency; `report` is what its worklet says. */
async function setUp(/** @type {any} */ { outputLatency, baseLatency }) {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  /** @type {any} */
  let port;
  globalThis.AudioWorkletNode = /** @type {any} */ (class {
    constructor() {
      port = this.port = { postMessage: () => undefined };
    }
    connect() {}
  });
  const heard = [];
  const levels = [];
  const player = new Player(/** @type {any} */ ({ start: async () => ({ outputLatency, baseLatency, currentTime: 2, destination: {} }) }), () => 5000);
  player.onProgress((progress, isUrgent) => heard.push({ ...progress, isUrgent }));
  player.onLevel((rms) => levels.push(rms));
  player.onFault(() => assert.fail());
  player.play({ type: "play", epoch: 0, position: 0, awaitsAck: false, samples: new Int16Array(128) });
  await new Promise((resolve) => setImmediate(resolve));
  const report = (samples, rms = 0, epoch = 0, isPlaying = true) =>
    port.onmessage({ data: { epoch, samples, underruns: 0, buffered: 800, isPlaying, rms, timeS: 1.99 } });
  return { heard, levels, player, report };
}

test("what was played is heard when it has left the loudspeaker, and says when that is", async () => {
  const { heard, report } = await setUp({ outputLatency: 0.25, baseLatency: 0.01 });
  report(128);
  mock.timers.tick(249);
  assert.deepEqual(heard, []);
  mock.timers.tick(1);
  assert.deepEqual(heard, [{ epoch: 0, samples: 128, underruns: 0, buffered: 800, heardMs: 5240, isUrgent: true }]);
  mock.timers.reset();
});

test("where the browser does not tell its latency, the one of the graph has to do, or none", async () => {
  for (const [latencies, expected] of /** @type {[object, number][]} */ ([[{ outputLatency: 0, baseLatency: 0.02 }, 20], [{}, 0]])) {
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
  player.play({ type: "play", epoch: 1, position: 0, awaitsAck: false, samples: new Int16Array(128) });
  report(256, 0.5);
  report(128, 0.25, 1);
  player.hold();
  report(256, 0.25, 1);
  player.hold();
  assert.deepEqual(levels, [0.5, 0, 0.25, 0]);
  mock.timers.reset();
});

test("where an answer begins and where it ends is reported at once; what comes between can wait", async () => {
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
  const progress = { epoch: 1, samples: 3328, underruns: 0, buffered: 800, heardMs: 70 };
  assert.deepEqual(extrapolate(progress, 0), progress);
  assert.deepEqual(extrapolate(progress, 32), { epoch: 1, samples: 3840, underruns: 0, buffered: 288, heardMs: 102 });
  assert.deepEqual(extrapolate(progress, 100), { epoch: 1, samples: 4128, underruns: 0, buffered: 0, heardMs: 120 });
});

const CHUNK = (epoch, position = 0) => ({ type: /** @type {const} */ ("play"), epoch, position, awaitsAck: false, samples: new Int16Array(128) });

/** A player in a fake browser, and the faults that it reports. */
async function inBrowser(prepare = (/** @type {any} */ _audio) => undefined) {
  const clock = useFakeClock();
  /** @type {any} */
  const audio = installAudio();
  prepare(audio);
  const engine = new AudioEngine({ workletSources: ["capture", "playback"] });
  const player = new Player(engine, clock.now);
  const faults = [];
  player.onFault((fault) => faults.push(fault));
  player.play(CHUNK(3));
  await settled();
  const report = (epoch, buffered, isPlaying) =>
    audio.node("micdrop-playback").post({ epoch, samples: 128, underruns: 0, buffered, isPlaying, rms: 0, timeS: 0 });
  return { audio, clock, faults, player, report };
}

test("an answer that waits for a click is given up after 10 s; what comes after the click is played", async () => {
  const { audio, clock, faults, player } = await inBrowser((fake) => void (fake.contextState = "suspended"));
  await clock.pass(9900);
  assert.deepEqual(faults, []);
  await clock.pass(100);
  assert.deepEqual(faults, [{ epoch: 3, reason: "blocked", detail: "the browser waits for a click" }]);
  const { posted } = audio.node("micdrop-playback");
  assert.equal(posted.at(-1).type, "clear");
  await clock.pass(60_000);
  assert.equal(faults.length, 1);
  player.play(CHUNK(3, 128));
  assert.equal(posted.at(-1).position, 128);
  restoreClock();
});

test("a worklet that does not load, or whose thread hangs, is a fault within 10 s", async () => {
  const loading = await inBrowser((fake) => void (fake.addModule = () => new Promise(() => undefined)));
  await loading.clock.pass(10_000);
  assert.deepEqual(loading.faults, [{ epoch: 3, reason: "failed", detail: "nothing is played" }]);
  restoreClock();
  const hanging = await inBrowser();
  hanging.report(3, 128, true);
  await hanging.clock.pass(9000);
  hanging.report(3, 64, true);
  await hanging.clock.pass(9900);
  assert.deepEqual(hanging.faults, []);
  await hanging.clock.pass(100);
  assert.deepEqual(hanging.faults, [{ epoch: 3, reason: "failed", detail: "nothing is played" }]);
  restoreClock();
});

test("a worklet that fails is a fault at once, and the next audio starts a new one", async () => {
  const { audio, faults, player } = await inBrowser();
  audio.node("micdrop-playback").onprocessorerror();
  assert.deepEqual(faults, [{ epoch: 3, reason: "failed", detail: "the playback worklet failed" }]);
  player.play(CHUNK(3, 128));
  await settled();
  assert.equal(audio.nodes.length, 2);
  player.close();
  restoreClock();
});

test("nothing is expected of what was played to the end, flushed, held or closed", async () => {
  for (const end of [
    ({ report }) => report(3, 0, false),
    ({ player }) => player.flush(4),
    ({ player }) => player.hold(),
    ({ player }) => player.close(),
  ]) {
    const page = await inBrowser();
    end(page);
    await page.clock.pass(60_000);
    page.player.abandon("too late");
    assert.deepEqual(page.faults, []);
    restoreClock();
  }
});

test("a report about an earlier epoch is no progress", async () => {
  const { clock, faults, report } = await inBrowser();
  report(2, 0, false);
  await clock.pass(10_000);
  assert.equal(faults.length, 1);
  restoreClock();
});

test("what is abandoned unheard is a fault", async () => {
  const { faults, player } = await inBrowser();
  player.abandon("the kernel was silent");
  assert.deepEqual(faults, [{ epoch: 3, reason: "failed", detail: "the kernel was silent" }]);
  restoreClock();
});
