import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { HOLD_AFTER_MS, LATE_MS } from "../src/microphone/uplink.js";
import { SILENT_AFTER_MS } from "../src/session/watchdog.js";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../src/worklets/framing.js";

const { constants } = JSON.parse(readFileSync(new URL("../../tests/comm_messages.json", import.meta.url), "utf8"));

test("the figures that page and kernel share are the kernel's", () => {
  const { heartbeat_ms: heartbeatMs, ...shared } = constants;
  assert.deepEqual(shared, {
    sample_rate: SAMPLE_RATE,
    frame_samples: FRAME_SAMPLES,
    hold_ms: HOLD_AFTER_MS,
    late_ms: LATE_MS,
    kernel_silent_ms: SILENT_AFTER_MS,
  });
  assert.ok(SILENT_AFTER_MS >= 3 * heartbeatMs, "a heartbeat or two may be late");
});
