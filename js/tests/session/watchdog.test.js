import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { KernelWatchdog } from "../../src/session/watchdog.js";

function startWatchdog() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval"] });
  const clock = { ms: 0, silences: 0 };
  const watchdog = new KernelWatchdog(() => clock.ms);
  watchdog.onSilent(() => clock.silences++);
  const pass = (ms) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.ms += 100;
      mock.timers.tick(100);
    }
  };
  watchdog.start();
  return { clock, watchdog, pass };
}

test("a kernel that sends nothing for 4 s is reported silent, once", () => {
  const { clock, watchdog, pass } = startWatchdog();
  pass(3900);
  assert.deepEqual([clock.silences, watchdog.isSilent], [0, false]);
  pass(600);
  assert.deepEqual([clock.silences, watchdog.isSilent], [1, true]);
  pass(10_000);
  assert.equal(clock.silences, 1);
  watchdog.stop();
});

test("a kernel that sends something every second is not silent, however long it goes on", () => {
  const { clock, watchdog, pass } = startWatchdog();
  for (let second = 0; second < 60; second++) {
    pass(1000);
    watchdog.reset();
  }
  assert.equal(clock.silences, 0);
  watchdog.stop();
});

test("a page that was held up itself first reads the messages that came meanwhile", () => {
  const { clock, watchdog, pass } = startWatchdog();
  pass(1000);
  clock.ms += 60_000;
  mock.timers.tick(500);
  assert.equal(clock.silences, 0);
  watchdog.reset();
  pass(3900);
  assert.equal(clock.silences, 0);
  watchdog.stop();
});

test("where timers are late, captured audio makes the checks, but not more often than the timer would", () => {
  const { clock, watchdog } = startWatchdog();
  for (let frame = 0; frame < 300 && !watchdog.isSilent; frame++) {
    clock.ms += 32;
    watchdog.check();
  }
  assert.deepEqual([clock.silences, watchdog.isSilent], [1, true]);
  assert.ok(clock.ms >= 4000 && clock.ms < 4600, `${clock.ms} ms`);
  watchdog.start();
  clock.ms += 60_000;
  for (let frame = 0; frame < 100; frame++) watchdog.check(); // what queued while the page was held up
  assert.equal(clock.silences, 1);
  watchdog.stop();
  clock.ms += 60_000;
  watchdog.check();
  assert.equal(clock.silences, 1, "the watchdog is stopped");
});

test("stopped it expects nothing, and started again it counts anew", () => {
  const { clock, watchdog, pass } = startWatchdog();
  watchdog.stop();
  pass(60_000);
  assert.equal(clock.silences, 0);
  watchdog.start();
  pass(5000);
  assert.ok(watchdog.isSilent);
  watchdog.start();
  assert.ok(!watchdog.isSilent);
  watchdog.stop();
});
