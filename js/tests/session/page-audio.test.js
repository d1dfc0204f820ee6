import assert from "node:assert/strict";
import { test } from "node:test";

import { PageAudio } from "../../src/session/page-audio.js";
import { settled } from "../fakes/clock.js";

function parts({ fails = false } = {}) {
  /** @type {unknown[]} */
  const effects = [];
  const note =
    (/** @type {string} */ name) =>
    (/** @type {unknown[]} */ ...values) => {
      effects.push([name, ...values].join(" "));
    };
  const start = async () => {
    effects.push("context");
    if (fails) throw new Error("refused");
  };
  const engine = { start, close: note("close context") };
  const microphone = { release: note("release microphone"), releaseForLostKernel: note("lose microphone") };
  const speaker = { resume: note("resume"), hold: note("hold"), close: note("close speaker"), abandon: note("abandon") };
  const audio = new PageAudio(/** @type {any} */ ({ engine, microphone, speaker }));
  audio.onClosed(() => effects.push("closed"));
  audio.onProblem((problem) => effects.push(problem));
  return { audio, effects };
}

const CLOSED = ["close speaker", "close context", "closed"];

test("whatever ends the audio closes the context, and says so", () => {
  const { audio, effects } = parts();
  audio.release();
  audio.releaseForLostKernel();
  audio.abandon();
  assert.deepEqual(effects, [
    "release microphone",
    ...CLOSED,
    "lose microphone",
    ...CLOSED,
    "abandon the kernel was silent",
    ...CLOSED,
  ]);
});

test("holding keeps the context for what comes next", () => {
  const { audio, effects } = parts();
  audio.hold();
  audio.resume();
  assert.deepEqual(effects, ["release microphone", "hold", "resume"]);
});

test("a context that is refused is a problem where the user asked for it, and no other", async () => {
  const { audio, effects } = parts({ fails: true });
  audio.start();
  await settled();
  assert.deepEqual(effects, ["context"]);
  audio.allow();
  await settled();
  assert.deepEqual(effects.slice(1), ["context", "The browser gives no audio (Error: refused)."]);
});
