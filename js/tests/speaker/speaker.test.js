import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Outbox } from "../../src/session/outbox.js";
import { AudioEngine } from "../../src/speaker/engine.js";
import { Speaker } from "../../src/speaker/speaker.js";
import { installAudio } from "../fakes/audio.js";
import { restoreClock, settled, useFakeClock } from "../fakes/clock.js";

/** @typedef {import("../../src/messages/messages.js").UpMessage} UpMessage */

async function setUp() {
  const clock = useFakeClock();
  const audio = installAudio();
  /** @type {Record<string, unknown>[]} */
  const sent = [];
  /** @type {string[]} */
  const problems = [];
  const outbox = new Outbox({
    send: ({ content }) => sent.push(content),
    bundle: (messages) => ({ content: { bundled: messages.map(({ content }) => content) }, buffers: [] }),
    now: clock.now,
  });
  const speaker = new Speaker({ pageId: "f1", engine: new AudioEngine({ workletSources: [] }), outbox, now: clock.now });
  speaker.onProblem((problem) => problems.push(problem));
  const play = async (epoch = 0, { position = 0, awaitsAck = false } = {}) => {
    speaker.play({ type: "play", epoch, position, awaitsAck, samples: new Int16Array(1600) });
    await settled();
  };
  await play();
  const report = (/** @type {object} */ fields) =>
    audio.node("micdrop-playback")?.post({ epoch: 0, samples: 0, underruns: 0, buffered: 0, isPlaying: true, rms: 0, timeS: 0, ...fields });
  return { audio, speaker, sent, problems, play, report, pass: clock.pass };
}

beforeEach(() => {
  globalThis.URL.createObjectURL = () => "blob:worklet";
  globalThis.URL.revokeObjectURL = () => undefined;
});
afterEach(restoreClock);

test("audio that awaits it is acknowledged within 100 ms, several chunks by one message, with the time of the last", async () => {
  const { sent, play, pass } = await setUp();
  await play(3, { position: 0, awaitsAck: true });
  await pass(40);
  await play(3, { position: 1600, awaitsAck: true });
  await pass(100);
  const receivedMs = Number(sent[0].received_ms);
  const ack = { type: "play_received", from: "f1", epoch: 3, samples: 3200, received_ms: receivedMs };
  assert.deepEqual(sent, [ack]);
  await play(3, { position: 3200, awaitsAck: true });
  await pass(100);
  assert.deepEqual(sent[1], { ...ack, samples: 4800, received_ms: receivedMs + 100 });
});

test("the beginning of an answer is reported at once, what follows within 100 ms and as of then", async () => {
  const { sent, report, pass } = await setUp();
  report({ samples: 128, buffered: 8000 });
  await pass(10);
  const at = 1000;
  assert.deepEqual(sent, [{ type: "heard", from: "f1", epoch: 0, samples: 128, underruns: 0, heard_ms: at }]);
  report({ samples: 3328, buffered: 4800 });
  await pass(10);
  assert.equal(sent.length, 1);
  await pass(100);
  assert.deepEqual(sent[1], { type: "heard", from: "f1", epoch: 0, samples: 3328 + 1600, underruns: 0, heard_ms: at + 110 });
});

test("an answer that cannot be played is reported to the user and to the kernel", async () => {
  const { audio, sent, problems } = await setUp();
  audio.node("micdrop-playback")?.onprocessorerror?.();
  const detail = "the playback worklet failed";
  assert.deepEqual(problems, [`The answer cannot be played (${detail}).`]);
  assert.deepEqual(sent, [{ type: "playback_failed", from: "f1", epoch: 0, reason: "failed", detail }]);
});

test("a loudspeaker that fails is reported to the user and to the kernel; one that works is named", async () => {
  const { audio, speaker, sent, problems } = await setUp();
  /** @type {string[]} */
  const used = [];
  speaker.onUsed((id) => used.push(id));
  speaker.select({ type: "set_speaker", deviceId: "desk" });
  await settled();
  audio.setSinkId = () => Promise.reject(new Error("gone"));
  speaker.select({ type: "set_speaker", deviceId: "room" });
  await settled();
  assert.deepEqual(used, ["desk"]);
  assert.deepEqual(problems, ["The loudspeaker cannot be used (Error: gone). The usual one plays on."]);
  assert.deepEqual(sent, [{ type: "speaker_failed", from: "f1", device_id: "room", detail: "Error: gone" }]);
});

test("held it plays nothing, until it is resumed or a new answer begins", async () => {
  const { audio, speaker, play } = await setUp();
  const chunks = () => audio.node("micdrop-playback")?.posted.filter(({ type }) => type === "play").length;
  assert.equal(chunks(), 1);
  speaker.hold();
  await play();
  assert.equal(chunks(), 1);
  speaker.resume();
  await play();
  assert.equal(chunks(), 2);
  speaker.hold();
  speaker.flush({ type: "flush", epoch: 1 });
  await play(1);
  assert.equal(chunks(), 3);
  speaker.close();
  assert.deepEqual(audio.node("micdrop-playback")?.posted.at(-1), { type: "end" });
});
