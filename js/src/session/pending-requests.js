import { Listeners } from "../listeners.js";
import { INITIAL_CALL_STATE } from "./state.js";

/** @typedef {import("./state.js").CallState} CallState */

/** When the kernel has not confirmed a request after this time, the panel says that a cell may be running. */
const SLOW_AFTER_MS = 1500;

/**
 * The requests of the user that the kernel has not confirmed yet. The panel shows a pending request at once, and a pending mute
 * mutes the microphone before the kernel receives it.
 */
export class PendingRequests {
  isStartRequested = false;
  isStopRequested = false;
  isMuteRequested = false;
  isPauseRequested = false;
  /** The latest start ended with an error before the call was up. */
  hasStartFailed = false;
  isKernelSlow = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #call = INITIAL_CALL_STATE;
  /** A call was asked for, or is starting, and has not been up since. */
  #isAwaitingCall = false;
  /** @type {Listeners<[]>} */
  #slowListeners = new Listeners();

  /** Subscribes to the kernel's being slow to confirm a request. */
  onSlow = this.#slowListeners.add;

  /** True while a pending request keeps the microphone shut. */
  get mutesMicrophone() {
    return this.isMuteRequested || this.isPauseRequested;
  }

  /** @param {import("../messages/messages.js").CommandName} name */
  add(name) {
    if (name === "start" || name === "take_over" || name === "stop") {
      this.isStartRequested = name !== "stop";
      this.hasStartFailed = false;
      this.#isAwaitingCall = name !== "stop";
      this.isStopRequested = name === "stop" && (this.#call.isStarted || this.#call.isStarting);
    }
    if (name === "mute" || name === "unmute") this.isMuteRequested = name === "mute";
    if (name === "pause" || name === "resume") this.isPauseRequested = name === "pause";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#checkSlow(), SLOW_AFTER_MS);
  }

  /**
   * Drops the requests that the kernel's state confirms or refuses.
   *
   * @param {CallState} call
   */
  settle(call) {
    const isNewError = call.error !== this.#call.error && call.error !== null;
    const isInCall = call.isStarting || call.isStarted;
    const hasEnded = !isInCall && (this.#call.isStarting || this.#call.isStarted);
    if (isInCall || hasEnded || isNewError) this.isStartRequested = false;
    if (!isInCall) this.isStopRequested = false;
    if (call.isMuted) this.isMuteRequested = false;
    if (call.isPaused) this.isPauseRequested = false;
    if (call.isStarting) this.#isAwaitingCall = true;
    if (call.isStarted) this.#isAwaitingCall = false;
    this.hasStartFailed = this.#isAwaitingCall && !isInCall && !this.isStartRequested && call.error !== null;
    this.#call = call;
    if (!this.#isAnyPending) this.isKernelSlow = false;
  }

  /** The kernel asks for the microphone, which confirms the start. */
  confirmStart() {
    this.isStartRequested = false;
    this.isKernelSlow = false;
  }

  dispose() {
    clearTimeout(this.#timer);
  }

  get #isAnyPending() {
    return this.isStartRequested || this.isStopRequested || this.mutesMicrophone;
  }

  #checkSlow() {
    if (!this.#isAnyPending) return;
    this.isKernelSlow = true;
    this.#slowListeners.emit();
  }
}
