import assert from "node:assert/strict";
import { test } from "node:test";

import {
  describeControls,
  describeError,
  describeNote,
  describeNotices,
  describePage,
  describeState,
  describeTakeOver,
  isWaitingForPage,
} from "../../src/view/labels.js";
import { panelState } from "../fakes/panel-state.js";

const state = panelState;
/** @param {Partial<import("../../src/session/state.js").PanelState>} [changes] */
const inCall = (changes = {}) => state({ isStarted: true, isMicStarted: true, _owner: "f1", wasStarted: true, ...changes });

/** @type {[string, string, object][]} */
const rows = [
  ["not-started", "Not started", state()],
  ["starting", "Starting…", state({ isStartRequested: true })],
  ["waiting-microphone", "Waiting for the microphone…", state({ isStarting: true })],
  ["connecting", "Connecting…", state({ isStarting: true, isMicStarted: true })],
  ["listening", "Listening", inCall({ isListening: true })],
  ["user-speaking", "You are speaking", inCall({ isUserSpeaking: true })],
  ["thinking", "Thinking…", inCall({ isProcessing: true })],
  ["assistant-speaking", "Assistant is speaking", inCall({ isAssistantSpeaking: true })],
  ["assistant-speaking", "Assistant is speaking", inCall({ isAssistantSpeaking: true, isMuted: true, isMicMuted: true })],
  ["muted", "Muted", inCall({ isMuted: true, isMicMuted: true })],
  ["muted", "Muted", inCall({ isListening: true, isMuteRequested: true })],
  ["paused", "Paused", inCall({ isPaused: true, isMicMuted: true, isMuted: true })],
  ["paused", "Paused", inCall({ isUserSpeaking: true, isPauseRequested: true })],
  ["reconnecting", "Reconnecting…", inCall({ isReconnecting: true, isMicMuted: true })],
  ["microphone-off", "Microphone is off", inCall({ isMicStarted: false })],
  ["microphone-on-hold", "Microphone is on hold", inCall({ isMicMuted: true })],
  ["microphone-only", "Microphone is on, no call", state({ isMicStarted: true, isListening: true })],
  ["stopping", "Stopping…", inCall({ isListening: true, isStopRequested: true })],
  ["ended", "Call ended", state({ wasStarted: true })],
  ["ended", "Call ended", state({ conversation: [{ role: "user", content: "Hello" }] })],
  ["ended", "Call ended", state({ _ended_by: "cell_run_again" })],
  ["failed", "Could not start", state({ wasStarted: true, hasStartFailed: true })],
  ["silent", "No answer from the kernel", inCall({ isOnHold: true, isKernelSilent: true })],
  ["disconnected", "No connection to the kernel", inCall({ isUserSpeaking: true, isKernelLost: true })],
  ["closed", "Call closed", inCall({ _closed: true })],
  ["saved", "Saved panel", inCall({ isSaved: true })],
  ["saved", "Saved panel", state({ isSaved: true, _closed: true, isKernelLost: true })],
];

for (const [id, words, shown] of rows) {
  test(`"${words}" (${id})`, () => {
    const label = describeState(shown);
    assert.equal(label.id, id);
    assert.equal(label.words, words);
  });
}

test("the first button starts, and stops from the click on", () => {
  assert.equal(describeControls(state()).start.action, "start");
  for (const changes of [{ isStartRequested: true }, { isStarting: true }, { isStarted: true }]) {
    assert.equal(describeControls(state(changes)).start.action, "stop");
  }
  assert.equal(describeControls(inCall({ isStopRequested: true })).start.isEnabled, false);
});

test("a cell that was run again says that this has ended its call, and offers to go on, until it does", () => {
  const again = state({ _ended_by: "cell_run_again" });
  assert.equal(describeControls(again).start.label, "Start again");
  assert.equal(describeNote(again), "The call of this cell ended because the cell ran again. Start again to go on.");
  assert.equal(describeNote(inCall({ _ended_by: "cell_run_again" })), "");
  assert.equal(describeControls(state()).start.label, "Start");
  const removed = "The call ended because its panel was removed from the page. Start again to go on.";
  assert.equal(describeNote(state({ _ended_by: "panel_removed" })), removed);
});

