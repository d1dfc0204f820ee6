import { INITIAL_CALL_STATE } from "./state.js";

/** @typedef {import("./state.js").CallState} CallState */

/** A command that the kernel has not answered after this time is worth a word: a cell may be running. */
const SLOW_AFTER_MS = 1500;

/**
 * What the user has asked for and the kernel has not confirmed yet. The panel shows the wish at once, and the microphone
 * obeys a mute before the kernel has heard of it.
 */
export class Wishes {
  isStartRequested = false;
  isStopRequested = false;
  isMuteRequested = false;
  isPauseRequested = false;
  isKernelSlow = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #call = INITIAL_CALL_STATE;
  #onSlow;

  /** @param {() => void} onSlow */
  constructor(onSlow) {
    this.#onSlow = onSlow;
  }

  /** True while a wish of the user keeps the microphone shut. */
  get isMicGated() {
    return this.isMuteRequested || this.isPauseRequested;
  }

  /** @param {import("../messages/messages.js").CommandName} name */
  ask(name) {
    if (name === "start" || name === "take_over" || name === "stop") {
      this.isStartRequested = name !== "stop";
      this.isStopRequested = name === "stop" && (this.#call.isStarted || this.#call.isStarting);
    }
    if (name === "mute" || name === "unmute") this.isMuteRequested = name === "mute";
    if (name === "pause" || name === "resume") this.isPauseRequested = name === "pause";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#checkSlow(), SLOW_AFTER_MS);
  }

  /**
   * Grants what the kernel has confirmed.
   *
   * @param {CallState} call
   */
  follow(call) {
    const isNewError = call.error !== this.#call.error && call.error !== null;
    const isInCall = call.isStarting || call.isStarted;
    const hasEnded = !isInCall && (this.#call.isStarting || this.#call.isStarted);
    if (isInCall || hasEnded || isNewError) this.isStartRequested = false;
    if (!isInCall) this.isStopRequested = false;
    if (call.isMuted) this.isMuteRequested = false;
    if (call.isPaused) this.isPauseRequested = false;
    this.#call = call;
    if (!this.#isWaiting) this.isKernelSlow = false;
  }

  /** The microphone was asked for: the kernel has heard of the start. */
  confirmStart() {
    this.isStartRequested = false;
    this.isKernelSlow = false;
  }

  dispose() {
    clearTimeout(this.#timer);
  }

  get #isWaiting() {
    return this.isStartRequested || this.isStopRequested || this.isMicGated;
  }

  #checkSlow() {
    if (!this.#isWaiting) return;
    this.isKernelSlow = true;
    this.#onSlow();
  }
}
