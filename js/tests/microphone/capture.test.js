import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Capture, listDevices } from "../../src/microphone/capture.js";
import { AudioEngine } from "../../src/speaker/engine.js";
import { installAudio } from "../fakes/audio.js";
import { settled } from "../fakes/clock.js";

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: false, autoGainControl: false };

function setUp() {
  const audio = installAudio();
  audio.isAllowed = true;
  /** @type {unknown[][]} */
  const events = [];
  const engine = new AudioEngine({ workletSources: [] });
  const capture = new Capture(engine, {
    onOpened: (request, opened) => events.push(["opened", request, opened]),
    onAudio: (position, samples, rms) => events.push(["audio", position, samples, rms]),
    onNoAudio: () => events.push(["no audio"]),
    onSilent: (request, isSilent) => events.push(["silent", request, isSilent]),
    onEnded: (request) => events.push(["ended", request]),
  });
  const request = (/** @type {object} */ fields = {}) => ({ request: 1, deviceId: null, constraints: CONSTRAINTS, ...fields });
  const node = () => /** @type {NonNullable<ReturnType<typeof audio.node>>} */ (audio.node("micdrop-capture"));
  const failure = (/** @type {Promise<unknown>} */ opening) =>
    opening.then(
      () => assert.fail("it was opened"),
      (error) => [error.reason, error.message],
    );
  return { audio, engine, capture, events, request, node, failure };
}

const FRAME = { position: 512, samples: new Int16Array(512), rms: 0.5 };

beforeEach(() => {
  globalThis.URL.createObjectURL = () => "blob:worklet";
  globalThis.URL.revokeObjectURL = () => undefined;
});

test("what was really applied and all devices are reported before the first audio", async () => {
  const { audio, capture, events, request, node } = setUp();
  capture.isMuted = false;
  await capture.open(request());
  node().post(FRAME);
  assert.deepEqual(events, [
    [
      "opened",
      1,
      {
        label: "Built-in",
        sampleRate: 16_000,
        settings: { echoCancellation: true, deviceId: "default" },
        microphones: [{ id: "default", label: "Built-in" }],
        speakers: [{ id: "default", label: "Default" }],
      },
    ],
    ["audio", 512, FRAME.samples, 0.5],
  ]);
  assert.deepEqual(audio.constraints, [{ channelCount: 1, ...CONSTRAINTS }]);
  assert.deepEqual([capture.isOpen, capture.isOpening], [true, false]);
});

test("a browser that does not say whether it cancels the echo is taken to do what it was asked", async () => {
  const { audio, capture, events, request } = setUp();
  const { getSettings } = audio.trackPrototype;
  audio.trackPrototype.getSettings = () => /** @type {any} */ ({ deviceId: "default" });
  await capture.open(request({ constraints: { ...CONSTRAINTS, echoCancellation: false } }));
  audio.trackPrototype.getSettings = getSettings;
  const [, , opened] = /** @type {[string, number, any]} */ (events[0]);
  assert.equal(opened.settings.echoCancellation, false);
});

test("while it is muted nothing comes, not even what the audio thread had posted before", async () => {
  const { capture, events, request, node } = setUp();
  await capture.open(request());
  events.length = 0;
  capture.isMuted = true;
  capture.isMuted = true;
  node().post(FRAME);
  assert.deepEqual(events, [["no audio"]]);
  assert.deepEqual(node().posted, [
    { type: "mute", isMuted: false },
    { type: "mute", isMuted: true },
  ]);
});

test("closing stops the track and the worklet, once", async () => {
  const { audio, capture, events, request, node } = setUp();
  await capture.open(request());
  events.length = 0;
  capture.close();
  capture.close();
  node().post(FRAME);
  assert.deepEqual([audio.liveTracks, node().posted.at(-1), node().isConnected, events], [[], { type: "end" }, false, [["no audio"]]]);
});

test("another request replaces the microphone that is open; the same one changes nothing", async () => {
  const { audio, capture, request } = setUp();
  await capture.open(request());
  await capture.open(request());
  assert.equal(audio.tracks.length, 1);
  await capture.open(request({ request: 2 }));
  assert.deepEqual(audio.tracks.map(({ readyState }) => readyState), ["ended", "live"]);
});

