import assert from "node:assert/strict";
import { test } from "node:test";

import { ReceivedDetails } from "../../src/session/details.js";

/** @param {string} content @returns {import("../../src/session/state.js").ConversationItem} */
const item = (content) => ({ role: "user", content });
const ERROR = { code: "Mic", message: "Gone.", remedy: "Plug it in." };

/** @param {string[]} words */
function received(...words) {
  const details = new ReceivedDetails();
  receive(details, 0, ...words);
  return details;
}

/** @param {ReceivedDetails} details @param {number} from @param {string[]} words */
const receive = (details, from, ...words) => details.receiveConversation({ type: "conversation", from, items: words.map(item) });

/** @param {ReceivedDetails} details */
const texts = (details) => details.current.conversation.map((each) => /** @type {{content: string}} */ (each).content);

test("items are appended, changed and truncated from a number on", () => {
  const details = received("a", "b");
  for (const [from, words, expected] of /** @type {[number, string[], string[]][]} */ ([
    [2, ["c"], ["a", "b", "c"]],
    [1, ["B", "C", "D"], ["a", "B", "C", "D"]],
    [2, [], ["a", "B"]],
    [0, [], []],
  ])) {
    assert.equal(receive(details, from, ...words), true);
    assert.deepEqual(texts(details), expected);
  }
});

test("an item that has not changed is the same object as before", () => {
  const details = received("a", "b");
  const before = details.current;
  receive(details, 1, "B");
  assert.equal(details.current.conversation[0], before.conversation[0]);
  assert.deepEqual(before.conversation.map((each) => "content" in each && each.content), ["a", "b"]);
});

test("items behind some that are missing are refused, unless the whole is on its way", () => {
  const details = received("a");
  assert.equal(receive(details, 2, "c"), false);
  details.awaitWhole();
  assert.equal(receive(details, 2, "c"), true);
  assert.deepEqual(texts(details), ["a"]);
  receive(details, 0, "a", "b", "c");
  assert.equal(receive(details, 9, "z"), false);
});

test("fields that are not named stay; an error that is sent again is no new one", () => {
  const details = received("a");
  details.receiveFields({ type: "details", fields: { error: ERROR, partialAssistantMessage: "It" } });
  details.receiveFields({ type: "details", fields: { error: { ...ERROR } } });
  assert.equal(details.current.error, ERROR);
  assert.equal(details.current.partialAssistantMessage, "It");
  assert.deepEqual(texts(details), ["a"]);
  const other = { ...ERROR, message: "Gone again." };
  details.receiveFields({ type: "details", fields: { error: other } });
  assert.equal(details.current.error, other);
  details.receiveFields({ type: "details", fields: { error: null } });
  assert.equal(details.current.error, null);
});
