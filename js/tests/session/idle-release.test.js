import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { IdleRelease, isAudioNeeded } from "../../src/session/idle-release.js";
import { restoreClock, useFakeClock } from "../fakes/clock.js";
import { panelState } from "../fakes/panel-state.js";

afterEach(restoreClock);

/** @type {[string, Partial<import("../../src/session/state.js").PanelState>, boolean][]} */
const rows = [
  ["before anything happens", {}, false],
  ["in a call that has no owner", { isStarted: true }, true],
  ["in a call of this page", { isStarted: true, _owner: "f1" }, true],
  ["while a call of this page starts", { isStarting: true, _owner: "f1" }, true],
  ["in a call of another page", { isStarted: true, _owner: "f2" }, false],
  ["while Start is not confirmed", { isStartRequested: true, _owner: "f2" }, true],
  ["while the microphone is open", { hasMicrophone: true }, true],
  ["while the microphone is being opened", { isMicrophoneOpening: true, _owner: "f2" }, true],
  ["after the call", { wasStarted: true, isMuted: true }, false],
];

for (const [when, changes, isNeeded] of rows) {
  test(`${when} the audio device is ${isNeeded ? "" : "not "}needed`, () => assert.equal(isAudioNeeded(panelState(changes)), isNeeded));
}

test("the time is due 5 s after the last restart, once", async () => {
  const clock = useFakeClock();
  const release = new IdleRelease();
  /** @type {number[]} */
  const due = [];
  release.onDue(() => due.push(clock.now()));
  const beganMs = clock.now();
  release.restart();
  await clock.pass(3000);
  release.restart();
  await clock.pass(60_000);
  assert.deepEqual(due, [beganMs + 8000]);
  release.restart();
  release.dispose();
  await clock.pass(60_000);
  assert.equal(due.length, 1);
});
