import { rmsOf } from "./level.js";
import { QuietDetector } from "./quiet-detector.js";

/**
 * Joins frames in pairs while the line is quiet, since each message costs the page and the kernel the same, however small it is.
 *
 * The first loud frame is emitted at once, with the quiet one that waited for it. Pure.
 */
export class Pairing {
  #quietDetector = new QuietDetector();
  #pair;
  #isWaiting = false;
  #waitingRms = 0;
  #emit;

  /**
   * @param {(samples: Int16Array<ArrayBuffer>, position: number, rms: number) => void} emit called with one or two frames, in an
   *   array that is used again, and the louder one's level
   * @param {number} frameSamples
   */
  constructor(emit, frameSamples) {
    this.#emit = emit;
    this.#pair = new Int16Array(2 * frameSamples);
  }

  /**
   * @param {Int16Array<ArrayBuffer>} frame copied if it has to wait
   * @param {number} position
   */
  push(frame, position) {
    const rms = rmsOf(frame);
    const isQuiet = this.#quietDetector.update(rms);
    if (this.#isWaiting) {
      this.#isWaiting = false;
      this.#pair.set(frame, frame.length);
      this.#emit(this.#pair, position - frame.length, Math.max(rms, this.#waitingRms));
    } else if (isQuiet) {
      this.#isWaiting = true;
      this.#waitingRms = rms;
      this.#pair.set(frame);
    } else {
      this.#emit(frame, position, rms);
    }
  }

  /** Forgets what waits: the microphone is muted. */
  discard() {
    this.#isWaiting = false;
  }
}
