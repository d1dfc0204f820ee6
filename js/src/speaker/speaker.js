import { describeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import * as messages from "../messages/messages.js";
import { Player, extrapolate } from "./player.js";

/** The page's loudspeaker: plays the kernel's audio, and reports progress and failures to it. */
export class Speaker {
  #pageId;
  #engine;
  #outbox;
  #now;
  #player;
  /** The end of the latest audio that has arrived. */
  #received = { epoch: 0, samples: 0, ms: 0 };
  #isAckPending = false;
  /** @type {Listeners<[problem: string]>} */
  #problemListeners = new Listeners();

  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {import("./engine.js").AudioEngine} options.engine
   * @param {import("../session/outbox.js").Outbox} options.outbox
   * @param {() => number} options.now milliseconds
   */
  constructor({ pageId, engine, outbox, now }) {
    this.#pageId = pageId;
    this.#engine = engine;
    this.#outbox = outbox;
    this.#now = now;
    this.#player = new Player(engine, now);
    this.onLevel = this.#player.onLevel;
    this.onUsed = engine.onSpeakerUsed;
    this.#player.onProgress((progress, isUrgent) => this.#reportProgress(progress, isUrgent));
    this.#player.onFault((fault) => this.#reportFault(fault));
    engine.onSpeakerFailed((deviceId, error) => this.#reportFailed(deviceId, error));
  }

  /** Subscribes to problems, in words for the user. */
  onProblem = this.#problemListeners.add;

  /** @param {messages.Play} chunk its samples are transferred */
  play(chunk) {
    if (chunk.awaitsAck) this.#acknowledge(chunk);
    this.#player.play(chunk);
  }

  /** @param {messages.Flush} message what was sent before its epoch is not played */
  flush({ epoch }) {
    this.#player.flush(epoch);
  }

  /** @param {messages.SetSpeaker} message */
  select({ deviceId }) {
    this.#engine.selectSpeaker(deviceId);
  }

  /** Falls silent at once and plays nothing more, until it is resumed or flushed. */
  hold() {
    this.#player.hold();
  }

  /** Plays again what arrives from now on. */
  resume() {
    this.#player.resume();
  }

  /**
   * Closes and reports to the kernel what is given up, if anything.
   *
   * @param {string} detail why
   */
  abandon(detail) {
    this.#player.abandon(detail);
  }

  /** Plays nothing until the next chunk. */
  close() {
    this.#player.close();
  }

  /** @param {messages.Play} chunk several in a row are acknowledged by one message */
  #acknowledge({ epoch, position, samples }) {
    this.#received = { epoch, samples: position + samples.length, ms: this.#now() };
    if (this.#isAckPending) return;
    this.#isAckPending = true;
    this.#outbox.sendDeferred(() => {
      this.#isAckPending = false;
      return messages.playReceived(this.#pageId, this.#received.epoch, this.#received.samples, this.#received.ms);
    });
  }

  /**
   * @param {import("./player.js").PlaybackProgress} progress
   * @param {boolean} isUrgent
   */
  #reportProgress(progress, isUrgent) {
    if (isUrgent) this.#outbox.send(messages.heard(this.#pageId, progress));
    else this.#outbox.sendDeferred((delayMs) => messages.heard(this.#pageId, extrapolate(progress, delayMs)));
  }

  /** @param {import("./player.js").PlaybackFault} fault */
  #reportFault({ epoch, reason, detail }) {
    this.#problemListeners.emit(`The answer cannot be played (${detail}).`);
    this.#outbox.send(messages.playbackFailed(this.#pageId, epoch, reason, detail));
  }

  /**
   * @param {string} deviceId
   * @param {unknown} error
   */
  #reportFailed(deviceId, error) {
    const detail = describeError(error);
    this.#problemListeners.emit(`The loudspeaker cannot be used (${detail}). The usual one plays on.`);
    this.#outbox.send(messages.speakerFailed(this.#pageId, deviceId, detail));
  }
}
