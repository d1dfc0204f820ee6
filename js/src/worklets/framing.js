/** Samples in one microphone frame: 32 ms at 16 kHz, the window of the kernel's voice detector. */
export const FRAME_SAMPLES = 512;

/** The rate of the whole call: microphone, kernel, server, speaker. */
export const SAMPLE_RATE = 16_000;

/**
 * Samples in one microphone frame of 32 ms.
 *
 * @param {number} sampleRate of the microphone, in Hz
 * @returns {number}
 */
export function frameSamplesAt(sampleRate) {
  return Math.round((FRAME_SAMPLES * sampleRate) / SAMPLE_RATE);
}

/** Full scale of int16, in both languages. */
export const FULL_SCALE = 32768;

/**
 * Converts one float sample to int16.
 *
 * @param {number} value nominally in [-1, 1]
 * @returns {number} an integer in [-32768, 32767]
 */
export function toInt16(value) {
  const scaled = Math.round(value * FULL_SCALE);
  if (scaled > 32767) return 32767;
  if (scaled < -32768) return -32768;
  return scaled;
}

/**
 * Cuts the render quanta of Web Audio into int16 frames of one size, numbered by the position of their first sample.
 *
 * The position counts every captured sample, muted ones too, so that the kernel can tell a mute from a loss.
 */
export class Framer {
  #frame;
  #filled = 0;
  #position = 0;
  #emit;

  /**
   * @param {(frame: Int16Array<ArrayBuffer>, position: number) => void} emit called with the one reused frame; copy what you keep
   * @param {number} [frameSamples]
   */
  constructor(emit, frameSamples = FRAME_SAMPLES) {
    this.#emit = emit;
    this.#frame = new Int16Array(frameSamples);
  }

  /** Samples seen so far, also those that were dropped. */
  get position() {
    return this.#position;
  }

  /**
   * @param {Float32Array} samples
   * @param {boolean} isMuted true: count the samples, keep nothing of them
   */
  push(samples, isMuted) {
    if (isMuted) {
      this.#filled = 0;
      this.#position += samples.length;
      return;
    }
    let done = 0;
    while (done < samples.length) {
      const count = Math.min(this.#frame.length - this.#filled, samples.length - done);
      for (let index = 0; index < count; index++) {
        this.#frame[this.#filled + index] = toInt16(/** @type {number} */ (samples[done + index]));
      }
      done += count;
      this.#filled += count;
      this.#position += count;
      if (this.#filled < this.#frame.length) continue;
      this.#filled = 0;
      this.#emit(this.#frame, this.#position - this.#frame.length);
    }
  }
}
