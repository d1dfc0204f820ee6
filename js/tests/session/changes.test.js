import assert from "node:assert/strict";
import { test } from "node:test";

import { Changes } from "../../src/session/changes.js";
import { settled } from "../fakes/clock.js";

test("many changes in one turn of the event loop are reported once, after it", async () => {
  const changes = new Changes();
  /** @type {string[]} */
  const calls = [];
  changes.onChange(() => calls.push("first"));
  changes.onChange(() => calls.push("second"));
  changes.note();
  changes.note();
  assert.deepEqual(calls, []);
  await settled();
  assert.deepEqual(calls, ["first", "second"]);
  changes.note();
  await settled();
  assert.deepEqual(calls, ["first", "second", "first", "second"]);
});

test("a change that a listener makes is reported in a call of its own", async () => {
  const changes = new Changes();
  let count = 0;
  changes.onChange(() => {
    count++;
    if (count < 3) changes.note();
  });
  changes.note();
  await settled();
  assert.equal(count, 3);
});

test("nobody is called after the subscription has ended, nor for a change before it", async () => {
  const changes = new Changes();
  /** @type {string[]} */
  const calls = [];
  const end = changes.onChange(() => calls.push("ended"));
  changes.onChange(() => calls.push("stays"));
  changes.note();
  end();
  await settled();
  assert.deepEqual(calls, ["stays"]);
  changes.note();
  changes.clear();
  await settled();
  assert.deepEqual(calls, ["stays"]);
});
