import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Drawing } from "../../src/view/drawing.js";
import { Meter } from "../../src/view/meter.js";
import { restoreClock, useFakeClock } from "../fakes/clock.js";
import { installDom } from "../fakes/dom.js";

const FULL = 1;
const SILENT = 0;

function setUp() {
  const host = installDom();
  const clock = useFakeClock();
  /** @type {number[]} */
  const shown = [];
  const meter = new Meter(new Drawing(), "microphone", "Microphone level", (level) => shown.push(level));
  host.append(meter.root);
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (meter.root.querySelector(`.micdrop-meter-${name}`));
  return { meter, shown, pass: clock.pass, fill: part("fill"), speech: part("speech") };
}

afterEach(restoreClock);

test("a level rises at once, falls step by step, and rests at zero without drawing any more", async () => {
  const { meter, shown, fill, pass } = setUp();
  meter.push(FULL);
  assert.deepEqual([shown, fill.style.transform], [[1], "scaleX(1)"]);
  meter.push(SILENT);
  await pass(60_000);
  assert.deepEqual(shown, [1, 6 / 24, 2 / 24, 0]);
  assert.equal(fill.style.transform, "scaleX(0)");
});

test("between two drawings the loudest level counts", async () => {
  const { meter, shown, pass } = setUp();
  meter.push(SILENT);
  for (const rms of [0.01, FULL, SILENT]) meter.push(rms);
  await pass(300);
  assert.deepEqual(shown, [1]);
});

test("a change of the level by one step is not drawn", async () => {
  const { meter, shown, pass } = setUp();
  const at = (/** @type {number} */ steps) => 10 ** ((-60 + (54 * steps) / 24) / 20);
  for (const steps of [12, 13, 12, 14]) {
    meter.push(at(steps));
    await pass(300);
  }
  assert.deepEqual(shown, [12 / 24, 14 / 24]);
});

test("the line of speech is as long as the probability, and hidden where none is known", async () => {
  const { meter, speech, pass } = setUp();
  meter.showReadout({ type: "vad_readout", probability: 0.73, levelDb: -30 });
  assert.deepEqual([speech.hidden, speech.style.transform], [false, "scaleX(0.7)"]);
  meter.showReadout({ type: "vad_readout", probability: null, levelDb: -30 });
  await pass(300);
  assert.equal(speech.hidden, true);
});

test("the words change twice a second, only under a pointer, and go when the call ignores the microphone", async () => {
  const { meter, pass } = setUp();
  const readout = (/** @type {number} */ probability) => ({ type: /** @type {const} */ ("vad_readout"), probability, levelDb: null });
  meter.showReadout(readout(0.1));
  assert.equal(meter.root.title, "Microphone level");
  meter.root.dispatchEvent(new window.Event("pointerenter"));
  assert.equal(meter.root.title, "Microphone level: speech 10 %");
  meter.showReadout(readout(0.2));
  await pass(300);
  assert.equal(meter.root.title, "Microphone level: speech 10 %", "too soon");
  meter.showReadout(readout(0.3));
  await pass(300);
  assert.equal(meter.root.title, "Microphone level: speech 30 %");
  meter.showReadout(null);
  await pass(300);
  assert.equal(meter.root.title, "Microphone level");
  meter.root.dispatchEvent(new window.Event("pointerleave"));
  meter.showReadout(readout(0.5));
  await pass(1000);
  assert.equal(meter.root.title, "Microphone level");
});
