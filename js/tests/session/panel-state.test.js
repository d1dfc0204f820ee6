import assert from "node:assert/strict";
import { test } from "node:test";

import { ReceivedDetails } from "../../src/session/details.js";
import { PagePanelState } from "../../src/session/panel-state.js";
import { PendingRequests } from "../../src/session/pending-requests.js";
import { FakeHost } from "../fakes/host.js";
import { panelState } from "../fakes/panel-state.js";

function parts() {
  const host = new FakeHost();
  const engine = { isBlocked: false };
  const microphone = { isOpen: false, isOpening: false, isOnHold: false, isCompanding: false, isKernelSilent: false };
  const pendingRequests = new PendingRequests();
  const details = new ReceivedDetails();
  const state = new PagePanelState(/** @type {any} */ ({ pageId: "f1", host, engine, microphone, pendingRequests, details }));
  return { state, host, engine, microphone, pendingRequests, details };
}

test("before anything has happened, the panel shows the initial state, every field of it", () => {
  assert.deepEqual(parts().state.current, panelState());
});

test("the call's state is the host's with the details that came in messages", () => {
  const { state, host, details } = parts();
  host.change({ isStarted: true, _owner: "f2" });
  details.receiveFields({ type: "details", fields: { partialAssistantMessage: "It is" } });
  const { call } = state;
  assert.deepEqual([call.isStarted, call._owner, call.partialAssistantMessage], [true, "f2", "It is"]);
  assert.deepEqual(state.current, panelState({ isStarted: true, _owner: "f2", partialAssistantMessage: "It is" }));
});

/** @type {[keyof import("../../src/session/state.js").PanelState, unknown, (page: any) => void][]} */
const rows = [
  ["isAudioBlocked", true, ({ engine }) => (engine.isBlocked = true)],
  ["hasMicrophone", true, ({ microphone }) => (microphone.isOpen = true)],
  ["isMicrophoneOpening", true, ({ microphone }) => (microphone.isOpening = true)],
  ["isOnHold", true, ({ microphone }) => (microphone.isOnHold = true)],
  ["isLineSlow", true, ({ microphone }) => (microphone.isCompanding = true)],
  ["isKernelSilent", true, ({ microphone }) => (microphone.isKernelSilent = true)],
  ["isStartRequested", true, ({ pendingRequests }) => (pendingRequests.isStartRequested = true)],
  ["isStopRequested", true, ({ pendingRequests }) => (pendingRequests.isStopRequested = true)],
  ["isMuteRequested", true, ({ pendingRequests }) => (pendingRequests.isMuteRequested = true)],
  ["isPauseRequested", true, ({ pendingRequests }) => (pendingRequests.isPauseRequested = true)],
  ["hasStartFailed", true, ({ pendingRequests }) => (pendingRequests.hasStartFailed = true)],
  ["isKernelSlow", true, ({ pendingRequests }) => (pendingRequests.isKernelSlow = true)],
  ["lostReason", "away", ({ host }) => (host.lostReason = "away")],
  ["isSaved", true, ({ host }) => (host.isSaved = true)],
  ["place", "page", ({ host }) => (host.place = "page")],
  ["hostName", "VS Code", ({ host }) => (host.hostName = "VS Code")],
  ["offersPage", true, ({ host }) => (host.offersPage = true)],
  ["isKernelLost", true, ({ state }) => (state.isKernelLost = true)],
  ["wasStarted", true, ({ state }) => (state.wasStarted = true)],
  ["problem", "It broke.", ({ state }) => (state.problem = "It broke.")],
  ["pageUrl", "http://127.0.0.1:1/", ({ state }) => (state.pageUrl = "http://127.0.0.1:1/")],
];

for (const [field, value, change] of rows) {
  test(`${field} is read from where it changes, and nothing else follows`, () => {
    const page = parts();
    change(page);
    assert.deepEqual(page.state.current, panelState({ [field]: value }));
  });
}
