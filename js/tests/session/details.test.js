import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_DETAILS, withConversation, withFields } from "../../src/session/details.js";

const item = (content) => ({ role: "user", content });
const texts = (details) => details.conversation.map(({ content }) => content);
const spoken = (...words) => withConversation(NO_DETAILS, { type: "conversation", from: 0, items: words.map(item) });
const received = (details, from, ...words) => withConversation(details, { type: "conversation", from, items: words.map(item) });

test("items are appended, changed and truncated from a number on", () => {
  assert.deepEqual(texts(received(spoken("a", "b"), 2, "c")), ["a", "b", "c"]);
  assert.deepEqual(texts(received(spoken("a", "b"), 1, "B", "c")), ["a", "B", "c"]);
  assert.deepEqual(texts(received(spoken("a", "b"), 1)), ["a"]);
  assert.deepEqual(texts(received(spoken("a", "b"), 0)), []);
});

test("what has not changed is the same object as before", () => {
  const before = spoken("a", "b");
  const after = received(before, 1, "B");
  assert.equal(after.conversation[0], before.conversation[0]);
  assert.deepEqual(texts(before), ["a", "b"]);
});

test("items behind some that are missing are refused", () => {
  assert.equal(received(spoken("a"), 2, "c"), null);
});

test("fields that are not named stay; an error that is sent again is no new one", () => {
  const error = { code: "Mic", message: "Gone.", remedy: "Plug it in." };
  const before = withFields(spoken("a"), { type: "details", fields: { error, partialAssistantMessage: "It" } });
  const again = withFields(before, { type: "details", fields: { error: { ...error } } });
  assert.equal(again.error, error);
  assert.equal(again.partialAssistantMessage, "It");
  assert.deepEqual(texts(again), ["a"]);
  assert.equal(withFields(again, { type: "details", fields: { error: null } }).error, null);
  const other = { ...error, message: "Gone again." };
  assert.equal(withFields(again, { type: "details", fields: { error: other } }).error, other);
});
