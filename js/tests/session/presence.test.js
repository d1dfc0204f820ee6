import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Presence } from "../../src/session/presence.js";

/** A presence on a fake window, and what a session would send because of it. */
function setUp() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  const sent = [];
  const page = new EventTarget();
  const presence = new Presence(page);
  presence.onArrive(() => sent.push("hello"));
  presence.onLeave((isPageGone) => sent.push(isPageGone ? "bye, page gone" : "bye"));
  return { sent, presence, fire: (type) => page.dispatchEvent(new Event(type)) };
}

test("the first view sends hello, the last one bye 500 ms after it went", () => {
  const { sent, presence } = setUp();
  const leaveFirst = presence.enter();
  const leaveSecond = presence.enter();
  leaveFirst();
  leaveFirst();
  mock.timers.tick(1000);
  assert.deepEqual(sent, ["hello"]);
  leaveSecond();
  mock.timers.tick(499);
  assert.deepEqual(sent, ["hello"]);
  mock.timers.tick(1);
  assert.deepEqual(sent, ["hello", "bye"]);
});

test("a re-render is not a goodbye", () => {
  const { sent, presence } = setUp();
  presence.enter()();
  mock.timers.tick(200);
  presence.enter();
  mock.timers.tick(1000);
  assert.deepEqual(sent, ["hello"]);
});

test("a page that is left sends bye at once, and hello when it comes back with its views", () => {
  const { sent, presence, fire } = setUp();
  fire("pageshow");
  assert.deepEqual(sent, [], "nothing to come back to");
  presence.enter();
  fire("pagehide");
  fire("pagehide");
  fire("pageshow");
  assert.deepEqual(sent, ["hello", "bye, page gone", "hello"]);
});

test("leaving for good sends bye at once, whatever views there are, and the page is not listened to any more", () => {
  const { sent, presence, fire } = setUp();
  presence.enter();
  presence.leave();
  presence.leave();
  fire("pageshow");
  assert.deepEqual(sent, ["hello", "bye"]);
  assert.equal(presence.isPresent, false);
});
