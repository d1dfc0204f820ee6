// sources sha256:80a304f0f712d6a9c5c1d03bd92b347764ee8ee7a0256c03dec41fbd88499ce3
"use strict";
(() => {
  // src/worklets/framing.js
  var FULL_SCALE = 32768;

  // src/worklets/level.js
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
  var LevelMeter = class {
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
  };

  // src/worklets/playback-queue.js
  var PlaybackQueue = class {
    #options;
    /** @type {{position: number, samples: Int16Array<ArrayBuffer>}[]} */
    #chunks = [];
    #chunkOffset = 0;
    /** @type {ArrayBuffer[]} */
    #spent = [];
    #bufferedSamples = 0;
    /** @type {"idle" | "filling" | "playing"} */
    #phase = "idle";
    #epoch = 0;
    #underruns = 0;
    /** Stream position behind the newest accepted sample, and behind the last one played. */
    #acceptedEnd = 0;
    #heardEnd = 0;
    #filledFor = 0;
    /** How long the start waits for the threshold: every underrun doubles it, every answer without one halves it. */
    #patience;
    #dryFor = Infinity;
    /** The epoch that ran dry last; none after a cut. */
    #dryEpoch = -1;
    #lastValue = 0;
    #tailFrom = 0;
    #tailLeft = 0;
    #fadeInLeft = 0;
    #hasReportedEpoch = false;
    #unreported = 0;
    /**
     * @param {object} [options] all in samples, the defaults for 16 kHz
     * @param {number} [options.startThreshold] buffered audio with which playing starts (200 ms)
     * @param {number} [options.startPatience] playing starts with less after this time (20 ms): a server that paces its answer is that much ahead
     * @param {number} [options.fade] fade out and in around an underrun (5 ms); shorter than a quantum
     * @param {number} [options.reportInterval] between two reports while playing (200 ms)
     * @param {number} [options.underrunWindow] a new epoch that begins within this time goes on with what ran dry (1 s)
     */
    constructor({ startThreshold = 3200, startPatience = 320, fade = 80, reportInterval = 3200, underrunWindow = 16e3 } = {}) {
      this.#options = { startThreshold, startPatience, fade, reportInterval, underrunWindow };
      this.#patience = startPatience;
    }
    get epoch() {
      return this.#epoch;
    }
    /** Samples of this epoch that were played so far, as a position in the stream. */
    get heardSamples() {
      return this.#heardEnd;
    }
    /** Interruptions within this epoch, one just before its first sample included. */
    get underruns() {
      return this.#underruns;
    }
    /** False while it is silent, and while it waits for enough to start with. */
    get isPlaying() {
      return this.#phase === "playing";
    }
    get bufferedSamples() {
      return this.#bufferedSamples;
    }
    /**
     * Appends a chunk; older epochs and samples that are here already are dropped.
     *
     * @param {number} epoch a newer one than the current flushes first
     * @param {number} position of the first sample in the epoch's stream
     * @param {Int16Array<ArrayBuffer>} samples kept, not copied
     */
    push(epoch, position, samples) {
      if (epoch < this.#epoch) return this.#spend(samples);
      if (epoch > this.#epoch) this.flush(epoch);
      const known = Math.max(0, this.#acceptedEnd - position);
      if (known >= samples.length) return this.#spend(samples);
      const fresh = known > 0 ? samples.subarray(known) : samples;
      this.#chunks.push({ position: position + known, samples: fresh });
      this.#acceptedEnd = position + samples.length;
      this.#bufferedSamples += fresh.length;
      if (this.#phase === "idle") this.#fill();
    }
    /**
     * Falls silent and throws away what is buffered.
     *
     * @param {number} epoch ignored when it is older than the current one
     */
    flush(epoch) {
      if (epoch < this.#epoch) return;
      this.clear();
      this.#acceptedEnd = this.#heardEnd;
      if (epoch === this.#epoch) return;
      if (this.#underruns === 0) this.#patience = Math.max(this.#patience / 2, this.#options.startPatience);
      this.#epoch = epoch;
      this.#acceptedEnd = 0;
      this.#heardEnd = 0;
      this.#underruns = 0;
      this.#hasReportedEpoch = false;
    }
    /** Falls silent within the next quantum, in the same epoch. */
    clear() {
      this.#startTail(this.#lastValue);
      if (this.#phase !== "idle") {
        this.#dryFor = Infinity;
        this.#dryEpoch = -1;
      }
      for (const { samples } of this.#chunks.splice(0)) this.#spend(samples);
      this.#chunkOffset = 0;
      this.#bufferedSamples = 0;
      this.#phase = "idle";
      this.#unreported = 0;
    }
    /**
     * Fills one quantum.
     *
     * @param {Float32Array} output
     * @returns {boolean} true when a report of what was heard is due
     */
    pull(output) {
      if (this.#phase === "filling") this.#startWhenReady(output.length);
      const played = this.#phase === "playing" ? this.#copy(output) : 0;
      const ranDry = this.#phase === "playing" && played < output.length;
      output.fill(0, played);
      this.#addTail(output, 0);
      if (ranDry) {
        this.#startTail(played > 0 ? (
          /** @type {number} */
          output[played - 1]
        ) : this.#lastValue);
        this.#addTail(output, played);
        this.#phase = "idle";
        this.#dryFor = 0;
        this.#dryEpoch = this.#epoch;
      } else if (this.#phase !== "playing") {
        this.#dryFor += output.length;
      }
      this.#lastValue = /** @type {number} */
      output[output.length - 1];
      return this.#isReportDue(played, ranDry);
    }
    /** @returns {ArrayBuffer[]} the buffers whose samples were played or thrown away since the last call */
    removeSpent() {
      return this.#spent.splice(0);
    }
    /** @param {Int16Array<ArrayBuffer>} samples */
    #spend(samples) {
      this.#spent.push(samples.buffer);
    }
    #fill() {
      this.#phase = "filling";
      this.#filledFor = 0;
      if (this.#dryEpoch !== this.#epoch && this.#dryFor > this.#options.underrunWindow) return;
      this.#underruns++;
      this.#patience = Math.min(2 * this.#patience, this.#options.startThreshold);
      this.#fadeInLeft = this.#options.fade;
    }
    /** @param {number} quantumSamples */
    #startWhenReady(quantumSamples) {
      const isReady = this.#bufferedSamples >= this.#options.startThreshold || this.#filledFor >= this.#patience;
      if (isReady) this.#phase = "playing";
      else this.#filledFor += quantumSamples;
    }
    /**
     * @param {Float32Array} output
     * @returns {number} samples written
     */
    #copy(output) {
      let written = 0;
      while (written < output.length) {
        const chunk = this.#chunks[0];
        if (chunk === void 0) break;
        const count = Math.min(output.length - written, chunk.samples.length - this.#chunkOffset);
        for (let index = 0; index < count; index++) {
          let value = (
            /** @type {number} */
            chunk.samples[this.#chunkOffset + index] / FULL_SCALE
          );
          if (this.#fadeInLeft > 0) value *= 1 - this.#fadeInLeft-- / this.#options.fade;
          output[written + index] = value;
        }
        written += count;
        this.#chunkOffset += count;
        this.#bufferedSamples -= count;
        this.#heardEnd = chunk.position + this.#chunkOffset;
        if (this.#chunkOffset < chunk.samples.length) continue;
        this.#chunks.shift();
        this.#spend(chunk.samples);
        this.#chunkOffset = 0;
      }
      return written;
    }
    /** @param {number} value the ramp to zero starts below it */
    #startTail(value) {
      this.#tailFrom = value;
      this.#tailLeft = value === 0 ? 0 : this.#options.fade;
      this.#fadeInLeft = 0;
    }
    /**
     * Adds the ramp that ends what was cut off, so that new audio may begin under it.
     *
     * @param {Float32Array} output
     * @param {number} start
     */
    #addTail(output, start) {
      for (let index = start; index < output.length && this.#tailLeft > 0; index++) {
        this.#tailLeft--;
        output[index] = /** @type {number} */
        output[index] + this.#tailFrom * this.#tailLeft / this.#options.fade;
      }
    }
    /**
     * @param {number} played
     * @param {boolean} ranDry
     */
    #isReportDue(played, ranDry) {
      this.#unreported += played;
      const isFirst = played > 0 && !this.#hasReportedEpoch;
      if (!isFirst && !ranDry && this.#unreported < this.#options.reportInterval) return false;
      if (isFirst) this.#hasReportedEpoch = true;
      this.#unreported = 0;
      return true;
    }
  };

  // src/worklets/playback-processor.js
  var PlaybackProcessor = class extends AudioWorkletProcessor {
    #isEnded = false;
    #queue = new PlaybackQueue();
    #meter = new LevelMeter();
    // Posting clones, so one message object serves for ever.
    #message = { epoch: 0, samples: 0, underruns: 0, buffered: 0, isPlaying: false, rms: 0 };
    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        if (data.type === "play") this.#queue.push(data.epoch, data.position, data.samples);
        if (data.type === "flush") this.#queue.flush(data.epoch);
        if (data.type === "clear") this.#queue.clear();
        if (data.type === "end") this.#isEnded = true;
      };
    }
    /**
     * @override
     * @param {Float32Array[][]} _inputs
     * @param {Float32Array[][]} outputs
     */
    process(_inputs, outputs) {
      if (this.#isEnded) return false;
      const output = outputs[0]?.[0];
      if (output === void 0) return true;
      const isReportDue = this.#queue.pull(output);
      if (this.#queue.isPlaying) this.#meter.push(output);
      if (isReportDue) this.#report();
      return true;
    }
    #report() {
      this.#message.epoch = this.#queue.epoch;
      this.#message.samples = this.#queue.heardSamples;
      this.#message.underruns = this.#queue.underruns;
      this.#message.buffered = this.#queue.bufferedSamples;
      this.#message.isPlaying = this.#queue.isPlaying;
      const rms = this.#meter.readAndReset();
      this.#message.rms = this.#queue.isPlaying ? rms : 0;
      this.port.postMessage(this.#message, this.#queue.removeSpent());
    }
  };
  registerProcessor("micdrop-playback", PlaybackProcessor);
})();
