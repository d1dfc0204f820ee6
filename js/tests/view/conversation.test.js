import assert from "node:assert/strict";
import { test } from "node:test";

import { ConversationView } from "../../src/view/conversation.js";
import { FakeResizeObserver, byTestId, installDom, layOut } from "../fakes/dom.js";

/** @typedef {import("../../src/session/state.js").ConversationItem} ConversationItem */

/** @param {string} content @returns {ConversationItem} */
const user = (content) => ({ role: "user", content });

/** @param {number} count */
const many = (count) => Array.from({ length: count }, (_, index) => user(String(index)));

function setUp() {
  const host = installDom();
  const view = new ConversationView();
  host.append(view.root);
  const list = byTestId(view.root, "conversation");
  const rows = () => [...list.querySelectorAll(".micdrop-words")].map(({ textContent }) => textContent);
  const button = (/** @type {string} */ name) => /** @type {HTMLButtonElement} */ (view.root.querySelector(`.micdrop-${name}`));
  const scroll = (/** @type {number} */ top) => {
    list.scrollTop = top;
    list.dispatchEvent(new window.Event("scroll"));
  };
  return { view, list, rows, button, scroll };
}

test("every role has its row, and text never becomes markup", () => {
  const { view, list } = setUp();
  assert.equal(view.root.hidden, true);
  view.update(
    [
      user("<b>Hello</b>"),
      { role: "assistant", content: "Hi" },
      { role: "system", content: "Be kind" },
      { role: "tool_call", toolCallId: "1", toolName: "departures", parameters: '{"from":"Bern"}' },
      { role: "tool_result", toolCallId: "1", toolName: "departures", output: "no JSON" },
    ],
    "",
  );
  assert.equal(view.root.hidden, false);
  const texts = [...list.children].slice(1).map(({ textContent }) => textContent);
  assert.deepEqual(texts, [
    "You<b>Hello</b>",
    "AssistantHi",
    "System: Be kind",
    'Calls departures{\n  "from": "Bern"\n}',
    "Result of departuresno JSON",
  ]);
});

test("rows of items that have not changed stay the same elements", () => {
  const { view, list } = setUp();
  const items = many(3);
  view.update(items, "");
  const before = [...list.querySelectorAll(".micdrop-utterance")];
  view.update([...items.slice(0, 2), user("other"), user("new")], "");
  const after = [...list.querySelectorAll(".micdrop-utterance")];
  assert.deepEqual(after.map((row) => before.indexOf(row)), [0, 1, -1, -1]);
});

test("a partial message grows in one row at the end, and goes when its item comes", () => {
  const { view, rows, list } = setUp();
  view.update(many(1), "It");
  const row = list.lastElementChild;
  view.update(many(1), "It is");
  assert.deepEqual([rows(), list.lastElementChild], [["0", "It is"], row]);
  view.update([user("0"), { role: "assistant", content: "It is late." }], "");
  assert.deepEqual(rows(), ["0", "It is late."]);
});

test("of a long conversation the end is drawn; the rest is a click away", () => {
  const { view, rows, button } = setUp();
  view.update(many(75), "");
  assert.deepEqual([rows().length, button("earlier").hidden], [75, true]);
  view.update(many(76), "");
  assert.deepEqual([rows().length, rows()[0], button("earlier").textContent], [50, "26", "Earlier (26)"]);
  button("earlier").click();
  assert.deepEqual([rows().length, button("earlier").hidden], [76, true]);
});

test("the end stays in view while the user has not scrolled away from it", () => {
  const { view, list, button, scroll } = setUp();
  layOut(list, { scrollHeight: 1000, clientHeight: 300 });
  view.update(many(1), "");
  assert.equal(list.scrollTop, 1000);
  scroll(400);
  assert.equal(button("to-end").hidden, false);
  view.update(many(2), "");
  assert.equal(list.scrollTop, 400);
  button("to-end").click();
  assert.deepEqual([list.scrollTop, button("to-end").hidden], [1000, true]);
});

test("a panel that becomes narrower keeps the end in view, or says that there is more", () => {
  const { view, list, button, scroll } = setUp();
  layOut(list, { scrollHeight: 1000, clientHeight: 300 });
  view.update(many(1), "");
  layOut(list, { scrollHeight: 1905, clientHeight: 300 });
  FakeResizeObserver.resize();
  assert.equal(list.scrollTop, 1905);
  layOut(list, { scrollHeight: 310, clientHeight: 300 });
  scroll(0);
  assert.equal(button("to-end").hidden, true);
  scroll(-40);
  layOut(list, { scrollHeight: 2000, clientHeight: 300 });
  FakeResizeObserver.resize();
  assert.deepEqual([list.scrollTop, button("to-end").hidden], [-40, false]);
});
