import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { AudioEngine } from "../../src/speaker/engine.js";
import { installAudio } from "../fakes/audio.js";
import { restoreClock, settled, useFakeClock } from "../fakes/clock.js";

const WORKLETS = ["capture", "playback"];

function setUp() {
  const clock = useFakeClock();
  const audio = installAudio();
  const engine = new AudioEngine({ workletSources: WORKLETS });
  /** @type {unknown[][]} */
  const events = [];
  engine.onBlockedChange(() => events.push(["blocked", engine.isBlocked]));
  engine.onSpeakerUsed((id) => events.push(["used", id]));
  engine.onSpeakerFailed((id, error) => events.push(["failed", id, /** @type {Error} */ (error).message]));
  return { audio, engine, events, pass: clock.pass };
}

beforeEach(() => {
  globalThis.URL.createObjectURL = () => "blob:worklet";
  globalThis.URL.revokeObjectURL = () => undefined;
});
afterEach(restoreClock);

test("all starts share one context at 16 kHz, with the worklets loaded", async () => {
  const { audio, engine } = setUp();
  /** @type {string[]} */
  const loaded = [];
  audio.addModule = async (url) => void loaded.push(url);
  const [first, second] = await Promise.all([engine.start(), engine.start()]);
  assert.equal(first, second);
  assert.deepEqual(audio.contexts.map(({ sampleRate }) => sampleRate), [16_000]);
  assert.deepEqual(loaded, ["blob:worklet", "blob:worklet"]);
});

test("after it was closed the next start makes a new context", async () => {
  const { audio, engine } = setUp();
  const first = await engine.start();
  engine.close();
  engine.close();
  assert.equal(first.state, "closed");
  assert.notEqual(await engine.start(), first);
  assert.equal(audio.openContexts.length, 1);
});

test("a context that waits for a click is blocked after 400 ms, until it runs", async () => {
  const { audio, engine, events, pass } = setUp();
  audio.contextState = "suspended";
  await engine.start();
  engine.start();
  await pass(300);
  assert.deepEqual(events, []);
  await pass(200);
  assert.deepEqual(events, [["blocked", true]]);
  audio.contextState = "running";
  engine.start();
  await settled();
  assert.deepEqual(events, [["blocked", true], ["blocked", false]]);
});

test("a blocked context that is closed blocks nothing", async () => {
  const { audio, engine, events, pass } = setUp();
  audio.contextState = "suspended";
  await engine.start();
  engine.start();
  await pass(500);
  engine.close();
  await pass(500);
  assert.deepEqual(events, [["blocked", true], ["blocked", false]]);
});

test("where blobs are forbidden the worklets come from data addresses", async () => {
  const { audio, engine } = setUp();
  /** @type {string[]} */
  const loaded = [];
  audio.addModule = async (url) => {
    if (url.startsWith("blob:")) throw new Error("forbidden by the policy");
    loaded.push(url);
  };
  await engine.start();
  assert.deepEqual(loaded, WORKLETS.map((source) => `data:text/javascript;charset=utf-8,${source}`));
});

for (const [what, prepare, reason, detail] of /** @type {[string, (audio: any) => void, string, RegExp][]} */ ([
  ["no worklet can be loaded", (audio) => (audio.addModule = () => Promise.reject(new Error("no"))), "no_audio_worklet", /Error: no/],
  ["the page is not secure", () => (globalThis.isSecureContext = false), "insecure_context", /not a secure context/],
  ["the browser has no AudioWorklet", () => Reflect.deleteProperty(globalThis, "AudioWorkletNode"), "no_audio_worklet", /has no AudioWorklet/],
])) {
  test(`where ${what}, a start fails with the reason, and the next one tries again`, async () => {
    const { audio, engine } = setUp();
    prepare(audio);
    await assert.rejects(engine.start(), (/** @type {any} */ error) => error.reason === reason && detail.test(error.message));
    await settled();
    assert.deepEqual(audio.openContexts, []);
    installAudio();
    await engine.start();
  });
}

test("a browser that gives another rate than asked for is refused, and its context closed", async () => {
  const { audio, engine } = setUp();
  const Given = /** @type {any} */ (globalThis.AudioContext);
  globalThis.AudioContext = /** @type {any} */ (class extends Given {
    constructor() {
      super({ sampleRate: 44_100 });
    }
  });
  await assert.rejects(engine.start(), /asked for 16000 Hz, got 44100 Hz/);
  assert.deepEqual(audio.openContexts, []);
});

test("the context at the device's rate starts, blocks and closes with the first", async () => {
  const { audio, engine, events, pass } = setUp();
  await engine.start();
  const second = await engine.startAtDeviceRate();
  assert.equal(second.sampleRate, 48_000);
  audio.contextState = "suspended";
  await second.resume();
  await pass(500);
  assert.deepEqual([events, engine.isBlocked], [[["blocked", true]], true]);
  engine.close();
  assert.deepEqual(audio.openContexts, []);
  audio.contextState = "running";
  await engine.start();
  await settled();
  assert.equal(audio.openContexts.length, 2, "from then on both start together");
});

test("a loudspeaker is used now and in later contexts; the default one has the browser's name for it", async () => {
  const { audio, engine, events } = setUp();
  engine.selectSpeaker("room");
  assert.deepEqual(events, []);
  await engine.start();
  engine.selectSpeaker("default");
  await settled();
  assert.deepEqual(events, [["used", "room"], ["used", "default"]]);
  assert.equal(audio.contexts[0]?.sinkId, "");
});

test("a loudspeaker that fails is reported once, and not tried in later contexts", async () => {
  const { audio, engine, events } = setUp();
  audio.setSinkId = () => Promise.reject(new Error("gone"));
  engine.selectSpeaker("room");
  await engine.start();
  engine.close();
  await engine.start();
  assert.deepEqual(events, [["failed", "room", "gone"]]);
});

test("a browser that cannot choose the loudspeaker says so", async () => {
  const { audio, engine, events } = setUp();
  audio.setSinkId = undefined;
  engine.selectSpeaker("room");
  await engine.start();
  assert.deepEqual(events, [["failed", "room", "this browser cannot choose the loudspeaker"]]);
});
