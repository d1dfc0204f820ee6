import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Presence } from "../../src/session/presence.js";

function recorded() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const said = [];
  return { said, presence: new Presence(() => said.push("hello"), (isPageGone) => said.push(isPageGone ? "bye, page gone" : "bye")) };
}

test("the first view says hello, the last one bye 300 ms after it went", () => {
  const { said, presence } = recorded();
  const leaveFirst = presence.enter();
  const leaveSecond = presence.enter();
  leaveFirst();
  leaveFirst();
  mock.timers.tick(1000);
  assert.deepEqual(said, ["hello"]);
  leaveSecond();
  mock.timers.tick(299);
  assert.deepEqual(said, ["hello"]);
  mock.timers.tick(1);
  assert.deepEqual(said, ["hello", "bye"]);
});

test("a re-render is not a goodbye", () => {
  const { said, presence } = recorded();
  presence.enter()();
  mock.timers.tick(200);
  presence.enter();
  mock.timers.tick(1000);
  assert.deepEqual(said, ["hello"]);
});

test("a page that is left says bye at once, and hello when it comes back with its views", () => {
  const { said, presence } = recorded();
  presence.arrive();
  assert.deepEqual(said, [], "nothing to come back to");
  presence.enter();
  presence.leave(true);
  presence.leave(true);
  presence.arrive();
  assert.deepEqual(said, ["hello", "bye, page gone", "hello"]);
});
