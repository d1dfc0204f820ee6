import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Outbox } from "../../src/session/outbox.js";

function setUp() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const sent = [];
  const outbox = new Outbox({ send: (message) => sent.push(message), bundle: (all) => all.join("+"), now: () => Date.now() });
  return { outbox, sent };
}

test("what can wait goes with the next message, before it, and knows how long it has waited", () => {
  const { outbox, sent } = setUp();
  outbox.send("frame");
  outbox.sendDeferred((waitedMs) => `heard ${waitedMs} ms ago`);
  mock.timers.tick(30);
  outbox.sendDeferred((waitedMs) => `heard ${waitedMs} ms ago`);
  mock.timers.tick(2);
  assert.deepEqual(sent, ["frame"]);
  outbox.send("frame");
  outbox.send("frame");
  mock.timers.tick(1000);
  assert.deepEqual(sent, ["frame", "heard 32 ms ago+heard 2 ms ago+frame", "frame"]);
});

test("where nothing comes to go along with it goes alone", () => {
  const { outbox, sent } = setUp();
  outbox.sendDeferred((waitedMs) => `heard ${waitedMs} ms ago`);
  mock.timers.tick(99);
  assert.deepEqual(sent, []);
  mock.timers.tick(1);
  assert.deepEqual(sent, ["heard 100 ms ago"]);
});

test("when all is over nothing is sent, neither what waits nor what comes late", () => {
  const { outbox, sent } = setUp();
  outbox.sendDeferred(() => "waiting");
  outbox.close();
  outbox.sendDeferred(() => "late");
  outbox.send("late");
  mock.timers.tick(1000);
  assert.deepEqual(sent, []);
});
