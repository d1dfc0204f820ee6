import assert from "node:assert/strict";
import { test } from "node:test";

import { DevicePicker } from "../../src/view/device-picker.js";
import { byTestId, installDom, press } from "../fakes/dom.js";
import { inCall, panelState } from "../fakes/panel-state.js";

const MICROPHONES = [{ id: "default", label: "Built-in" }, { id: "usb", label: "USB" }];
const SPEAKERS = [{ id: "default", label: "Default" }, { id: "room", label: "Room" }];
const ERROR = { code: "Mic", message: "Gone.", remedy: "" };

function setUp() {
  const host = installDom();
  /** @type {string[][]} */
  const chosen = [];
  const picker = new DevicePicker((kind, id) => chosen.push([kind, id]));
  host.append(picker.button, picker.root);
  const select = (/** @type {string} */ kind) => byTestId(picker.root, `${kind}-device`);
  const choose = (/** @type {string} */ kind, /** @type {string} */ id) => {
    select(kind).value = id;
    select(kind).dispatchEvent(new window.Event("change"));
  };
  const state = (changes = {}) => inCall({ micDevices: MICROPHONES, speakerDevices: SPEAKERS, micDeviceId: "default", ...changes });
  return { picker, chosen, select, choose, state };
}

test("the button unfolds the lists, Escape folds them and gives the focus back", () => {
  const { picker } = setUp();
  picker.button.click();
  assert.deepEqual([picker.root.hidden, picker.button.getAttribute("aria-expanded")], [false, "true"]);
  press(picker.root, "Escape");
  assert.deepEqual([picker.root.hidden, picker.button.getAttribute("aria-expanded")], [true, "false"]);
  assert.equal(document.activeElement, picker.button);
  picker.button.click();
  picker.button.click();
  assert.equal(picker.root.hidden, true);
});

test("before the microphone was open there is nothing to choose, and a hint says why", () => {
  const { picker, select } = setUp();
  picker.update(panelState());
  assert.equal(select("microphone").disabled, true);
  assert.equal(picker.root.querySelector(".micdrop-devices-hint")?.hasAttribute("hidden"), false);
});

test("a choice is shown at once and reported, and stays while the kernel has not answered", () => {
  const { picker, chosen, select, choose, state } = setUp();
  picker.update(state());
  choose("microphone", "usb");
  picker.update(state());
  assert.deepEqual([select("microphone").value, chosen], ["usb", [["microphone", "usb"]]]);
  picker.update(state({ micDeviceId: "usb" }));
  picker.update(state({ micDeviceId: "default" }));
  assert.equal(select("microphone").value, "default", "another page has chosen since");
});

test("a choice that fails gives way to what the call uses", () => {
  const { picker, select, choose, state } = setUp();
  picker.update(state());
  choose("microphone", "usb");
  choose("speaker", "room");
  picker.update(state({ error: ERROR }));
  assert.deepEqual([select("microphone").value, select("speaker").value], ["default", "room"]);
  picker.update(state({ error: ERROR, problem: "The loudspeaker cannot be used." }));
  assert.equal(select("speaker").value, "default");
});

test("without a kernel nothing can be chosen", () => {
  const { picker, select, choose, state } = setUp();
  picker.update(state());
  choose("microphone", "usb");
  picker.update(state({ isKernelLost: true }));
  assert.deepEqual([select("microphone").value, select("microphone").disabled], ["default", true]);
});

test("a list that has not changed is not drawn anew, so that an open one stays open", () => {
  const { picker, select, state } = setUp();
  picker.update(state());
  const [first] = select("microphone").options;
  picker.update(state({ micDevices: MICROPHONES.map((device) => ({ ...device })) }));
  assert.equal(select("microphone").options[0], first);
  picker.update(state({ micDevices: MICROPHONES.slice(0, 1) }));
  assert.deepEqual([...select("microphone").options].map(({ label }) => label), ["Built-in"]);
  picker.update(state({ micDevices: MICROPHONES.slice(0, 1), micDeviceId: "usb" }));
  assert.deepEqual([...select("microphone").options].map(({ label }) => label), ["Not plugged in", "Built-in"]);
  assert.equal(select("microphone").title, "Not plugged in");
});

test("a suggestion unfolds the lists for as long as it stands, and leaves alone what the user unfolds or folds", () => {
  const { picker } = setUp();
  picker.suggest(true);
  picker.suggest(true);
  assert.equal(picker.root.hidden, false);
  picker.suggest(false);
  assert.equal(picker.root.hidden, true);
  picker.button.click();
  picker.suggest(true);
  picker.suggest(false);
  assert.equal(picker.root.hidden, false, "the user has unfolded it");
  picker.suggest(true);
  picker.button.click();
  picker.suggest(true);
  assert.equal(picker.root.hidden, true, "the user has folded it");
});
