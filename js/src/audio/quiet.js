/** A frame this many times as loud as the noise is something to hear: 6 dB. */
const LOUDER = 2;

/** What is softer is noise, whatever is behind it: −70 dBFS. */
const SILENT = 0.0003;

/** The noise is taken to be what was softest, and this much louder with each frame of 32 ms since: 1 dB a second. */
const RISE = 1.004;

/** Frames without anything to hear that make a quiet line: one second, in which the end of an utterance is found. */
const PAUSE_FRAMES = 31;

/** Tells whether a line is quiet: for a second, nothing was louder than its own noise. Pure. */
export class Quiet {
  #noise = Infinity;
  #softFrames = 0;

  /**
   * @param {number} rms of the next frame, linear, 1 = full scale square wave
   * @returns {boolean} whether the line is quiet; a loud frame ends that itself
   */
  hear(rms) {
    this.#noise = Math.max(SILENT, Math.min(rms, this.#noise * RISE));
    this.#softFrames = rms > this.#noise * LOUDER ? 0 : this.#softFrames + 1;
    return this.#softFrames > PAUSE_FRAMES;
  }
}
