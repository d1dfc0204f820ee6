import { FULL_SCALE } from "./framing.js";

/**
 * @param {Int16Array} samples
 * @returns {number} their root mean square, linear, 1 = full scale square wave
 */
export function rmsOf(samples) {
  const sumOfSquares = sumSquares(samples);
  return samples.length === 0 ? 0 : Math.sqrt(sumOfSquares / samples.length) / FULL_SCALE;
}

/**
 * By index: an iterator makes an object for each sample, unless it has been optimized.
 *
 * @param {Int16Array | Float32Array} samples
 */
function sumSquares(samples) {
  let sum = 0;
  for (let index = 0; index < samples.length; index++) {
    const value = /** @type {number} */ (samples[index]);
    sum += value * value;
  }
  return sum;
}

/** Root mean square over the quanta since it was read last, for the level meters. */
export class LevelMeter {
  #sumOfSquares = 0;
  #count = 0;

  /** @param {Float32Array} samples */
  push(samples) {
    this.#sumOfSquares += sumSquares(samples);
    this.#count += samples.length;
  }

  /** @returns {number} linear, 1 = full scale square wave; 0 where nothing was pushed */
  readAndReset() {
    const rms = this.#count === 0 ? 0 : Math.sqrt(this.#sumOfSquares / this.#count);
    this.#sumOfSquares = 0;
    this.#count = 0;
    return rms;
  }
}

/**
 * Maps a linear level to a meter's deflection: −60 dBFS and less is 0, −6 dBFS and more is 1.
 *
 * @param {number} rms
 * @returns {number} in [0, 1]
 */
export function deflection(rms) {
  if (rms <= 0) return 0;
  const dbfs = 20 * Math.log10(rms);
  return Math.min(1, Math.max(0, (dbfs + 60) / 54));
}
