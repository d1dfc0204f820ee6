import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { createSession } from "../../src/session/create.js";
import { installAudio } from "../fakes/audio.js";
import { restoreClock, settled, useFakeClock } from "../fakes/clock.js";
import { FakeHost } from "../fakes/host.js";

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const ERROR = { code: "Server", message: "The server is away.", remedy: "Wait." };

/** A page that shows the call: a real session with all its parts, on a fake browser and a fake kernel. */
async function showPage() {
  const clock = useFakeClock();
  /** @type {any} */
  const audio = installAudio();
  globalThis.window = /** @type {any} */ (new EventTarget());
  const host = new FakeHost();
  const session = createSession({ host, workletSources: ["capture", "playback"] });
  const leave = session.enter();
  await settled();
  const { pageId } = session.state;
  const openMicrophone = async (request = 1) => {
    host.receive({ type: "open_mic", request, device_id: null, constraints: CONSTRAINTS });
    await settled();
  };
  /** Time passes in which the kernel's heartbeat comes every second. */
  const pass = async (ms, request = 1) => {
    for (let left = ms; left > 0; left -= 1000) {
      await clock.pass(Math.min(left, 1000));
      host.receive({ type: "alive", request });
    }
  };
  return { audio, clock, host, session, leave, pageId, openMicrophone, pass };
}

beforeEach(() => {
  mock.method(console, "warn", () => undefined);
  mock.method(console, "error", () => undefined);
});
afterEach(restoreClock);

test("a permission prompt may stay open longer than the idle time: what the user then allows is opened", async () => {
  const { audio, host, openMicrophone, pass, session } = await showPage();
  await openMicrophone();
  host.receive({ type: "details", fields: { error: ERROR } });
  await pass(60_000);
  assert.equal(session.state.isMicrophoneOpening, true);
  audio.prompts[0].allow();
  await settled();
  assert.deepEqual(host.sentOf("mic_opened").map(({ request }) => request), [1]);
  assert.equal(audio.liveTracks.length, 1);
});

test("an opening that the page gave up because the kernel seemed lost is taken up again when the kernel returns", async () => {
  const { audio, host, openMicrophone, pass, session } = await showPage();
  await openMicrophone();
  host.lose("comm:close");
  assert.deepEqual([session.state.isKernelLost, session.state.isMicrophoneOpening], [true, false]);
  audio.prompts[0].allow();
  await settled();
  assert.deepEqual(audio.liveTracks, [], "for a kernel that is lost nothing is captured");
  await pass(1000);
  assert.deepEqual([session.state.isKernelLost, session.state.isMicrophoneOpening], [false, true]);
  await settled();
  audio.prompts[0].allow();
  await settled();
  assert.deepEqual(host.sentOf("mic_opened").map(({ request }) => request), [1]);
  assert.equal(audio.liveTracks.length, 1);
});

test("a refusal after the kernel had seemed lost reaches it, once", async () => {
  const { audio, host, openMicrophone, pass } = await showPage();
  await openMicrophone();
  host.lose("comm:close");
  await pass(1000);
  await settled();
  for (const prompt of [...audio.prompts]) prompt.refuse();
  await pass(3000);
  assert.deepEqual(host.sentOf("mic_failed").map(({ request, reason }) => [request, reason]), [[1, "denied"]]);
  assert.deepEqual(audio.prompts, []);
});

test("two prompts for one request, because the kernel was silent for 5 s meanwhile, leave one live track", async () => {
  const { audio, clock, host, openMicrophone } = await showPage();
  await openMicrophone();
  await clock.pass(5000);
  host.receive({ type: "alive", request: 1 });
  await settled();
  assert.equal(audio.prompts.length, 2);
  for (const prompt of [...audio.prompts]) prompt.allow();
  await settled();
  assert.equal(audio.liveTracks.length, 1);
  host.receive({ type: "close_mic", request: 1 });
  assert.deepEqual(audio.liveTracks, []);
});

for (const [ending, end] of Object.entries({
  "the call ends": ({ host }) => host.receive({ type: "close_mic", request: 1 }),
  "another page takes over": ({ host }) => {
    host.receive({ type: "close_mic", request: 1 });
    host.change({ _owner: "another" });
  },
  "Stop is pressed": ({ session }) => session.commands.stop(),
  "the page is left": () => globalThis.window.dispatchEvent(new Event("pagehide")),
  "the widget is closed": ({ host }) => host.change({ _closed: true }),
  "the session is disposed of": ({ session }) => session.dispose(),
})) {
  test(`a prompt that is answered after ${ending} opens nothing and makes no new context`, async () => {
    const page = await showPage();
    await page.openMicrophone();
    /** @type {(page: any) => void} */ (end)(page);
    await settled();
    assert.equal(page.session.state.isMicrophoneOpening, false);
    const contexts = page.audio.contexts.length;
    page.audio.prompts[0].allow();
    await page.pass(6000);
    assert.deepEqual(page.host.sentOf("mic_opened"), []);
    assert.deepEqual(page.audio.liveTracks, []);
    assert.deepEqual(page.audio.openContexts, []);
    assert.equal(page.audio.contexts.length, contexts);
  });
}

