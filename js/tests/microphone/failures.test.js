import assert from "node:assert/strict";
import { test } from "node:test";

import { AudioFailure } from "../../src/errors.js";
import { isVsCode, microphoneFailure } from "../../src/microphone/failures.js";

const PAGE = { isAllowedByPolicy: true, isVsCode: false };

/** @type {[string, Partial<typeof PAGE>, string][]} */
const rows = [
  ["NotAllowedError", {}, "denied"],
  ["NotAllowedError", { isAllowedByPolicy: false }, "policy"],
  ["NotAllowedError", { isVsCode: true }, "vs_code"],
  ["NotAllowedError", { isVsCode: true, isAllowedByPolicy: false }, "vs_code"],
  ["SecurityError", {}, "policy"],
  ["NotFoundError", {}, "no_device"],
  ["NotFoundError", { isVsCode: true }, "no_device"],
  ["OverconstrainedError", {}, "no_device"],
  ["NotReadableError", {}, "in_use"],
  ["NotReadableError", { isVsCode: true }, "in_use"],
  ["AbortError", {}, "in_use"],
  ["TypeError", {}, "error"],
];

for (const [name, page, reason] of rows) {
  test(`${name} of a page with ${JSON.stringify(page)} is "${reason}"`, () => {
    const failure = microphoneFailure(new DOMException("why", name), { ...PAGE, ...page });
    assert.equal(failure.reason, reason);
    assert.equal(failure.message, `${name}: why`);
  });
}

test("a failure that has its reason keeps it", () => {
  for (const reason of /** @type {const} */ (["sample_rate", "insecure_context", "no_audio_worklet"])) {
    const failure = microphoneFailure(new AudioFailure(reason, "no"), { ...PAGE, isAllowedByPolicy: false });
    assert.deepEqual([failure.reason, failure.message], [reason, "no"]);
  }
});

test("in VS Code its web view is the reason of what a page could change", () => {
  const reasonOf = (reason) => microphoneFailure(new AudioFailure(reason, "no"), { ...PAGE, isVsCode: true }).reason;
  assert.deepEqual(["insecure_context", "no_audio_worklet", "sample_rate"].map(reasonOf), ["vs_code", "vs_code", "sample_rate"]);
});

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";

/** @type {[string, string, string, boolean][]} */
const pages = [
  ["vscode-webview:", "0abc", `${CHROME} Chrome/150.0.0.0 Safari/537.36`, true],
  ["https:", "0abc.vscode-cdn.net", `${CHROME} Chrome/150.0.0.0 Safari/537.36`, true],
  ["https:", "localhost", `${CHROME} Code/1.100.3 Chrome/132.0.6834.210 Electron/34.5.1 Safari/537.36`, true],
  ["https:", "localhost", `${CHROME} Code-Insiders/1.120.0 Chrome/150.0.0.0 Electron/40.0.0 Safari/537.36`, true],
  ["http:", "localhost", `${CHROME} Chrome/150.0.0.0 Safari/537.36`, false],
  ["http:", "localhost", `${CHROME} jupyterlab-desktop/4.6.6 Chrome/150.0.0.0 Electron/40.0.0 Safari/537.36`, false],
  ["https:", "vscode-cdn.net.example.org", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", false],
];

for (const [protocol, hostname, userAgent, expected] of pages) {
  test(`${protocol}//${hostname} in ${userAgent.split(" ").slice(-3, -1)} is ${expected ? "" : "not "}VS Code`, () => {
    assert.equal(isVsCode({ protocol, hostname, userAgent }), expected);
  });
}