test("mute and pause show the requested state before the kernel confirms it", () => {
  const { mute, pause } = describeControls(inCall({ isMuteRequested: true, isPauseRequested: true }));
  assert.deepEqual([mute.action, mute.isPressed, pause.action, pause.isPressed], ["unmute", true, "resume", true]);
});

test("without a call there is nothing to mute or pause", () => {
  const { mute, pause } = describeControls(state());
  assert.deepEqual([mute.isEnabled, pause.isEnabled], [false, false]);
});

test("a call that has lost its microphone can be rejoined, until the click", () => {
  const error = { code: "Mic", message: "", remedy: "" };
  assert.equal(describeTakeOver(inCall({ isMicStarted: false, error })), "Rejoin with the microphone");
  assert.equal(describeTakeOver(inCall({ isMicStarted: false, _owner: null })), "Rejoin with the microphone");
  assert.equal(describeTakeOver(inCall({ isMicStarted: false })), null, "it is being heard out, and needs none");
  assert.equal(describeTakeOver(inCall()), null);
  assert.equal(describeTakeOver(inCall({ isMicStarted: false, _owner: null, isStartRequested: true })), null);
  assert.equal(describeTakeOver(state()), null);
});

test("a page may rejoin by itself only where a call waits for one", () => {
  const waiting = { isMicStarted: false, _owner: null };
  assert.equal(isWaitingForPage(inCall(waiting)), true);
  const error = { code: "Mic", message: "", remedy: "" };
  /** @type {object[]} */
  const others = [{ _owner: "f2" }, { isMicStarted: true }, { isStarted: false }, { error }, { isStopRequested: true }, { isKernelLost: true }];
  for (const changes of others) assert.equal(isWaitingForPage(inCall({ ...waiting, ...changes })), false, JSON.stringify(changes));
});

test("a page that does not own the call can take it over, until the click", () => {
  assert.equal(describeTakeOver(inCall({ _owner: "f2" })), "Use the microphone here");
  assert.equal(describeTakeOver(state({ isMicStarted: true, _owner: "f2" })), "Use the microphone here");
  assert.equal(describeTakeOver(state({ _owner: "f2" })), null, "there is nothing to take over");
  for (const changes of [{ isStartRequested: true }, { isStopRequested: true }, { isKernelLost: true }, { _closed: true }]) {
    assert.equal(describeTakeOver(inCall({ _owner: "f2", ...changes })), null);
  }
});

test("a silent kernel is told apart from a busy one: the microphone is released", () => {
  assert.match(describeNote(inCall({ isOnHold: true, isKernelSilent: true })), /microphone is released/);
  assert.equal(describeTakeOver(inCall({ isKernelSilent: true })), null, "it goes on by itself");
});

test("without a kernel only a new start is offered", () => {
  const { start, mute, pause } = describeControls(inCall({ isKernelLost: true }));
  assert.deepEqual([start.action, start.isEnabled, mute.isEnabled, pause.isEnabled], ["start", true, false, false]);
  assert.match(describeNote(inCall({ isKernelLost: true })), /Run the cell again/);
});

test("a closed call offers nothing but the cell", () => {
  const closed = inCall({ _closed: true });
  assert.ok(Object.values(describeControls(closed)).every(({ isEnabled }) => !isEnabled));
  assert.equal(describeNote(closed), "This call was closed: run the cell again.");
});

test("the note names the other tab only while it has the microphone", () => {
  assert.equal(describeNote(inCall({ _owner: "f2" })), "The microphone is used in another tab.");
  assert.equal(describeNote(inCall({ isLineSlow: true })), "The line is slow: your voice is sent in telephone quality.");
  assert.equal(describeNote(inCall()), "");
  assert.equal(describeNote(state({ _owner: "f2" })), "");
});

