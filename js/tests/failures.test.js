import assert from "node:assert/strict";
import { test } from "node:test";

import { AudioFailure, microphoneFailure } from "../src/audio/failures.js";

/** @type {[string, boolean, string][]} */
const rows = [
  ["NotAllowedError", true, "denied"],
  ["NotAllowedError", false, "policy"],
  ["SecurityError", true, "policy"],
  ["NotFoundError", true, "no_device"],
  ["OverconstrainedError", true, "no_device"],
  ["NotReadableError", true, "in_use"],
  ["TypeError", true, "error"],
];

for (const [name, isAllowed, reason] of rows) {
  test(`${name} ${isAllowed ? "" : "where the frame forbids it "}is "${reason}"`, () => {
    const failure = microphoneFailure(new DOMException("why", name), isAllowed);
    assert.equal(failure.reason, reason);
    assert.equal(failure.message, `${name}: why`);
  });
}

test("a failure that has its reason keeps it", () => {
  const failure = new AudioFailure("sample_rate", "no");
  assert.equal(microphoneFailure(failure, false), failure);
});
