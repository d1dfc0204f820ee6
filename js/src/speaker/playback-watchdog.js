import { Listeners } from "../listeners.js";

/** A stall is counted in checks, not in seconds: a computer that slept played nothing meanwhile. */
const CHECK_INTERVAL_MS = 1000;
const STALLED_CHECKS = 10;

/**
 * Notices that audio is buffered, but nothing of it is played: the browser waits for a click, the worklet does not load, or its
 * thread hangs. While it plays, the worklet reports progress several times a second.
 */
export class PlaybackWatchdog {
  /** @type {Listeners<[]>} */
  #stalledListeners = new Listeners();
  /** @type {ReturnType<typeof setInterval> | undefined} set while progress is expected */
  #timer;
  #checks = 0;

  /** Subscribes to a stall: there was no progress for 10 s. */
  onStalled = this.#stalledListeners.add;

  /** True from the first audio that is buffered until all of it was played or given up. */
  get isExpecting() {
    return this.#timer !== undefined;
  }

  /** Expects progress from now on: audio was buffered. */
  start() {
    this.#timer ??= setInterval(() => this.#check(), CHECK_INTERVAL_MS);
  }

  /** Notes progress, after which more is expected. */
  reset() {
    this.#checks = 0;
  }

  /** Expects no progress: all was played, or given up. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#checks = 0;
  }

  #check() {
    if (!this.isExpecting || ++this.#checks < STALLED_CHECKS) return;
    this.stop();
    this.#stalledListeners.emit();
  }
}
