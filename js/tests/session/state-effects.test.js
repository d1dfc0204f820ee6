import assert from "node:assert/strict";
import { test } from "node:test";

import { INITIAL_CALL_STATE } from "../../src/session/state.js";
import { StateEffects } from "../../src/session/state-effects.js";

/** @param {Partial<import("../../src/session/state.js").CallState>} [state] */
function parts(state = {}) {
  /** @type {string[]} */
  const effects = [];
  const call = { ...INITIAL_CALL_STATE, ...state };
  const microphone = { isMuted: false };
  const panelState = { call, wasStarted: false };
  const pendingRequests = { mutesMicrophone: false, settle: (/** @type {unknown} */ settled) => effects.push(settled === call ? "settle" : "?") };
  const stateEffects = new StateEffects(
    /** @type {any} */ ({
      host: { state: call },
      microphone,
      speaker: { resume: () => effects.push("resume") },
      audio: { release: () => effects.push("release") },
      pendingRequests,
      panelState,
      idleRelease: { restart: () => effects.push("restart idle time") },
      changes: { note: () => effects.push("note") },
    }),
  );
  return { stateEffects, effects, microphone, panelState, pendingRequests };
}

const ITEM = /** @type {const} */ ({ role: "user", content: "Hello." });

/** @type {[string, Partial<import("../../src/session/state.js").CallState>, string[], boolean][]} */
const rows = [
  ["without a call the speaker plays what comes", {}, ["resume"], false],
  ["while a call starts, held audio stays held", { isStarting: true }, [], false],
  ["in a call the page notes that one has run", { isStarted: true }, [], true],
  ["a conversation shows that a call has run", { conversation: [ITEM] }, ["resume"], true],
  ["of a widget that is closed everything is released", { _closed: true }, ["resume", "release"], false],
];

for (const [what, state, expected, wasStarted] of rows) {
  test(what, () => {
    const { stateEffects, effects, panelState } = parts(state);
    stateEffects.apply();
    assert.deepEqual(effects, ["settle", ...expected, "restart idle time", "note"]);
    assert.equal(panelState.wasStarted, wasStarted);
  });
}

test("that a call has run is true when it is over", () => {
  const { stateEffects, panelState } = parts({ isStarted: true });
  stateEffects.apply();
  panelState.call = INITIAL_CALL_STATE;
  stateEffects.apply();
  assert.equal(panelState.wasStarted, true);
});

for (const [isMicMuted, mutesMicrophone] of [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
]) {
  test(`the microphone follows mute by the kernel (${isMicMuted}) and by a pending request (${mutesMicrophone})`, () => {
    const { stateEffects, microphone, pendingRequests } = parts({ isMicMuted });
    pendingRequests.mutesMicrophone = mutesMicrophone;
    microphone.isMuted = !(isMicMuted || mutesMicrophone);
    stateEffects.apply();
    assert.equal(microphone.isMuted, isMicMuted || mutesMicrophone);
  });
}
