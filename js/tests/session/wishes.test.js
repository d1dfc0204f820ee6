import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { INITIAL_CALL_STATE } from "../../src/session/state.js";
import { Wishes } from "../../src/session/wishes.js";

const call = (changes = {}) => ({ ...INITIAL_CALL_STATE, ...changes });

test("a mute gates the microphone until the kernel's mute takes over", () => {
  const wishes = new Wishes(() => undefined);
  wishes.ask("mute");
  assert.ok(wishes.isMicGated);
  wishes.follow(call({ isStarted: true }));
  assert.ok(wishes.isMicGated, "an unrelated change does not open it");
  wishes.follow(call({ isStarted: true, isMuted: true, isMicMuted: true }));
  assert.ok(!wishes.isMicGated);
  wishes.dispose();
});

test("an unmute opens the gate at once, a resume the one of the pause only", () => {
  const wishes = new Wishes(() => undefined);
  wishes.ask("mute");
  wishes.ask("pause");
  wishes.ask("resume");
  assert.ok(wishes.isMicGated);
  wishes.ask("unmute");
  assert.ok(!wishes.isMicGated);
  wishes.dispose();
});

test("a start is granted by the call's state or by a new error", () => {
  const wishes = new Wishes(() => undefined);
  wishes.ask("start");
  wishes.follow(call());
  assert.ok(wishes.isStartRequested);
  wishes.follow(call({ error: { code: "MissingUrl", message: "", remedy: "" } }));
  assert.ok(!wishes.isStartRequested);
  wishes.dispose();
});

test("a start is not waited for any more when the call that it was to join is over", () => {
  const wishes = new Wishes(() => undefined);
  wishes.follow(call({ isStarted: true }));
  wishes.ask("take_over");
  wishes.follow(call());
  assert.ok(!wishes.isStartRequested);
  wishes.ask("start");
  wishes.follow(call());
  assert.ok(wishes.isStartRequested, "it asks for the next one");
  wishes.dispose();
});

test("a kernel that does not answer is called slow after 1.5 s, and not any more once it answers", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let changes = 0;
  const wishes = new Wishes(() => changes++);
  wishes.ask("start");
  mock.timers.tick(1499);
  assert.ok(!wishes.isKernelSlow);
  mock.timers.tick(1);
  assert.ok(wishes.isKernelSlow);
  assert.equal(changes, 1);
  wishes.follow(call({ isStarting: true }));
  assert.ok(!wishes.isKernelSlow);
  mock.timers.reset();
});
