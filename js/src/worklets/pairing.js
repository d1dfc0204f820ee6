import { rmsOf } from "./level.js";
import { Quiet } from "./quiet.js";

/**
 * Puts frames together in twos while the line is quiet: whatever is in it, each piece costs the page and the kernel the same.
 *
 * The first loud frame goes at once, with the one that waited for it. Pure.
 */
export class Pairing {
  #quiet = new Quiet();
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
    const isQuiet = this.#quiet.hear(rms);
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
