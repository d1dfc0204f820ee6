// sources sha256:7faea6fc72131898aa84860fa53ccd5dacb2cf49fd4674ba3b280cad57a162cc
"use strict";
(() => {
  // src/worklets/framing.js
  var FRAME_SAMPLES = 512;
  var SAMPLE_RATE = 16e3;
  function frameSamplesAt(sampleRate2) {
    return Math.round(FRAME_SAMPLES * sampleRate2 / SAMPLE_RATE);
  }
  var FULL_SCALE = 32768;
  function toInt16(value) {
    const scaled = Math.round(value * FULL_SCALE);
    if (scaled > 32767) return 32767;
    if (scaled < -32768) return -32768;
    return scaled;
  }
  var Framer = class {
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
          this.#frame[this.#filled + index] = toInt16(
            /** @type {number} */
            samples[done + index]
          );
        }
        done += count;
        this.#filled += count;
        this.#position += count;
        if (this.#filled < this.#frame.length) continue;
        this.#filled = 0;
        this.#emit(this.#frame, this.#position - this.#frame.length);
      }
    }
  };

  // src/worklets/level.js
  function rmsOf(samples) {
    const sumOfSquares = sumSquares(samples);
    return samples.length === 0 ? 0 : Math.sqrt(sumOfSquares / samples.length) / FULL_SCALE;
  }
  function sumSquares(samples) {
    let sum = 0;
    for (let index = 0; index < samples.length; index++) {
      const value = (
        /** @type {number} */
        samples[index]
      );
      sum += value * value;
    }
    return sum;
  }

  // src/worklets/quiet-detector.js
  var LOUDER = 3;
  var SILENT = 3e-4;
  var SMOOTHING = 1 / 8;
  var RISE = 1.011;
  var PAUSE_FRAMES = 31;
  var QuietDetector = class {
    #level = Infinity;
    #noise = Infinity;
    #softFrames = 0;
    /**
     * @param {number} rms of the next frame, linear, 1 = full scale square wave
     * @returns {boolean} whether the line is quiet; it is not as of the first loud frame
     */
    update(rms) {
      if (rms > 0) this.#followNoise(rms);
      this.#softFrames = rms > this.#noise * LOUDER ? 0 : this.#softFrames + 1;
      return this.#softFrames > PAUSE_FRAMES;
    }
    /** @param {number} rms */
    #followNoise(rms) {
      this.#level = this.#level === Infinity ? rms : this.#level + SMOOTHING * (rms - this.#level);
      this.#noise = Math.max(SILENT, Math.min(this.#level, this.#noise * RISE));
    }
  };

  // src/worklets/pairing.js
  var Pairing = class {
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
  };

  // src/worklets/capture-processor.js
  var CaptureProcessor = class extends AudioWorkletProcessor {
    #isEnded = false;
    #isMuted = true;
    // Posting clones, so one message object serves for ever.
    #message = { position: 0, samples: new Int16Array(0), rms: 0 };
    #pairing = new Pairing((samples, position, rms) => {
      this.#message.samples = samples;
      this.#message.position = position;
      this.#message.rms = rms;
      this.port.postMessage(this.#message);
    }, frameSamplesAt(sampleRate));
    #framer = new Framer((samples, position) => this.#pairing.push(samples, position), frameSamplesAt(sampleRate));
    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        if (data.type === "mute") this.#mute(data.isMuted);
        if (data.type === "end") this.#isEnded = true;
      };
    }
    /**
     * @override
     * @param {Float32Array[][]} inputs
     */
    process(inputs) {
      if (this.#isEnded) return false;
      const samples = inputs[0]?.[0];
      if (samples === void 0) return true;
      this.#framer.push(samples, this.#isMuted);
      return true;
    }
    /** @param {boolean} isMuted */
    #mute(isMuted) {
      this.#isMuted = isMuted;
      if (isMuted) this.#pairing.discard();
    }
  };
  registerProcessor("micdrop-capture", CaptureProcessor);
})();
