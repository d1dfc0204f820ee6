import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Outbox } from "../../src/session/outbox.js";

function setUp() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const sent = [];
  const bundle = (/** @type {any[]} */ messages) => /** @type {any} */ (messages.join("+"));
  /** @type {any} its messages are strings here */
  const outbox = new Outbox({ send: (message) => sent.push(message), bundle, now: () => Date.now() });
  return { outbox, sent };
}

test("a deferred message goes with the next one, before it, built with its delay", () => {
  const { outbox, sent } = setUp();
  outbox.send("frame");
  outbox.sendDeferred((delayMs) => `heard ${delayMs} ms ago`);
  mock.timers.tick(30);
  outbox.sendDeferred((delayMs) => `heard ${delayMs} ms ago`);
  mock.timers.tick(2);
  assert.deepEqual(sent, ["frame"]);
  outbox.send("frame");
  outbox.send("frame");
  mock.timers.tick(1000);
  assert.deepEqual(sent, ["frame", "heard 32 ms ago+heard 2 ms ago+frame", "frame"]);
});

test("a deferred message that no other carries goes alone, after 100 ms", () => {
  const { outbox, sent } = setUp();
  outbox.sendDeferred((delayMs) => `heard ${delayMs} ms ago`);
  mock.timers.tick(99);
  assert.deepEqual(sent, []);
  mock.timers.tick(1);
  assert.deepEqual(sent, ["heard 100 ms ago"]);
});

test("a closed outbox sends nothing, neither what was deferred nor what comes later", () => {
  const { outbox, sent } = setUp();
  outbox.sendDeferred(() => "waiting");
  outbox.close();
  outbox.sendDeferred(() => "late");
  outbox.send("late");
  mock.timers.tick(1000);
  assert.deepEqual(sent, []);
});
