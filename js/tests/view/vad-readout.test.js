import assert from "node:assert/strict";
import { test } from "node:test";

import { describeVadReadout } from "../../src/view/vad-readout.js";

/** @param {number | null} probability @param {number | null} levelDb */
const readout = (probability, levelDb) => ({ type: /** @type {const} */ ("vad_readout"), probability, levelDb });

test("level and probability are put into words, as far as they are known", () => {
  assert.equal(describeVadReadout(null), "");
  assert.equal(describeVadReadout(readout(null, null)), "");
  assert.equal(describeVadReadout(readout(0.934, null)), "speech 93 %");
  assert.equal(describeVadReadout(readout(0, -41.6)), "−42 dB, speech 0 %");
});