test("Start pressed while the prompt is open joins the opening that is under way", async () => {
  const { audio, host, openMicrophone, pass, session } = await showPage();
  await openMicrophone();
  await pass(6000);
  session.commands.start();
  await pass(6000);
  assert.equal(audio.prompts.length, 1);
  audio.prompts[0].allow();
  await settled();
  assert.deepEqual(host.sentOf("mic_opened").map(({ request }) => request), [1]);
});

test("a microphone that is muted while it is being opened is opened, and captures nothing until it is unmuted", async () => {
  const { audio, host, openMicrophone, pass, session } = await showPage();
  await openMicrophone();
  session.commands.send("mute");
  await pass(6000);
  audio.prompts[0].allow();
  await settled();
  assert.equal(host.sentOf("mic_opened").length, 1);
  const node = audio.node("micdrop-capture");
  assert.deepEqual(node.posted, [{ type: "mute", isMuted: true }]);
  session.commands.send("unmute");
  assert.deepEqual(node.posted.at(-1), { type: "mute", isMuted: false });
});

test("what cannot be played reaches the kernel and the panel; so does what was thrown away while the kernel was silent", async () => {
  const { audio, clock, host, openMicrophone, session } = await showPage();
  const play = async (epoch) => {
    host.receive({ type: "play", epoch, position: 0, awaits_ack: false }, new Int16Array(128));
    await settled();
  };
  await play(1);
  audio.node("micdrop-playback").onprocessorerror();
  assert.equal(session.state.problem, "The answer cannot be played (the playback worklet failed).");
  await openMicrophone();
  audio.prompts[0].allow();
  await settled();
  await play(2);
  await clock.pass(5000);
  assert.equal(session.state.isKernelSilent, true);
  assert.deepEqual(
    host.sentOf("playback_failed").map(({ epoch, reason, detail }) => [epoch, reason, detail]),
    [
      [1, "failed", "the playback worklet failed"],
      [2, "failed", "the kernel was silent"],
    ],
  );
});

test("a page that receives items behind some that it lacks asks for the whole conversation, once", async () => {
  const { host, session } = await showPage();
  const item = (content) => ({ role: "user", content });
  const texts = () => session.state.conversation.map((each) => /** @type {any} */ (each).content);
  host.receive({ type: "conversation", from: 2, items: [item("c")] });
  assert.deepEqual([texts(), host.sentOf("hello").length], [[], 1], "its hello is on the way");
  host.receive({ type: "conversation", from: 0, items: [item("a"), item("b"), item("c")] });
  host.receive({ type: "conversation", from: 4, items: [item("e")] });
  host.receive({ type: "conversation", from: 5, items: [item("f")] });
  assert.deepEqual([texts(), host.sentOf("hello").length], [["a", "b", "c"], 2]);
  host.receive({ type: "conversation", from: 0, items: ["a", "b", "c", "d", "e", "f"].map(item) });
  assert.deepEqual(texts(), ["a", "b", "c", "d", "e", "f"]);
});

test("the first view says hello and the last one goodbye, when the audio is released", async () => {
  const { audio, clock, host, leave, openMicrophone, pageId } = await showPage();
  assert.deepEqual(host.sent, [{ type: "hello", from: pageId }]);
  audio.isAllowed = true;
  await openMicrophone();
  leave();
  await clock.pass(600);
  assert.deepEqual(host.sent.at(-1), { type: "bye", from: pageId, page_gone: false });
  assert.deepEqual([audio.liveTracks, audio.openContexts], [[], []]);
});

test("a page that comes back says hello again", async () => {
  const { host } = await showPage();
  globalThis.window.dispatchEvent(new Event("pagehide"));
  globalThis.window.dispatchEvent(new Event("pageshow"));
  assert.deepEqual(host.sent.map(({ type }) => type), ["hello", "bye", "hello"]);
});

test("Start sends the command before it makes an audio context", async () => {
  const { audio, host, session } = await showPage();
  const contexts = [];
  host.send = ({ name }) => contexts.push([name, audio.contexts.length]);
  session.commands.start();
  assert.deepEqual(contexts, [["start", 0]]);
  assert.equal(audio.contexts.length, 1);
  assert.equal(session.state.isStartRequested, true);
});

