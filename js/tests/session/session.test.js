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
  const audio = installAudio();
  globalThis.window = new EventTarget();
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
  "Stop is pressed": ({ session }) => session.stop(),
  "the page is left": () => globalThis.window.dispatchEvent(new Event("pagehide")),
  "the widget is closed": ({ host }) => host.change({ _closed: true }),
  "the session is disposed of": ({ session }) => session.dispose(),
})) {
  test(`a prompt that is answered after ${ending} opens nothing and makes no new context`, async () => {
    const page = await showPage();
    await page.openMicrophone();
    end(page);
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
  session.start();
  await pass(6000);
  assert.equal(audio.prompts.length, 1);
  audio.prompts[0].allow();
  await settled();
  assert.deepEqual(host.sentOf("mic_opened").map(({ request }) => request), [1]);
});

test("a microphone that is muted while it is being opened is opened, and captures nothing until it is unmuted", async () => {
  const { audio, host, openMicrophone, pass, session } = await showPage();
  await openMicrophone();
  session.command("mute");
  await pass(6000);
  audio.prompts[0].allow();
  await settled();
  assert.equal(host.sentOf("mic_opened").length, 1);
  const node = audio.node("micdrop-capture");
  assert.deepEqual(node.posted, [{ type: "mute", isMuted: true }]);
  session.command("unmute");
  assert.deepEqual(node.posted.at(-1), { type: "mute", isMuted: false });
});

test("what cannot be played reaches the kernel and the panel; so does what was thrown away while the kernel was silent", async () => {
  const { audio, clock, host, openMicrophone, session } = await showPage();
  const play = async (epoch) => {
    host.receive({ type: "play", epoch, position: 0 }, new Int16Array(128));
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

test("a page that is told of items behind some that it lacks asks for the whole conversation, once", async () => {
  const { host, session } = await showPage();
  const item = (content) => ({ role: "user", content });
  const texts = () => session.state.conversation.map(({ content }) => content);
  host.receive({ type: "conversation", from: 2, items: [item("c")] });
  assert.deepEqual([texts(), host.sentOf("hello").length], [[], 1], "its hello is on the way");
  host.receive({ type: "conversation", from: 0, items: [item("a"), item("b"), item("c")] });
  host.receive({ type: "conversation", from: 4, items: [item("e")] });
  host.receive({ type: "conversation", from: 5, items: [item("f")] });
  assert.deepEqual([texts(), host.sentOf("hello").length], [["a", "b", "c"], 2]);
  host.receive({ type: "conversation", from: 0, items: ["a", "b", "c", "d", "e", "f"].map(item) });
  assert.deepEqual(texts(), ["a", "b", "c", "d", "e", "f"]);
});
