/** A kernel that lives says so every second while the microphone is asked for or open. */
const SILENT_AFTER_MS = 4000;
const LOOK_MS = 500;

/** A page that was held up looks before it has read what came meanwhile: so many looks in a row must find nothing. */
const SILENT_LOOKS = 4;

/**
 * Whether the kernel lives, as far as a page can know: Jupyter does not tell every page when a kernel is restarted, shut down
 * or out of reach. A kernel that is merely busy with a cell speaks on.
 */
export class Heartbeat {
  #now;
  #onSilent;
  /** @type {ReturnType<typeof setInterval> | undefined} while the kernel should be heard */
  #timer;
  #heardMs = 0;
  #lookedMs = 0;
  #looks = 0;
  #isSilent = false;

  /**
   * @param {object} options
   * @param {() => number} options.now milliseconds
   * @param {() => void} options.onSilent the kernel has said nothing for 4 s
   */
  constructor({ now, onSilent }) {
    this.#now = now;
    this.#onSilent = onSilent;
  }

  /** True from the silence until the microphone is asked for again, or given up. */
  get isSilent() {
    return this.#isSilent;
  }

  /** The microphone is asked for: from now on the kernel should be heard. */
  watch() {
    this.end();
    this.hear();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** The kernel said something, whatever it is. */
  hear() {
    this.#heardMs = this.#lookedMs = this.#now();
    this.#looks = 0;
  }

  /** Looks whether it is time: whenever something happens, since the timers of a hidden page may be a minute late. */
  look() {
    if (this.#timer === undefined || this.#now() - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = this.#now();
    this.#looks++;
    if (this.#looks < SILENT_LOOKS || this.#now() - this.#heardMs < SILENT_AFTER_MS) return;
    this.#stop();
    this.#isSilent = true;
    this.#onSilent();
  }

  /** The microphone is closed: nothing is expected. */
  end() {
    this.#stop();
    this.#isSilent = false;
  }

  #stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