test("Stop releases the microphone and silences the loudspeaker before the kernel knows", async () => {
  const { audio, host, openMicrophone, session } = await showPage();
  audio.isAllowed = true;
  await openMicrophone();
  host.change({ isStarted: true });
  const chunk = { type: "play", epoch: 0, position: 0, awaits_ack: false };
  host.receive(chunk, new Int16Array(1600));
  await settled();
  const player = audio.node("micdrop-playback");
  session.commands.stop();
  assert.deepEqual(audio.liveTracks, []);
  assert.deepEqual(player.posted.at(-1), { type: "clear" });
  host.receive(chunk, new Int16Array(1600));
  assert.deepEqual(player.posted.at(-1), { type: "clear" }, "what was on its way is not played");
  assert.deepEqual(host.sent.at(-1)?.name, "stop");
});

test("the audio device is released 5 s after the call", async () => {
  const { audio, clock, host, session } = await showPage();
  session.commands.start();
  host.change({ isStarted: true });
  await clock.pass(60_000);
  assert.equal(audio.openContexts.length, 1);
  host.change({ isStarted: false });
  await clock.pass(4900);
  assert.equal(audio.openContexts.length, 1);
  await clock.pass(200);
  assert.equal(audio.openContexts.length, 0);
});

test("the state joins what the kernel says by trait and by message with what the page knows", async () => {
  const { host, session, pageId } = await showPage();
  let changes = 0;
  session.onChange(() => changes++);
  host.change({ isStarted: true, _owner: pageId });
  host.receive({ type: "details", fields: { error: ERROR } });
  host.receive({ type: "conversation", from: 0, items: [{ role: "user", content: "Hello" }] });
  session.commands.send("mute");
  const { isStarted, error, conversation, isMuteRequested, wasStarted } = session.state;
  assert.deepEqual([isStarted, error, isMuteRequested, wasStarted], [true, ERROR, true, true]);
  assert.deepEqual(conversation, [{ role: "user", content: "Hello" }]);
  await settled();
  assert.equal(changes, 1, "listeners are called once for all that changed");
});

test("a heartbeat is answered by a page that shows the call", async () => {
  const { clock, host, leave, pageId } = await showPage();
  host.receive({ type: "alive", request: 4 });
  assert.deepEqual(host.sent.at(-1), { type: "alive", from: pageId, request: 4 });
  leave();
  await clock.pass(600);
  const count = host.sent.length;
  host.receive({ type: "alive", request: 4 });
  assert.equal(host.sent.length, count);
});

test("a message that is not in the contract is shown, and the next one is handled", async () => {
  const { host, session } = await showPage();
  host.receive({ type: "dance" });
  assert.match(String(session.state.problem), /does not understand \(Error: unknown message "dance"\)/);
  session.commands.start();
  assert.equal(session.state.problem, null);
});

test("messages in a bundle are handled in their order", async () => {
  const { host, session } = await showPage();
  const readouts = [];
  session.onVadReadout(({ probability }) => readouts.push(probability));
  const contents = [0.1, 0.9].map((probability) => ({ type: "vad_readout", to: null, probability, level_db: null }));
  host.receive({ type: "bundle", contents });
  assert.deepEqual(readouts, [0.1, 0.9]);
});

test("a kernel that is out of reach releases the microphone; whatever it sends next shows that it is back", async () => {
  const { audio, host, openMicrophone, session } = await showPage();
  audio.isAllowed = true;
  await openMicrophone();
  host.isReachable = false;
  session.commands.send("mute");
  assert.deepEqual([session.state.isKernelLost, audio.liveTracks.length], [true, 0]);
  host.isReachable = true;
  host.change({ isMuted: true });
  assert.equal(session.state.isKernelLost, false);
});

test("a device is remembered at once before the microphone is on, and when it is in use during a call", async () => {
  const { audio, host, openMicrophone, session } = await showPage();
  audio.isAllowed = true;
  session.commands.chooseDevice("microphone", "usb");
  await openMicrophone(1);
  host.change({ isMicStarted: true });
  session.commands.chooseDevice("microphone", "headset");
  await openMicrophone(2);
  assert.deepEqual(audio.constraints.map(({ deviceId }) => deviceId.exact), ["usb", "usb"]);
  assert.deepEqual(host.sentOf("choose_device").map(({ device_id: id }) => id), ["usb", "headset"]);
});

test("disposed of, a session holds nothing and says nothing", async () => {
  const { audio, clock, host, openMicrophone, session } = await showPage();
  audio.isAllowed = true;
  await openMicrophone();
  session.dispose();
  session.dispose();
  const count = host.sent.length;
  session.commands.send("mute");
  await clock.pass(60_000);
  assert.deepEqual([host.isDisposed, host.sent.length, host.sent.at(-1)?.type], [true, count, "bye"]);
  assert.deepEqual([audio.liveTracks, audio.openContexts], [[], []]);
});
