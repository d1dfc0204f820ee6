import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Heartbeat } from "../../src/session/heartbeat.js";

function watched() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval"] });
  const clock = { ms: 0, silences: 0 };
  const heartbeat = new Heartbeat({ now: () => clock.ms, onSilent: () => clock.silences++ });
  const pass = (ms) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.ms += 100;
      mock.timers.tick(100);
    }
  };
  heartbeat.watch();
  return { clock, heartbeat, pass };
}

test("a kernel that says nothing for 4 s is silent, once", () => {
  const { clock, heartbeat, pass } = watched();
  pass(3900);
  assert.deepEqual([clock.silences, heartbeat.isSilent], [0, false]);
  pass(600);
  assert.deepEqual([clock.silences, heartbeat.isSilent], [1, true]);
  pass(10_000);
  assert.equal(clock.silences, 1);
  heartbeat.end();
});

test("a kernel that says something every second is not, however long it takes", () => {
  const { clock, heartbeat, pass } = watched();
  for (let second = 0; second < 60; second++) {
    pass(1000);
    heartbeat.hear();
  }
  assert.equal(clock.silences, 0);
  heartbeat.end();
});

test("a page that was held up itself first reads what came meanwhile", () => {
  const { clock, heartbeat, pass } = watched();
  pass(1000);
  clock.ms += 60_000;
  mock.timers.tick(500);
  assert.equal(clock.silences, 0);
  heartbeat.hear();
  pass(3900);
  assert.equal(clock.silences, 0);
  heartbeat.end();
});

test("where timers are late, what happens meanwhile is looked at, but not more often than they would look", () => {
  const { clock, heartbeat } = watched();
  for (let frame = 0; frame < 300 && !heartbeat.isSilent; frame++) {
    clock.ms += 32;
    heartbeat.look();
  }
  assert.deepEqual([clock.silences, heartbeat.isSilent], [1, true]);
  assert.ok(clock.ms >= 4000 && clock.ms < 4600, `${clock.ms} ms`);
  heartbeat.watch();
  clock.ms += 60_000;
  for (let frame = 0; frame < 100; frame++) heartbeat.look(); // what waited while the page was held up
  assert.equal(clock.silences, 1);
  heartbeat.end();
  clock.ms += 60_000;
  heartbeat.look();
  assert.equal(clock.silences, 1, "nothing is watched any more");
});

test("without a microphone nothing is expected, and a new one is waited for anew", () => {
  const { clock, heartbeat, pass } = watched();
  heartbeat.end();
  pass(60_000);
  assert.equal(clock.silences, 0);
  heartbeat.watch();
  pass(5000);
  assert.ok(heartbeat.isSilent);
  heartbeat.watch();
  assert.ok(!heartbeat.isSilent);
  heartbeat.end();
});
