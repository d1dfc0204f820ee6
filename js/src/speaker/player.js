import { describeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import { PlaybackWatchdog } from "./playback-watchdog.js";
import { SAMPLE_RATE } from "../worklets/framing.js";

/** @typedef {import("./engine.js").AudioEngine} AudioEngine */
/** @typedef {import("../messages/messages.js").Play} Play */

/**
 * What has left the loudspeaker.
 *
 * @typedef {object} PlaybackProgress
 * @property {number} epoch
 * @property {number} samples of the epoch that were heard so far
 * @property {number} underruns in the epoch so far
 * @property {number} buffered samples that follow without a gap
 * @property {number} heardMs when that was so, by the page's clock
 */

/**
 * Why an answer is given up: the browser waits for a click before it plays, or something in the page is broken.
 *
 * @typedef {{epoch: number, reason: "blocked" | "failed", detail: string}} PlaybackFault
 */

/**
 * Computes the progress some time later, of a player that plays on.
 *
 * @param {PlaybackProgress} progress
 * @param {number} ms
 * @returns {PlaybackProgress}
 */
export function extrapolate(progress, ms) {
  const more = Math.min(Math.round((ms * SAMPLE_RATE) / 1000), progress.buffered);
  return {
    ...progress,
    samples: progress.samples + more,
    buffered: progress.buffered - more,
    heardMs: progress.heardMs + (more * 1000) / SAMPLE_RATE,
  };
}

/** The loudspeaker: hands audio to the playback worklet, which buffers and plays it. */
export class Player {
  #engine;
  #now;
  #epoch = 0;
  /** Nothing was played since the player fell silent: levels that still arrive are of earlier audio. */
  #isSilent = true;
  #isHeld = false;
  /** The epoch of the latest progress. */
  #progressEpoch = -1;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** Grows at each close, so that an opening that takes longer notices it. */
  #generation = 0;
  /** @type {Play[]} chunks that arrived while the worklet was loading */
  #waiting = [];
  /** @type {Listeners<[progress: PlaybackProgress, isUrgent: boolean]>} */
  #progressListeners = new Listeners();
  /** @type {Listeners<[rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[fault: PlaybackFault]>} */
  #faultListeners = new Listeners();
  #watchdog = new PlaybackWatchdog();

  /**
   * @param {AudioEngine} engine
   * @param {() => number} now milliseconds, by the page's clock
   */
  constructor(engine, now) {
    this.#engine = engine;
    this.#now = now;
    this.#watchdog.onStalled(() => this.#reportStall());
  }

  /** Subscribes to the progress of playback; it is urgent where an epoch begins and where playing ends. */
  onProgress = this.#progressListeners.add;

  /** Subscribes to the level of what is played. */
  onLevel = this.#levelListeners.add;

  /** Subscribes to faults: what was to be played is given up. */
  onFault = this.#faultListeners.add;

  /** @param {Play} chunk its samples are transferred */
  play(chunk) {
    if (this.#isHeld) return;
    if (chunk.epoch < this.#epoch) return;
    if (chunk.epoch > this.#epoch) this.flush(chunk.epoch);
    this.#isSilent = false;
    this.#watchdog.start();
    if (this.#node !== null) {
      this.#node.port.postMessage(chunk, [chunk.samples.buffer]);
      return;
    }
    this.#waiting.push(chunk);
    this.#opening ??= this.#open();
  }

  /** @param {number} epoch ignored when it is older than the current one */
  flush(epoch) {
    this.#isHeld = false;
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    this.#fallSilent({ type: "flush", epoch });
  }

  /** Falls silent at once and plays nothing more, until it is resumed or flushed. */
  hold() {
    this.#isHeld = true;
    this.#fallSilent({ type: "clear" });
  }

  /** Plays again what arrives from now on. */
  resume() {
    this.#isHeld = false;
  }

  /**
   * Gives up what was not played, if anything, and ends the worklet.
   *
   * @param {string} detail why
   */
  abandon(detail) {
    if (this.#watchdog.isExpecting) this.#fail(detail);
    else this.close();
  }

  /** Ends the worklet; the next chunk starts a new one. */
  close() {
    this.#watchdog.stop();
    this.#generation++;
    const node = this.#node;
    this.#node = null;
    this.#opening = null;
    this.#waiting.length = 0;
    this.#isSilent = true;
    if (node === null) return;
    node.port.onmessage = null;
    node.port.postMessage({ type: "end" });
    node.disconnect();
    this.#levelListeners.emit(0);
  }

  /** @param {{type: "flush", epoch: number} | {type: "clear"}} message */
  #fallSilent(message) {
    this.#watchdog.stop();
    this.#waiting.length = 0;
    this.#node?.port.postMessage(message);
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#levelListeners.emit(0);
  }

  async #open() {
    const generation = this.#generation;
    try {
      const context = await this.#engine.start();
      if (generation !== this.#generation) return;
      this.#node = this.#createNode(context);
      this.#node.port.postMessage({ type: "flush", epoch: this.#epoch });
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#fail(describeError(error));
      return;
    }
    for (const chunk of this.#waiting.splice(0)) this.play(chunk);
  }

  /** @param {boolean} isMoreToCome */
  #noteProgress(isMoreToCome) {
    if (isMoreToCome) this.#watchdog.reset();
    else this.#watchdog.stop();
  }

  #reportStall() {
    if (!this.#engine.isBlocked) return this.#fail("nothing is played");
    // The context may run later: its worklet stays.
    this.#fallSilent({ type: "clear" });
    this.#faultListeners.emit({ epoch: this.#epoch, reason: "blocked", detail: "the browser waits for a click" });
  }

  /** @param {string} detail */
  #fail(detail) {
    this.close();
    this.#faultListeners.emit({ epoch: this.#epoch, reason: "failed", detail });
  }

  /** @param {AudioContext} context */
  #createNode(context) {
    const node = new AudioWorkletNode(context, "micdrop-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }) => {
      const { epoch, samples, underruns, buffered, isPlaying, rms, timeS } = data;
      const heardMs = this.#now() - (context.currentTime - timeS) * 1000;
      if (epoch === this.#epoch) this.#noteProgress(isPlaying || buffered > 0);
      this.#reportProgress(context, { epoch, samples, underruns, buffered, heardMs }, epoch !== this.#progressEpoch || !isPlaying);
      this.#progressEpoch = epoch;
      if (!this.#isSilent && epoch === this.#epoch) this.#levelListeners.emit(rms);
    };
    node.onprocessorerror = () => {
      this.#fail("the playback worklet failed");
    };
    node.connect(context.destination);
    return node;
  }

  /**
   * Reports progress when the samples are heard: they leave the loudspeaker a little after they have left the audio graph.
   *
   * @param {AudioContext} context
   * @param {PlaybackProgress} progress
   * @param {boolean} isUrgent
   */
  #reportProgress(context, progress, isUrgent) {
    const latencyMs = 1000 * (context.outputLatency || context.baseLatency || 0);
    const heard = { ...progress, heardMs: progress.heardMs + latencyMs };
    setTimeout(() => this.#progressListeners.emit(heard, isUrgent), latencyMs);
  }
}
