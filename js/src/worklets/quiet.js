/** A frame this many times as loud as the noise is something to hear: 10 dB. */
const LOUDER = 3;

/** What is softer than −70 dBFS is noise, whatever is behind it. */
const SILENT = 0.0003;

/** Share of each frame in the level whose minimum is the noise: the frames of a rumble differ among themselves. */
const SMOOTHING = 1 / 8;

/** How fast the noise may grow, with each frame of 32 ms: 3 dB a second. */
const RISE = 1.011;

/** Frames without anything to hear that make a quiet line: one second, in which most detectors have found the end of speech. */
const PAUSE_FRAMES = 31;

/** Tells whether a line is quiet: for a second, nothing was louder than its own noise. Pure. */
export class Quiet {
  #level = Infinity;
  #noise = Infinity;
  #softFrames = 0;

  /**
   * @param {number} rms of the next frame, linear, 1 = full scale square wave
   * @returns {boolean} whether the line is quiet; a loud frame ends that itself
   */
  hear(rms) {
    // A gate or a device that begins gives nothing at all, which is not the noise of the line.
    if (rms > 0) this.#follow(rms);
    this.#softFrames = rms > this.#noise * LOUDER ? 0 : this.#softFrames + 1;
    return this.#softFrames > PAUSE_FRAMES;
  }

  /** @param {number} rms */
  #follow(rms) {
    this.#level = this.#level === Infinity ? rms : this.#level + SMOOTHING * (rms - this.#level);
    this.#noise = Math.max(SILENT, Math.min(this.#level, this.#noise * RISE));
  }
}