test("a request that is superseded while the user is asked ends quietly, whatever the answer", async () => {
  const { audio, capture, events, request } = setUp();
  audio.isAllowed = false;
  const openings = [capture.open(request())];
  await settled();
  openings.push(capture.open(request({ request: 2 })));
  await settled();
  openings.push(capture.open(request({ request: 3 })));
  await settled();
  const [first, second, third] = audio.prompts;
  first?.refuse();
  second?.allow();
  third?.allow();
  await Promise.all(openings);
  assert.deepEqual(events.map(([name, number]) => [name, number]), [["opened", 3]]);
  assert.equal(audio.liveTracks.length, 1);
});

test("a device that goes away closes the microphone and is reported", async () => {
  const { audio, capture, events, request } = setUp();
  await capture.open(request());
  audio.tracks[0]?.end();
  assert.deepEqual(events.slice(1), [["no audio"], ["ended", 1]]);
  assert.equal(capture.isOpen, false);
});

test("a worklet that fails closes the microphone too", async () => {
  const { audio, capture, events, request, node } = setUp();
  await capture.open(request());
  node().onprocessorerror?.();
  assert.deepEqual([events.at(-1), audio.liveTracks], [["ended", 1], []]);
});

test("a microphone that is asked for by its id is that one or none", async () => {
  const { audio, capture, request, failure } = setUp();
  audio.isAllowed = false;
  const opening = failure(capture.open(request({ deviceId: "usb", preferredId: "desk" })));
  await settled();
  audio.prompts[0]?.refuse("OverconstrainedError", "");
  assert.deepEqual(await opening, ["no_device", "OverconstrainedError: "]);
  assert.deepEqual(audio.constraints.map(({ deviceId }) => deviceId), [{ exact: "usb" }]);
});

test("a preferred microphone that is gone gives way to any other; one that is refused does not", async () => {
  const { audio, capture, request, failure } = setUp();
  audio.isAllowed = false;
  const opening = capture.open(request({ preferredId: "desk" }));
  await settled();
  audio.prompts[0]?.refuse("NotFoundError", "");
  await settled();
  audio.prompts[0]?.allow();
  await opening;
  assert.deepEqual(audio.constraints.map(({ deviceId }) => deviceId), [{ exact: "desk" }, undefined]);
  const refused = failure(capture.open(request({ request: 2, preferredId: "desk" })));
  await settled();
  audio.prompts[0]?.refuse();
  assert.deepEqual(await refused, ["denied", "NotAllowedError: Permission denied"]);
});

test("a browser that refuses 16 kHz captures at the device's rate, also the next time", async () => {
  const { audio, capture, events, request } = setUp();
  audio.checkSource = ({ sampleRate }) => {
    if (sampleRate === 16_000) throw new DOMException("other rate", "NotSupportedError");
  };
  await capture.open(request());
  await capture.open(request({ request: 2 }));
  assert.deepEqual(events.filter(([name]) => name === "opened").map(([, , opened]) => /** @type {any} */ (opened).sampleRate), [48_000, 48_000]);
  assert.equal(audio.openContexts.length, 2);
  assert.equal(audio.liveTracks.length, 1);
});

test("a browser that refuses every rate is named so, and keeps no track", async () => {
  const { audio, capture, request, failure } = setUp();
  audio.checkSource = () => {
    throw new DOMException("other rate", "NotSupportedError");
  };
  assert.deepEqual(await failure(capture.open(request())), ["sample_rate", "NotSupportedError: other rate"]);
  assert.deepEqual([audio.liveTracks, capture.isOpening], [[], false]);
});

test("a page that is not secure says so without asking", async () => {
  const { audio, capture, request, failure } = setUp();
  globalThis.isSecureContext = false;
  assert.deepEqual(await failure(capture.open(request())), ["insecure_context", "this page is http://localhost:8888"]);
  assert.deepEqual(audio.constraints, []);
});

test("the devices are listed by kind", async () => {
  const audio = installAudio();
  audio.devices.push({ kind: "videoinput", deviceId: "camera", label: "Camera" });
  assert.deepEqual(await listDevices(), { microphones: [{ id: "default", label: "Built-in" }], speakers: [{ id: "default", label: "Default" }] });
});
