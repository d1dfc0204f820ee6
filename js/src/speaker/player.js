import { describeError } from "./failures.js";
import { SAMPLE_RATE } from "../worklets/framing.js";

/** @typedef {import("./engine.js").AudioEngine} AudioEngine */
/** @typedef {import("../messages/messages.js").Play} Play */

/**
 * @typedef {object} Report
 * @property {number} epoch
 * @property {number} samples heard of it so far
 * @property {number} underruns in it so far
 * @property {number} buffered samples that follow them without a gap
 *
 * @typedef {object} PlayerListener
 * @property {(report: Report, isUrgent: boolean) => void} onHeard urgent where an epoch begins and where playing ends
 * @property {(rms: number) => void} onLevel
 * @property {(detail: string) => void} onFault playback is impossible
 */

/**
 * Returns what a report says some time later.
 *
 * @param {Report} report of a player that plays on
 * @param {number} ms
 * @returns {Report}
 */
export function later(report, ms) {
  const more = Math.min(Math.round((ms * SAMPLE_RATE) / 1000), report.buffered);
  return { ...report, samples: report.samples + more, buffered: report.buffered - more };
}

/** The speaker: hands audio to the playback worklet, which does the rest. */
export class Player {
  #engine;
  #listener;
  #epoch = 0;
  /** Nothing was played since it fell silent: levels that still come are of what was before. */
  #isSilent = true;
  /** Of the latest report. */
  #heardEpoch = -1;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** Grows at each close: an opening that outlives it steps back. */
  #generation = 0;
  /** @type {Play[]} what came while the worklet was loading */
  #waiting = [];

  /**
   * @param {AudioEngine} engine
   * @param {PlayerListener} listener
   */
  constructor(engine, listener) {
    this.#engine = engine;
    this.#listener = listener;
  }

  /** @param {Play} chunk its samples are transferred */
  play(chunk) {
    if (chunk.epoch < this.#epoch) return;
    if (chunk.epoch > this.#epoch) this.flush(chunk.epoch);
    this.#isSilent = false;
    if (this.#node !== null) {
      this.#node.port.postMessage(chunk, [chunk.samples.buffer]);
      return;
    }
    this.#waiting.push(chunk);
    this.#opening ??= this.#open();
  }

  /** @param {number} epoch ignored when it is older than the current one */
  flush(epoch) {
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    this.#fallSilent({ type: "flush", epoch });
  }

  /** Falls silent at once without a new epoch. */
  silence() {
    this.#fallSilent({ type: "clear" });
  }

  /** Ends the worklet; the next chunk starts a new one. */
  close() {
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
    this.#listener.onLevel(0);
  }

  /** @param {{type: "flush", epoch: number} | {type: "clear"}} message */
  #fallSilent(message) {
    this.#waiting.length = 0;
    this.#node?.port.postMessage(message);
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#listener.onLevel(0);
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
      this.close();
      this.#listener.onFault(`The answer cannot be played (${describeError(error)}).`);
      return;
    }
    for (const chunk of this.#waiting.splice(0)) this.play(chunk);
  }

  /** @param {AudioContext} context */
  #createNode(context) {
    const node = new AudioWorkletNode(context, "micdrop-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }) => {
      const { epoch, samples, underruns, buffered, isPlaying, rms } = data;
      this.#reportHeard(context, { epoch, samples, underruns, buffered }, epoch !== this.#heardEpoch || !isPlaying);
      this.#heardEpoch = epoch;
      if (!this.#isSilent && epoch === this.#epoch) this.#listener.onLevel(rms);
    };
    node.onprocessorerror = () => {
      this.close();
      this.#listener.onFault("The answer cannot be played (the playback worklet failed).");
    };
    node.connect(context.destination);
    return node;
  }

  /**
   * What has passed through the audio graph is heard a little later, when it leaves the loudspeaker.
   *
   * @param {AudioContext} context
   * @param {Report} report
   * @param {boolean} isUrgent
   */
  #reportHeard(context, report, isUrgent) {
    const latencyS = context.outputLatency || context.baseLatency || 0;
    setTimeout(() => this.#listener.onHeard(report, isUrgent), latencyS * 1000);
  }
}
