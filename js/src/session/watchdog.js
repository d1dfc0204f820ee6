import { Listeners } from "../listeners.js";

/** The kernel counts as silent after this time: a live one sends something every second while the microphone is open or opening. */
export const SILENT_AFTER_MS = 4000;
const CHECK_INTERVAL_MS = 500;

/**
 * A page that was held up checks the time before it has read the messages that came meanwhile: so many checks in a row must find
 * nothing.
 */
const MIN_CHECKS = 4;

/**
 * Notices that the kernel has fallen silent: Jupyter does not tell every page when a kernel is restarted, shut down or out of
 * reach. A kernel that is merely busy with a cell keeps sending.
 */
export class KernelWatchdog {
  #now;
  /** @type {Listeners<[]>} */
  #silentListeners = new Listeners();
  /** @type {ReturnType<typeof setInterval> | undefined} set while the watchdog runs */
  #timer;
  #messageMs = 0;
  #checkMs = 0;
  #checks = 0;
  #isSilent = false;

  /** @param {() => number} now milliseconds */
  constructor(now) {
    this.#now = now;
  }

  /** Subscribes to the kernel's falling silent: nothing came from it for 4 s. */
  onSilent = this.#silentListeners.add;

  /** True from the kernel's falling silent until the next start or stop. */
  get isSilent() {
    return this.#isSilent;
  }

  /** Expects messages of the kernel from now on. */
  start() {
    this.stop();
    this.reset();
    this.#timer = setInterval(() => this.check(), CHECK_INTERVAL_MS);
  }

  /** Notes that the kernel has sent a message, whatever it is. */
  reset() {
    this.#messageMs = this.#checkMs = this.#now();
    this.#checks = 0;
  }

  /** Checks the time. To be called whenever something happens: the timers of a hidden page may be a minute late. */
  check() {
    if (this.#timer === undefined || this.#now() - this.#checkMs < CHECK_INTERVAL_MS) return;
    this.#checkMs = this.#now();
    this.#checks++;
    if (this.#checks < MIN_CHECKS || this.#now() - this.#messageMs < SILENT_AFTER_MS) return;
    this.#clearTimer();
    this.#isSilent = true;
    this.#silentListeners.emit();
  }

  /** Expects nothing any more: the microphone is closed. */
  stop() {
    this.#clearTimer();
    this.#isSilent = false;
  }

  #clearTimer() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
