import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Listeners } from "../../src/listeners.js";
import { Panel } from "../../src/view/panel.js";
import { restoreClock, useFakeClock } from "../fakes/clock.js";
import { FakeResizeObserver, byTestId, installDom, press } from "../fakes/dom.js";
import { inCall, panelState } from "../fakes/panel-state.js";

const ERROR = { code: "Server", message: "The server is away.", remedy: "Start it." };

/** What a panel sees of a session. */
class FakeSession {
  /** @type {unknown[][]} */
  calls = [];
  views = 0;
  state = panelState();
  changes = new Listeners();
  levels = new Listeners();
  readouts = new Listeners();
  onChange = this.changes.add;
  onLevel = this.levels.add;
  onVadReadout = this.readouts.add;
  commands = {
    start: () => this.calls.push(["start"]),
    stop: () => this.calls.push(["stop"]),
    takeOver: () => this.calls.push(["takeOver"]),
    openPage: () => this.calls.push(["openPage"]),
    allowAudio: () => this.calls.push(["allowAudio"]),
    send: (/** @type {string} */ name) => this.calls.push(["send", name]),
    chooseDevice: (/** @type {string} */ kind, /** @type {string} */ id) => this.calls.push(["chooseDevice", kind, id]),
  };

  enter() {
    this.views++;
    return () => this.views--;
  }

  /** @param {import("../../src/session/state.js").PanelState} state */
  show(state) {
    this.state = state;
    this.changes.emit();
  }
}

function setUp(state = panelState()) {
  const host = installDom();
  const session = new FakeSession();
  session.state = state;
  const panel = new Panel(host, /** @type {any} */ (session));
  const root = /** @type {HTMLElement} */ (host.firstElementChild);
  return { host, panel, root, session, find: (/** @type {string} */ id) => byTestId(root, id) };
}

afterEach(restoreClock);

test("state, icon, tone and button follow the session", () => {
  const { root, session, find } = setUp();
  assert.deepEqual([root.dataset.state, root.dataset.tone, find("state").textContent], ["not-started", "idle", "Not started"]);
  assert.equal(find("start").textContent, "Start");
  session.show(inCall());
  assert.deepEqual([root.dataset.state, root.dataset.tone, find("state").textContent], ["listening", "listen", "Listening"]);
  assert.equal(find("start").textContent, "Stop");
  assert.equal(root.querySelector(".micdrop-badge svg")?.getAttribute("data-icon"), "microphone");
});

test("the buttons do what they say", () => {
  const { session, find } = setUp();
  find("start").click();
  find("mute").click();
  assert.deepEqual(session.calls, [["start"]], "before the call there is nothing to mute");
  session.show(inCall());
  for (const id of ["mute", "pause", "start"]) find(id).click();
  session.show(inCall({ isMuted: true, isPaused: true }));
  for (const id of ["mute", "pause"]) find(id).click();
  assert.deepEqual(session.calls.slice(1), [
    ["send", "mute"],
    ["send", "pause"],
    ["stop"],
    ["send", "unmute"],
    ["send", "resume"],
  ]);
});

test("what is only offered at times is hidden at others", () => {
  const { session, find } = setUp(inCall());
  for (const id of ["allow-audio", "take-over", "note", "error"]) assert.equal(find(id).hidden, true, id);
  session.show(inCall({ isAudioBlocked: true, _owner: "f2", error: ERROR }));
  find("allow-audio").click();
  find("take-over").click();
  assert.deepEqual(session.calls, [["allowAudio"], ["takeOver"]]);
  assert.equal(find("take-over").textContent, "Use the microphone here");
  assert.equal(find("note").textContent, "The microphone is used in another tab.");
  assert.equal(find("error").textContent, "The server is away.Start it.");
});

test("letters typed on a button of the panel do not reach the notebook; Shift+Enter does", () => {
  const { find } = setUp(inCall());
  /** @type {string[]} */
  const reached = [];
  document.addEventListener("keydown", ({ key }) => reached.push(key));
  for (const key of ["m", "d", "d", "0"]) press(find("mute"), key);
  press(find("conversation"), "x");
  press(find("mute"), "Enter", { shiftKey: true });
  assert.deepEqual(reached, ["Enter"]);
});

test("the badge follows the voice that the state is about", async () => {
  const clock = useFakeClock();
  const { root, session } = setUp(inCall({ isUserSpeaking: true }));
  const badge = /** @type {HTMLElement} */ (root.querySelector(".micdrop-badge"));
  const pulse = () => badge.style.getPropertyValue("--micdrop-pulse");
  session.levels.emit("speaker", 1);
  assert.equal(pulse(), "");
  session.levels.emit("microphone", 1);
  await clock.pass(300);
  assert.equal(pulse(), "1");
});

test("the speech line is there while the call listens", () => {
  const { root, session } = setUp(inCall());
  const line = /** @type {HTMLElement} */ (root.querySelector(".micdrop-meter-speech"));
  session.readouts.emit({ probability: 0.9, levelDb: -20 });
  assert.equal(line.hidden, false);
  session.show(inCall({ isMicMuted: true }));
  session.readouts.emit({ probability: 0.9, levelDb: -20 });
  session.show(inCall());
  assert.equal(line.style.transform, "scaleX(0.9)");
});

test("two views count twice, and a disposed one leaves nothing behind", () => {
  const { host, panel, session } = setUp();
  const second = new Panel(host, /** @type {any} */ (session));
  assert.equal(session.views, 2);
  panel.dispose();
  second.dispose();
  assert.equal(session.views, 0);
  assert.equal(host.childElementCount, 0);
  assert.equal(FakeResizeObserver.observing.size, 0);
  session.show(inCall());
});

test("notices are lines of their own, and a microphone without sound unfolds the devices beside its line", () => {
  const { session, find } = setUp(inCall());
  assert.equal(find("notices").hidden, true);
  const silent = { code: "SilentMicrophone", message: "No sound:", remedy: "switched off?" };
  const unanswered = { code: "NoAnswer", message: "No answer.", remedy: "Say it once more." };
  session.show(inCall({ notices: [silent, unanswered] }));
  const lines = [...find("notices").children].map((line) => line.textContent);
  assert.deepEqual([find("notices").hidden, lines], [false, ["No sound: switched off?", "No answer. Say it once more."]]);
  assert.equal(find("notices").nextElementSibling, find("microphone-device").closest(".micdrop-devices"));
  assert.equal(find("devices").getAttribute("aria-expanded"), "true");
  session.show(inCall({ notices: [unanswered] }));
  assert.deepEqual([find("notices").children.length, find("devices").getAttribute("aria-expanded")], [1, "false"]);
  session.show(inCall());
  assert.equal(find("notices").hidden, true);
});

test("where there is no microphone a page is asked for, and then led to", () => {
  const { session, find } = setUp(panelState({ offersPage: true }));
  assert.deepEqual([find("open-page").hidden, find("page-link").hidden], [false, true]);
  find("open-page").click();
  assert.deepEqual(session.calls, [["openPage"]]);
  session.show(panelState({ offersPage: true, pageUrl: "http://127.0.0.1:8765/#secret" }));
  assert.deepEqual([find("open-page").hidden, find("page-link").hidden], [true, false]);
  assert.equal(find("page-link").getAttribute("href"), "http://127.0.0.1:8765/#secret");
  assert.equal(find("page-link").textContent, "Open 127.0.0.1:8765 in a browser");
  assert.equal(find("page-link").getAttribute("rel"), "noopener noreferrer");
});
