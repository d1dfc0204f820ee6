/**
 * Reads a clock that never goes back and that all pages of a browser share.
 *
 * @returns {number} milliseconds since 1970
 */
export function nowMs() {
  return performance.timeOrigin + performance.now();
}
