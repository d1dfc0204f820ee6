import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Microphone } from "../../src/microphone/microphone.js";
import { KernelWatchdog } from "../../src/session/watchdog.js";
import { AudioEngine } from "../../src/speaker/engine.js";
import { installAudio } from "../fakes/audio.js";
import { restoreClock, settled, useFakeClock } from "../fakes/clock.js";

/** @typedef {import("../../src/messages/messages.js").OpenMic} OpenMic */

/** @param {number} request @returns {OpenMic} */
const openMic = (request) => ({ type: "open_mic", request, deviceId: null, constraints: {} });

function setUp() {
  const clock = useFakeClock();
  const audio = installAudio();
  audio.isAllowed = true;
  /** @type {Record<string, any>[]} */
  const sent = [];
  /** @type {string[]} */
  const events = [];
  const microphone = new Microphone({
    pageId: "f1",
    engine: new AudioEngine({ workletSources: [] }),
    watchdog: new KernelWatchdog(clock.now),
    send: ({ content }) => sent.push(content),
    isSpeakerChosen: () => false,
    now: clock.now,
  });
  microphone.onKernelSilent(() => events.push("kernel silent"));
  microphone.onChange(() => events.push(microphone.isOpen ? "open" : microphone.isOpening ? "opening" : "closed"));
  const capture = (/** @type {number} */ position) =>
    audio.node("micdrop-capture")?.post({ position, samples: new Int16Array(512), rms: 0.1 });
  const types = () => sent.map(({ type, request }) => [type, request]);
  const open = async (/** @type {number} */ request) => {
    microphone.open(openMic(request));
    await settled();
  };
  return { audio, microphone, sent, events, capture, types, open, pass: clock.pass };
}

beforeEach(() => {
  globalThis.URL.createObjectURL = () => "blob:worklet";
  globalThis.URL.revokeObjectURL = () => undefined;
  mock.method(console, "warn", () => undefined);
});
afterEach(restoreClock);

test("the kernel learns of the prompt, of the opening, then gets numbered audio", async () => {
  const { capture, types, sent, open, events } = setUp();
  await open(1);
  capture(0);
  capture(512);
  assert.deepEqual(types(), [["mic_prompting", 1], ["mic_opened", 1], ["audio", 1], ["audio", 1]]);
  assert.deepEqual(sent.slice(2).map(({ seq, position, dropped }) => [seq, position, dropped]), [[0, 0, 0], [1, 512, 0]]);
  assert.deepEqual(events, ["opening", "open"]);
});

test("a request that is replayed opens nothing, and a replayed close closes nothing", async () => {
  const { microphone, audio, open } = setUp();
  await open(2);
  assert.equal(microphone.open(openMic(2)), false);
  assert.equal(microphone.open(openMic(1)), false);
  microphone.close({ type: "close_mic", request: 1 });
  assert.equal(audio.liveTracks.length, 1);
  microphone.close({ type: "close_mic", request: 2 });
  assert.equal(audio.liveTracks.length, 0);
});

test("a failure is reported with its reason", async () => {
  const { audio, sent, open, microphone } = setUp();
  audio.isAllowed = false;
  await open(1);
  assert.equal(microphone.isOpening, true);
  audio.prompts[0]?.refuse("NotReadableError", "busy");
  await settled();
  assert.deepEqual(sent.at(-1), { type: "mic_failed", from: "f1", request: 1, reason: "in_use", detail: "NotReadableError: busy" });
  microphone.confirm(1);
  assert.equal(microphone.isOpening, false, "the kernel's heartbeat does not ask the user again");
});

test("a device that goes away is reported, and not opened again by the heartbeat", async () => {
  const { audio, microphone, types, open } = setUp();
  await open(1);
  audio.tracks[0]?.end();
  microphone.confirm(1);
  await settled();
  assert.deepEqual(types().at(-1), ["mic_ended", 1]);
  assert.equal(audio.tracks.length, 1);
});

test("a kernel that falls silent for 4 s does not keep the microphone; when it is back, the samples between are counted", async () => {
  const { audio, microphone, capture, sent, events, open, pass } = setUp();
  await open(1);
  capture(0);
  microphone.acknowledge({ type: "ack", request: 1, seq: 0, leastLagMs: 0, lagMs: 0 });
  await pass(4000);
  assert.deepEqual([microphone.isKernelSilent, audio.liveTracks.length, events.at(-1)], [true, 0, "kernel silent"]);
  await pass(6000);
  microphone.noteKernelMessage();
  microphone.confirm(1);
  await settled();
  capture(0);
  assert.equal(microphone.isKernelSilent, false);
  const last = /** @type {Record<string, any>} */ (sent.at(-1));
  assert.deepEqual([last.type, last.seq, last.position, last.dropped], ["audio", 1, 512 + 160_000, 160_000]);
  assert.deepEqual(sent.filter(({ type }) => type === "mic_opened").length, 1, "for the kernel it was never closed");
});

test("the heartbeat reopens what was released for a lost kernel, not what the user has stopped", async () => {
  const { audio, microphone, open } = setUp();
  await open(1);
  microphone.releaseForLostKernel();
  assert.equal(audio.liveTracks.length, 0);
  microphone.confirm(2);
  await settled();
  assert.equal(audio.liveTracks.length, 0, "another request");
  microphone.confirm(1);
  microphone.confirm(1);
  await settled();
  assert.equal(audio.liveTracks.length, 1);
  microphone.release();
  microphone.confirm(1);
  await settled();
  assert.equal(audio.liveTracks.length, 0);
});

test("muted, what was captured and not sent is forgotten", async () => {
  const { microphone, capture, types, open } = setUp();
  await open(1);
  microphone.acknowledge({ type: "ack", request: 1, seq: -1, leastLagMs: 100, lagMs: 100 });
  capture(0);
  microphone.isMuted = true;
  microphone.isMuted = false;
  capture(512);
  assert.equal(types().filter(([type]) => type === "audio").length, 0, "late messages carry two frames, and one is forgotten");
  capture(1024);
  assert.equal(types().filter(([type]) => type === "audio").length, 1);
});

test("the remembered loudspeaker is asked for, and what is plugged in later is reported", async () => {
  const { audio, microphone, sent, open, pass } = setUp();
  audio.devices.push({ kind: "audiooutput", deviceId: "room", label: "Room" });
  microphone.rememberDevice("speaker", "room");
  await open(1);
  assert.deepEqual(sent.at(-1), { type: "choose_device", from: "f1", kind: "speaker", device_id: "room" });
  audio.devices.push({ kind: "audioinput", deviceId: "usb", label: "USB" });
  await pass(1500);
  assert.deepEqual(sent.at(-1)?.microphones, [{ id: "default", label: "Built-in" }, { id: "usb", label: "USB" }]);
  microphone.unfollowDevices();
  audio.devices.pop();
  const count = sent.length;
  await pass(3000);
  assert.equal(sent.length, count);
});
