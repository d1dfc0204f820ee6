import assert from "node:assert/strict";
import { test } from "node:test";

import { Listeners } from "../src/listeners.js";

test("all listeners are called in the order of their subscription, until it ends", () => {
  const listeners = new Listeners();
  const calls = [];
  const end = listeners.add((value) => calls.push(["first", value]));
  listeners.add((value) => calls.push(["second", value]));
  listeners.emit(1);
  end();
  listeners.emit(2);
  listeners.clear();
  listeners.emit(3);
  assert.deepEqual(calls, [["first", 1], ["second", 1], ["second", 2]]);
});
