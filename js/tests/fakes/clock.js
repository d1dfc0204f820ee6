import { mock } from "node:test";

/** Resolves when all promises that can have settled. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Replaces timers and `performance.now` by a clock that stands still, until `mock.timers.reset()` and `mock.restoreAll()`.
 *
 * @returns {{now: () => number, pass: (ms: number) => Promise<void>}} `pass` moves the clock on, in steps of 100 ms
 */
export function useFakeClock() {
  let nowMs = 1000;
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(performance, "now", () => nowMs);
  return {
    now: () => nowMs,
    async pass(ms) {
      for (let left = ms; left > 0; left -= 100) {
        const step = Math.min(100, left);
        nowMs += step;
        mock.timers.tick(step);
        await settled();
      }
    },
  };
}

/** Gives the real clock back. */
export function restoreClock() {
  mock.timers.reset();
  mock.restoreAll();
}
