import assert from "node:assert/strict";
import { test } from "node:test";

import { Commands } from "../../src/session/commands.js";

/** Commands whose every effect is noted, in order. */
function noted({ isMicStarted = false } = {}) {
  /** @type {unknown[]} */
  const effects = [];
  const note =
    (/** @type {string} */ name) =>
    (/** @type {unknown[]} */ ...values) => {
      effects.push(values.length === 0 ? name : [name, ...values]);
    };
  const parts = {
    pageId: "here",
    host: { state: { isMicStarted } },
    outbox: { send: (/** @type {any} */ { content }) => effects.push(["send", content.name ?? content.device_id]) },
    audio: { resume: note("resume"), start: note("start audio"), hold: note("hold"), allow: note("allow") },
    microphone: { rememberDevice: note("remember") },
    pendingRequests: { add: note("pending") },
  };
  return { commands: new Commands(/** @type {any} */ (parts)), effects };
}

test("a start is pending and sent before the audio context holds the page up", () => {
  const { commands, effects } = noted();
  commands.onPending((name) => effects.push(["announce", name]));
  commands.start();
  assert.deepEqual(effects, ["resume", ["pending", "start"], ["announce", "start"], ["send", "start"], "start audio"]);
});

test("taking over and stopping act in the page before the kernel knows", () => {
  const { commands, effects } = noted();
  commands.takeOver();
  commands.stop();
  assert.deepEqual(effects, [
    "resume",
    ["pending", "take_over"],
    ["send", "take_over"],
    "start audio",
    "hold",
    ["pending", "stop"],
    ["send", "stop"],
  ]);
});

test("a device is remembered where the microphone is off: on, it may fail", () => {
  const off = noted();
  off.commands.chooseDevice("microphone", "usb");
  assert.deepEqual(off.effects, [["remember", "microphone", "usb"], ["send", "usb"]]);
  const on = noted({ isMicStarted: true });
  on.commands.chooseDevice("speaker", "hdmi");
  assert.deepEqual(on.effects, [["send", "hdmi"]]);
});

test("allowing audio asks for nothing of the kernel", () => {
  const { commands, effects } = noted();
  commands.allowAudio();
  assert.deepEqual(effects, ["allow"]);
});
