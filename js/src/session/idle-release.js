import { Listeners } from "../listeners.js";

/** The audio device outlives the call by this time, for the last words of an answer. */
const RELEASE_AFTER_MS = 5000;

/**
 * Returns whether this page still needs the audio device.
 *
 * @param {import("./state.js").PanelState} state
 * @returns {boolean}
 */
export function isAudioNeeded(state) {
  const isOwner = state._owner === null || state._owner === state.pageId;
  const isInCall = isOwner && (state.isStarted || state.isStarting);
  return isInCall || state.isStartRequested || state.hasMicrophone || state.isMicrophoneOpening;
}

/** The timer after which an audio device that nobody needs is released. */
export class IdleRelease {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Listeners<[]>} */
  #dueListeners = new Listeners();

  /** Subscribes to the end of the time: 5 s have passed since the last restart. */
  onDue = this.#dueListeners.add;

  /** Begins the time anew: something has changed. */
  restart() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#dueListeners.emit(), RELEASE_AFTER_MS);
  }

  dispose() {
    clearTimeout(this.#timer);
  }
}
