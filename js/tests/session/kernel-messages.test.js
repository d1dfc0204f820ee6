import assert from "node:assert/strict";
import { test } from "node:test";

import { KernelMessages } from "../../src/session/kernel-messages.js";

function receiver() {
  /** @type {unknown[]} */
  const handled = [];
  /** @type {string[]} */
  const problems = [];
  const note = (/** @type {any} */ { type, ...fields }) => handled.push([type, fields]);
  const names = ["open_mic", "close_mic", "ack", "play", "flush", "set_speaker", "probe", "alive", "vad_readout", "conversation", "details"];
  const handlers = /** @type {any} */ (Object.fromEntries(names.map((name) => [name, note])));
  const received = new KernelMessages({ pageId: "here", handlers, onProblem: (problem) => problems.push(problem) });
  return { received, handled, problems, handlers };
}

test("a message reaches the handler of its type; one for another page reaches none", () => {
  const { received, handled, problems } = receiver();
  received.receive({ type: "alive", to: "here", request: 3 }, []);
  received.receive({ type: "alive", to: "there", request: 4 }, []);
  assert.deepEqual([handled, problems], [[["alive", { request: 3 }]], []]);
});

test("of a bundle each message is handled, whatever is wrong with those before it", () => {
  const { received, handled, problems } = receiver();
  const contents = [{ type: "dance", to: null }, { type: "flush", to: null, epoch: 2 }, { type: "flush", to: "there", epoch: 3 }];
  received.receive({ type: "bundle", to: null, contents }, []);
  assert.deepEqual(handled, [["flush", { epoch: 2 }]]);
  assert.equal(problems.length, 1);
  assert.match(problems[0], /does not understand \(Error: unknown message "dance"\)/);
});

test("a handler that throws is a problem of the message", () => {
  const { received, problems, handlers } = receiver();
  handlers.flush = () => {
    throw new TypeError("no");
  };
  received.receive({ type: "flush", to: null, epoch: 2 }, []);
  assert.match(problems[0], /TypeError: no/);
});
