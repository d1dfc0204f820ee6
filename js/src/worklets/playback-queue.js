import { FULL_SCALE } from "./framing.js";
import { StartDelay } from "./start-delay.js";

/**
 * A server may send one chunk in pieces. What comes within 56 ms of the piece before it, within two thirds of the length of that piece, and
 * within 200 ms in all, is a further piece: carriers hold small messages back for 50 ms at most, and who paces pieces sends none so soon.
 */
const TOGETHER = 896;
const CHUNK = 3200;

/**
 * The jitter buffer of the player: chunks of any size in, gapless quanta out.
 *
 * Three phases: *idle* (nothing buffered), *filling* (waiting, see `StartDelay`) and *playing*. The queue can go from
 * playing to idle at any sample; whether that was an underrun or the answer's end is known later, so an
 * underrun is counted when audio goes on: in the same epoch, or shortly after in a new one, because the kernel believed the
 * answer to be over. All times are counted in samples: the queue has no clock.
 */
export class PlaybackQueue {
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
  constructor({ startThreshold = 9600, fade = 80, reportInterval = 3200, underrunWindow = 16000 } = {}) {
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
    // The kernel may send again what was not heard: another page took over, and gave back.
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
    // Audio that is cut off is no underrun; a queue that ran dry by itself stays one.
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
      this.#startTail(played > 0 ? /** @type {number} */ (output[played - 1]) : this.#lastValue);
      this.#addTail(output, played);
      this.#phase = "idle";
      this.#dryFor = output.length - played;
      this.#dryEpoch = this.#epoch;
    } else if (this.#phase !== "playing") {
      this.#dryFor += output.length;
    }
    this.#lastValue = /** @type {number} */ (output[output.length - 1]);
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
    return this.#sinceChunk < CHUNK && this.#sincePiece < Math.min(TOGETHER, (2 * this.#pieceSamples) / 3);
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
    // the chunk that came too late is no measure of others: they are ahead of time by what is beyond the wait so far
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
      if (chunk === undefined) break;
      const count = Math.min(output.length - written, chunk.samples.length - this.#chunkOffset);
      for (let index = 0; index < count; index++) {
        let value = /** @type {number} */ (chunk.samples[this.#chunkOffset + index]) / FULL_SCALE;
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
      output[index] = /** @type {number} */ (output[index]) + (this.#tailFrom * this.#tailLeft) / this.#options.fade;
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
}
