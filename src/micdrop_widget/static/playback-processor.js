// sources sha256:7faea6fc72131898aa84860fa53ccd5dacb2cf49fd4674ba3b280cad57a162cc
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

  // src/worklets/start-delay.js
  var UNKNOWN_DELAY = 1024;
  var MAX_DELAY = 3200;
  var QUANTUM = 128;
  var LATE_DELAY = delayFor(UNKNOWN_DELAY);
  var SMALL_CHUNK = 800;
  var PAUSE = 1600;
  var AHEAD = 3840;
  var STRETCH = 32e3;
  var REMEMBERED_STRETCHES = 8;
  var ENOUGH_CHUNKS = 16;
  var StartDelay = class {
    #small = new Learned();
    #large = new Learned();
    #learned = this.#large;
    #used = 0;
    /** The largest reserve that a fall is measured from; Infinity before the first one of a server that was ahead of time. */
    #peak = 0;
    /** How long the answer that plays has waited, gaps included. */
    get used() {
      return this.#used;
    }
    /**
     * Notes that an answer begins, or goes on after a pause.
     *
     * @param {number} chunkSamples of its first chunk
     * @returns {number} how long it is to wait
     */
    begin(chunkSamples) {
      this.#learned = chunkSamples < SMALL_CHUNK ? this.#small : this.#large;
      this.#used = 0;
      return this.#learned.delay;
    }
    /**
     * Notes that an answer that ran dry goes on.
     *
     * @param {number} gap for how long it was dry
     * @param {number} chunkSamples of the chunk that arrives now
     * @returns {number} how long it is to wait
     */
    resume(gap, chunkSamples) {
      if (gap >= PAUSE) return this.begin(chunkSamples);
      this.#used += gap;
      this.#learned.noteGap(this.#used);
      return Math.max(0, this.#learned.delay - this.#used);
    }
    /**
     * Notes that playing starts.
     *
     * @param {number} waited since it could have begun, by the chunk that came earliest for its place in the answer
     */
    start(waited) {
      this.#used += waited;
      this.#peak = this.#used;
    }
    /**
     * Notes a chunk that arrives while the answer plays.
     *
     * @param {number} reserve the buffered samples before it
     * @param {number} elapsed since the chunk before it
     */
    noteChunk(reserve, elapsed) {
      const fall = this.#peak - reserve;
      const isAhead = reserve >= AHEAD;
      const isRead = !isAhead && fall < PAUSE;
      this.#peak = isAhead ? Infinity : isRead ? Math.max(this.#peak, reserve) : reserve;
      this.#learned.noteChunk(isRead ? fall : null, elapsed);
    }
  };
  var Learned = class {
    delay = UNKNOWN_DELAY;
    /** The deepest fall of each of the latest stretches, what gaps have shown among them; last that of the stretch that goes on. */
    #falls = [0];
    #length = 0;
    /** Chunks whose fall was read since the latest gap. */
    #chunks = 0;
    /**
     * @param {number | null} fall null where it could not be read
     * @param {number} elapsed
     */
    noteChunk(fall, elapsed) {
      if (fall !== null) {
        this.#falls.push(Math.max(fall, this.#falls.pop() ?? 0));
        this.#chunks++;
      }
      this.#length += elapsed;
      if (this.#length < STRETCH) return;
      const least = this.#chunks < ENOUGH_CHUNKS ? Math.min(this.delay, LATE_DELAY) : 0;
      this.delay = Math.max(delayFor(Math.max(...this.#falls)), this.delay / 2, least);
      this.#beginStretch();
    }
    /** @param {number} needed */
    noteGap(needed) {
      this.delay = Math.max(delayFor(needed), LATE_DELAY, this.delay);
      this.#chunks = 0;
      this.#falls.push(needed);
      this.#beginStretch();
    }
    #beginStretch() {
      this.#falls = [...this.#falls.slice(1 - REMEMBERED_STRETCHES), 0];
      this.#length = 0;
    }
  };
  function delayFor(needed) {
    return Math.min(MAX_DELAY, Math.max(needed + QUANTUM, 1.4 * needed - QUANTUM / 5));
  }

  // src/worklets/playback-queue.js
  var TOGETHER = 896;
  var CHUNK = 3200;
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
    /** Stream position after the newest accepted sample, and after the last one played. */
    #acceptedEnd = 0;
    #heardEnd = 0;
    #delay = new StartDelay();
    /** For how many samples the start waits, and for how many it has waited. */
    #wait = 0;
    #filledFor = 0;
    /** Position where the filling began, and how far a chunk since then was ahead of time: the wait is shorter by that. */
    #filledFrom = 0;
    #lead = 0;
    /** How long ago the newest chunk began to come; the same of the newest piece, and how long it is. */
    #sinceChunk = 0;
    #sincePiece = 0;
    #pieceSamples = 0;
    #dryFor = Infinity;
    /** The epoch that ran dry last; -1 after audio was cut off. */
    #dryEpoch = -1;
    #lastValue = 0;
    #tailFrom = 0;
    #tailLeft = 0;
    #fadeInLeft = 0;
    #hasReportedEpoch = false;
    #unreported = 0;
    /**
     * @param {object} [options] all in samples, the defaults for 16 kHz
     * @param {number} [options.startThreshold] buffered audio with which playing starts at once (600 ms): nobody paces in such chunks
     * @param {number} [options.fade] fade out and in around an underrun (5 ms); shorter than a quantum
     * @param {number} [options.reportInterval] between two reports while playing (200 ms)
     * @param {number} [options.underrunWindow] a new epoch that begins within this time goes on with what ran dry (1 s)
     */
    constructor({ startThreshold = 9600, fade = 80, reportInterval = 3200, underrunWindow = 16e3 } = {}) {
      this.#options = { startThreshold, fade, reportInterval, underrunWindow };
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
     * Appends a chunk, or a piece of one; older epochs and samples that are here already are dropped.
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
      if (this.#phase === "idle") this.#fill(position + known, fresh.length);
      else if (!this.#isFurtherPiece()) this.#noteChunk(position + known);
      this.#sincePiece = 0;
      this.#pieceSamples = fresh.length;
      this.#chunks.push({ position: position + known, samples: fresh });
      this.#acceptedEnd = position + samples.length;
      this.#bufferedSamples += fresh.length;
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
      this.#sinceChunk += output.length;
      this.#sincePiece += output.length;
      this.#addTail(output, 0);
      if (ranDry) {
        this.#startTail(played > 0 ? (
          /** @type {number} */
          output[played - 1]
        ) : this.#lastValue);
        this.#addTail(output, played);
        this.#phase = "idle";
        this.#dryFor = output.length - played;
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
    /** Whether what comes now belongs to the chunk that is here. */
    #isFurtherPiece() {
      return this.#sinceChunk < CHUNK && this.#sincePiece < Math.min(TOGETHER, 2 * this.#pieceSamples / 3);
    }
    /** @param {number} position of a chunk that comes behind others */
    #noteChunk(position) {
      if (this.#phase === "playing") this.#delay.noteChunk(this.#bufferedSamples, this.#sinceChunk);
      else this.#lead = Math.max(this.#lead, position - this.#filledFrom - this.#filledFor);
      this.#sinceChunk = 0;
    }
    /**
     * @param {number} position
     * @param {number} chunkSamples
     */
    #fill(position, chunkSamples) {
      this.#phase = "filling";
      this.#filledFrom = position;
      this.#filledFor = 0;
      this.#lead = 0;
      this.#sinceChunk = 0;
      if (this.#dryEpoch !== this.#epoch && this.#dryFor > this.#options.underrunWindow) {
        this.#wait = this.#delay.begin(chunkSamples);
        return;
      }
      this.#wait = this.#delay.resume(this.#dryFor, chunkSamples);
      this.#filledFrom += this.#delay.used;
      this.#underruns++;
      this.#fadeInLeft = this.#options.fade;
    }
    /** @param {number} quantumSamples */
    #startWhenReady(quantumSamples) {
      const waited = this.#filledFor + this.#lead;
      if (waited < this.#wait && this.#bufferedSamples < this.#options.startThreshold) {
        this.#filledFor += quantumSamples;
        return;
      }
      this.#delay.start(waited);
      this.#phase = "playing";
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
    #message = { epoch: 0, samples: 0, underruns: 0, buffered: 0, isPlaying: false, rms: 0, timeS: 0 };
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
      if (isReportDue) this.#report(currentTime + output.length / sampleRate);
      return true;
    }
    /** @param {number} timeS of the context, behind what has been played */
    #report(timeS) {
      this.#message.timeS = timeS;
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
