import assert from "node:assert/strict";
import { test } from "node:test";

import { describeVadReadout } from "../../src/view/vad-readout.js";

test("level and probability are put into words, as far as they are known", () => {
  assert.equal(describeVadReadout(null), "");
  assert.equal(describeVadReadout({ probability: null, levelDb: null }), "");
  assert.equal(describeVadReadout({ probability: 0.934, levelDb: null }), "speech 93 %");
  assert.equal(describeVadReadout({ probability: 0, levelDb: -41.6 }), "−42 dB, speech 0 %");
});
