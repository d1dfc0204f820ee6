import assert from "node:assert/strict";
import { test } from "node:test";

import { isCharacter, keepCharacters } from "../../src/view/keyboard.js";
import { installDom, press } from "../fakes/dom.js";

const KEYS = /** @type {[string, KeyboardEventInit, boolean][]} */ ([
  ["d", {}, true],
  ["D", { shiftKey: true }, true],
  ["0", {}, true],
  [" ", {}, true],
  ["ж", {}, true],
  ["Enter", { shiftKey: true }, false],
  ["Enter", {}, false],
  ["Escape", {}, false],
  ["ArrowDown", {}, false],
  ["Tab", {}, false],
  ["s", { ctrlKey: true }, false],
  ["s", { metaKey: true }, false],
  ["x", { altKey: true }, false],
]);

for (const [key, modifiers, isKept] of KEYS) {
  test(`${JSON.stringify(key)} with ${JSON.stringify(modifiers)} ${isKept ? "stays in the panel" : "reaches the notebook"}`, () => {
    const host = installDom();
    const panel = document.createElement("section");
    const button = document.createElement("button");
    panel.append(button);
    host.append(panel);
    keepCharacters(panel);
    let reached = 0;
    document.addEventListener("keydown", () => reached++);
    press(button, key, modifiers);
    assert.equal(reached, isKept ? 0 : 1);
    assert.equal(isCharacter(new KeyboardEvent("keydown", { key, ...modifiers })), isKept);
  });
}
