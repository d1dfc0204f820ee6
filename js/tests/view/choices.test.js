import assert from "node:assert/strict";
import { test } from "node:test";

import { describeChoices } from "../../src/view/choices.js";

const DESK = { id: "desk", label: "Desk" };
const HEADSET = { id: "headset", label: "Headset" };

test("a picker shows what is used, the default until one is chosen, and says when it is gone", () => {
  assert.equal(describeChoices([DESK, HEADSET], "headset", "Microphone").selectedId, "headset");
  const undecided = describeChoices([DESK], null, "Microphone");
  assert.deepEqual([undecided.selectedId, undecided.placeholder], ["", "Default"]);
  const gone = describeChoices([DESK], "headset", "Microphone");
  assert.deepEqual([gone.selectedId, gone.placeholder], ["", "Not plugged in"]);
  assert.equal(describeChoices([{ id: "x", label: "" }], null, "Speaker").devices[0].label, "Speaker 1");
  assert.equal(describeChoices([], null, "Speaker").isEnabled, false);
});
