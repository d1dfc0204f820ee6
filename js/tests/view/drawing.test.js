import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Drawing } from "../../src/view/drawing.js";

let now = 0;
const drawn = [];
const draw = Object.fromEntries(["level", "speech"].map((name) => [name, () => drawn.push(`${name} at ${now}`)]));

function pass(ms) {
  now += ms;
  mock.timers.tick(ms);
}

beforeEach(() => {
  now = 1000;
  drawn.length = 0;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("what is asked for after a while is drawn at once, and what follows not more often than four times a second", () => {
  const drawing = new Drawing();
  for (let frame = 0; frame < 14; frame++) {
    drawing.request(draw.level);
    pass(32);
  }
  assert.deepEqual(drawn, ["level at 1000", "level at 1256"]);
});

test("all that waits is drawn together, once each", () => {
  const drawing = new Drawing();
  drawing.request(draw.level);
  pass(50);
  for (const each of [draw.speech, draw.level, draw.speech]) drawing.request(each);
  pass(200);
  assert.equal(drawn.length, 1);
  drawing.request(draw.level);
  assert.deepEqual(drawn.slice(1), ["speech at 1250", "level at 1250"]);
});

test("where nothing more comes, a timer draws the rest", () => {
  const drawing = new Drawing();
  drawing.request(draw.level);
  drawing.request(draw.speech);
  pass(289);
  assert.equal(drawn.length, 1);
  pass(1);
  assert.deepEqual(drawn, ["level at 1000", "speech at 1290"]);
  pass(1000);
  assert.equal(drawn.length, 2);
});

test("what asks again while it is drawn is drawn the next time", () => {
  const drawing = new Drawing();
  const fall = () => {
    drawn.push(`fall at ${now}`);
    if (drawn.length < 3) drawing.request(fall);
  };
  drawing.request(fall);
  for (let step = 0; step < 100; step++) pass(10);
  assert.deepEqual(drawn, ["fall at 1000", "fall at 1290", "fall at 1580"]);
});

test("nothing is drawn any more when it has ended", () => {
  const drawing = new Drawing();
  drawing.request(draw.level);
  drawing.request(draw.level);
  drawing.dispose();
  pass(1000);
  assert.equal(drawn.length, 1);
});
