import { describeError } from "../errors.js";
import { Listeners } from "../listeners.js";

/** Microphone, loudspeaker and the audio context under them, as one: used, held and released together. */
export class PageAudio {
  #engine;
  #microphone;
  #speaker;
  /** @type {Listeners<[]>} */
  #closedListeners = new Listeners();
  /** @type {Listeners<[problem: string]>} */
  #problemListeners = new Listeners();

  /**
   * @param {object} options
   * @param {import("../speaker/engine.js").AudioEngine} options.engine
   * @param {import("../microphone/microphone.js").Microphone} options.microphone
   * @param {import("../speaker/speaker.js").Speaker} options.speaker
   */
  constructor({ engine, microphone, speaker }) {
    this.#engine = engine;
    this.#microphone = microphone;
    this.#speaker = speaker;
  }

  /** Subscribes to the end of playback and of the audio context. */
  onClosed = this.#closedListeners.add;

  /** Subscribes to problems, in words for the user. */
  onProblem = this.#problemListeners.add;

  /** Creates or resumes the audio context. Call it synchronously from a click. */
  start() {
    // What goes wrong here goes wrong again when the microphone is opened, and is reported then.
    this.#engine.start().catch(() => undefined);
  }

  /** Lets a suspended audio context run. Call it synchronously from a click. */
  allow() {
    this.#engine.start().catch((error) => {
      this.#problemListeners.emit(`The browser gives no audio (${describeError(error)}).`);
    });
  }

  /** Plays the audio that arrives from now on. */
  resume() {
    this.#speaker.resume();
  }

  /** Releases the microphone, and plays nothing until `resume`. */
  hold() {
    this.#microphone.release();
    this.#speaker.hold();
  }

  /** Releases everything. */
  release() {
    this.#microphone.release();
    this.close();
  }

  /** Releases the microphone of a kernel that is out of reach: it is opened again when the kernel still wants it then. */
  releaseForLostKernel() {
    this.#microphone.releaseForLostKernel();
    this.close();
  }

  /** Gives up the audio that was not played: the kernel is silent. */
  abandon() {
    this.#speaker.abandon("the kernel was silent");
    this.close();
  }

  /** Ends playback, and the audio context. */
  close() {
    this.#speaker.close();
    this.#engine.close();
    this.#closedListeners.emit();
  }
}
