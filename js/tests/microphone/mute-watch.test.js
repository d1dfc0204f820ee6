import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { MuteWatch } from "../../src/microphone/mute-watch.js";
import { restoreClock, useFakeClock } from "../fakes/clock.js";

function setUp(isMuted = false) {
  const clock = useFakeClock();
  const track = { muted: isMuted, onmute: () => undefined, onunmute: () => undefined };
  /** @type {boolean[]} */
  const reported = [];
  const watch = new MuteWatch(/** @type {any} */ (track), (isSilent) => reported.push(isSilent));
  const mute = (/** @type {boolean} */ isNowMuted) => {
    track.muted = isNowMuted;
    (isNowMuted ? track.onmute : track.onunmute)?.();
  };
  return { clock, track, reported, watch, mute };
}

afterEach(restoreClock);

test("a track that is muted for three seconds is reported, and once more when it no longer is", async () => {
  const { clock, reported, mute } = setUp();
  mute(true);
  await clock.pass(2900);
  assert.deepEqual(reported, []);
  await clock.pass(100);
  assert.deepEqual(reported, [true]);
  mute(false);
  assert.deepEqual(reported, [true, false]);
});

test("a short mute, as of a headset that changes its profile, is not reported", async () => {
  const { clock, reported, mute } = setUp();
  mute(true);
  await clock.pass(2900);
  mute(false);
  await clock.pass(10_000);
  assert.deepEqual(reported, []);
});

test("a track that is muted from the beginning is reported too, and one that is released is not", async () => {
  const { clock, reported } = setUp(true);
  await clock.pass(3000);
  assert.deepEqual(reported, [true]);
  const released = setUp(true);
  released.watch.stop();
  await released.clock.pass(5000);
  released.mute(true);
  await released.clock.pass(5000);
  assert.deepEqual(released.reported, []);
});