test("the kernel's error goes before what only the page knows", () => {
  const error = { code: "Mic", message: "No microphone.", remedy: "Plug one in." };
  assert.deepEqual(describeError(state({ error, problem: "other" })), { message: "No microphone.", remedy: "Plug one in." });
  assert.deepEqual(describeError(state({ problem: "other" })), { message: "other", remedy: "" });
  assert.equal(describeError(state()), null);
});

test("a saved panel offers nothing that needs a kernel, and says how to have one", () => {
  const saved = inCall({ isSaved: true, isMicStarted: false, _owner: null });
  const controls = describeControls(saved);
  assert.equal(controls.start.action, "start");
  assert.deepEqual(Object.values(controls).map(({ isEnabled }) => isEnabled), [false, false, false]);
  assert.equal(describeTakeOver(saved), null);
  assert.match(describeNote(saved), /saved with the notebook.*Run the cell again/);
});

test("a mute that outlives the call is said, and can be withdrawn", () => {
  const ended = state({ wasStarted: true, isMuted: true });
  assert.equal(describeNote(ended), "You are still muted, also in the next call.");
  const { mute } = describeControls(ended);
  assert.deepEqual([mute.action, mute.isEnabled, mute.isPressed], ["unmute", true, true]);
  assert.equal(describeNote(inCall({ isMuted: true })), "");
  assert.equal(describeControls(state({ wasStarted: true })).mute.isEnabled, false, "there is nothing to mute");
});

test("a notice is one line of words, and none is shown of a call that cannot be reached", () => {
  const notices = [{ code: "SilentMicrophone", message: "The microphone gives no sound:", remedy: "is it switched off?" }];
  const words = "The microphone gives no sound: is it switched off?";
  assert.deepEqual(describeNotices(inCall({ notices })), [{ code: "SilentMicrophone", words }]);
  assert.deepEqual(describeNotices(inCall({ notices, isKernelLost: true })), []);
  assert.deepEqual(describeNotices(inCall()), []);
});

test("a page that another tab has taken over says so, and one whose process has gone waits for it", () => {
  const moved = inCall({ place: "page", isKernelLost: true, lostReason: "moved" });
  assert.deepEqual([describeState(moved).id, describeState(moved).words], ["moved", "Open in another tab"]);
  assert.match(describeNote(moved), /Reload this page to have the call here/);
  const gone = inCall({ place: "page", isKernelLost: true, lostReason: "unreachable" });
  assert.deepEqual([describeState(gone).id, describeState(gone).words], ["disconnected", "No connection to Python"]);
  assert.match(describeNote(gone), /The microphone is released/);
  for (const state of [moved, gone, inCall({ place: "page", _closed: true }), inCall({ place: "page", isKernelSilent: true })]) {
    assert.doesNotMatch(describeNote(state), /kernel|cell/);
    assert.equal(describeControls(state).start.isEnabled, state.isKernelSilent);
  }
});

test("where there is no microphone a page of the kernel's own is offered, and then its address without the token", () => {
  assert.equal(describePage(panelState()), null);
  assert.equal(describePage(panelState({ offersPage: true, _closed: true })), null);
  const words = (/** @type {string | null} */ hostName) => describePage(panelState({ offersPage: true, hostName }));
  assert.deepEqual(words(null), { words: "Call from a page of its own: this page gives no microphone", url: null });
  assert.deepEqual(words("VS Code"), { words: "Call from a page of its own: VS Code gives no microphone", url: null });
  const pageUrl = "http://127.0.0.1:8765/#secret";
  assert.deepEqual(describePage(panelState({ offersPage: true, pageUrl })), {
    words: "Open 127.0.0.1:8765 in a browser",
    url: pageUrl,
  });
  assert.equal(describePage(panelState({ pageUrl }))?.url, pageUrl, "Python has opened it");
  assert.equal(describePage(panelState({ place: "page", pageUrl })), null, "it is that page");
});
