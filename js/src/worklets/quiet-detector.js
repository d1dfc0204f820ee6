/** A frame this many times as loud as the noise is a sound: 10 dB. */
const LOUDER = 3;

/** A level below −70 dBFS is noise, whatever makes it. */
const SILENT = 0.0003;

/** Share of each frame in the smoothed level, whose minimum is the noise: single frames of a rumble differ much. */
const SMOOTHING = 1 / 8;

/** How fast the noise may grow, with each frame of 32 ms: 3 dB a second. */
const RISE = 1.011;

/** So many frames without a sound make a quiet line: one second, within which most detectors find the end of speech. */
const PAUSE_FRAMES = 31;

/** Detects a quiet line: for a second, nothing was louder than its own noise. Pure. */
export class QuietDetector {
  #level = Infinity;
  #noise = Infinity;
  #softFrames = 0;

  /**
   * @param {number} rms of the next frame, linear, 1 = full scale square wave
   * @returns {boolean} whether the line is quiet; it is not as of the first loud frame
   */
  update(rms) {
    // A noise gate, or a device that starts, gives zeros, which are not the noise of the line.
    if (rms > 0) this.#followNoise(rms);
    this.#softFrames = rms > this.#noise * LOUDER ? 0 : this.#softFrames + 1;
    return this.#softFrames > PAUSE_FRAMES;
  }

  /** @param {number} rms */
  #followNoise(rms) {
    this.#level = this.#level === Infinity ? rms : this.#level + SMOOTHING * (rms - this.#level);
    this.#noise = Math.max(SILENT, Math.min(this.#level, this.#noise * RISE));
  }
}
