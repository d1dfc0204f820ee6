import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { INITIAL_CALL_STATE } from "../../src/session/state.js";
import { PendingRequests } from "../../src/session/pending-requests.js";

const call = (changes = {}) => ({ ...INITIAL_CALL_STATE, ...changes });

test("a pending mute keeps the microphone shut until the kernel's own mute does", () => {
  const pending = new PendingRequests();
  pending.add("mute");
  assert.ok(pending.mutesMicrophone);
  pending.settle(call({ isStarted: true }));
  assert.ok(pending.mutesMicrophone, "an unrelated change of the state does not open it");
  pending.settle(call({ isStarted: true, isMuted: true, isMicMuted: true }));
  assert.ok(!pending.mutesMicrophone);
  pending.dispose();
});

test("an unmute opens the microphone at once; a resume withdraws the pause alone", () => {
  const pending = new PendingRequests();
  pending.add("mute");
  pending.add("pause");
  pending.add("resume");
  assert.ok(pending.mutesMicrophone);
  pending.add("unmute");
  assert.ok(!pending.mutesMicrophone);
  pending.dispose();
});

test("a start is settled by the call's state or by a new error", () => {
  const pending = new PendingRequests();
  pending.add("start");
  pending.settle(call());
  assert.ok(pending.isStartRequested);
  pending.settle(call({ error: { code: "MissingUrl", message: "", remedy: "" } }));
  assert.ok(!pending.isStartRequested);
  pending.dispose();
});

test("a start is settled when the call that it was to join is over", () => {
  const pending = new PendingRequests();
  pending.settle(call({ isStarted: true }));
  pending.add("take_over");
  pending.settle(call());
  assert.ok(!pending.isStartRequested);
  pending.add("start");
  pending.settle(call());
  assert.ok(pending.isStartRequested, "it asks for the next one");
  pending.dispose();
});

test("a kernel that does not answer is called slow after 1.5 s, and not any more once it answers", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let changes = 0;
  const pending = new PendingRequests();
  pending.onSlow(() => changes++);
  pending.add("start");
  mock.timers.tick(1499);
  assert.ok(!pending.isKernelSlow);
  mock.timers.tick(1);
  assert.ok(pending.isKernelSlow);
  assert.equal(changes, 1);
  pending.settle(call({ isStarting: true }));
  assert.ok(!pending.isKernelSlow);
  mock.timers.reset();
});

const ERROR = { code: "Server", message: "", remedy: "" };

test("a start that ends with an error before the call is up has failed, in whatever order the kernel says so", () => {
  const orders = {
    "the error first": [{ isStarting: true }, { isStarting: true, error: ERROR }, { error: ERROR }],
    "the error last": [{ isStarting: true }, {}, { error: ERROR }],
    "an error alone": [{ error: ERROR }],
  };
  for (const [order, states] of Object.entries(orders)) {
    const pending = new PendingRequests();
    pending.add("start");
    for (const state of states) pending.settle(call(state));
    assert.equal(pending.hasStartFailed, true, order);
    pending.add("start");
    assert.equal(pending.hasStartFailed, false, "the next start may succeed");
    pending.dispose();
  }
});

test("a call that was up and ended with an error is no failed start, nor is an error after Stop", () => {
  const pending = new PendingRequests();
  pending.add("start");
  for (const state of [{ isStarting: true }, { isStarted: true }, { error: ERROR }]) pending.settle(call(state));
  assert.equal(pending.hasStartFailed, false);
  pending.add("start");
  pending.settle(call({ isStarting: true }));
  pending.add("stop");
  pending.settle(call({ error: { ...ERROR } }));
  assert.equal(pending.hasStartFailed, false);
  pending.dispose();
});

test("an old error makes no failed start while the new one is pending", () => {
  const pending = new PendingRequests();
  pending.settle(call({ error: ERROR }));
  pending.add("start");
  pending.settle(call({ error: ERROR, isListening: true }));
  assert.deepEqual([pending.isStartRequested, pending.hasStartFailed], [true, false]);
  pending.dispose();
});
