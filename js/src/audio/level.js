/** Root mean square over a run of quanta, for the level meters. */
export class LevelMeter {
  #windowSamples;
  #sumOfSquares = 0;
  #count = 0;

  /** The last completed window's level, linear, 1 = full scale square wave. */
  rms = 0;

  /** @param {number} [windowSamples] 1024 at 16 kHz = 16 levels a second */
  constructor(windowSamples = 1024) {
    this.#windowSamples = windowSamples;
  }

  /**
   * @param {Float32Array} samples
   * @returns {boolean} true when a new level is ready in `rms`
   */
  push(samples) {
    for (let index = 0; index < samples.length; index++) {
      const value = /** @type {number} */ (samples[index]);
      this.#sumOfSquares += value * value;
    }
    this.#count += samples.length;
    if (this.#count < this.#windowSamples) return false;
    this.rms = Math.sqrt(this.#sumOfSquares / this.#count);
    this.#sumOfSquares = 0;
    this.#count = 0;
    return true;
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
