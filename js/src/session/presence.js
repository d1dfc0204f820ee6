/** A view that is rendered again within this time has not gone away. */
const GOODBYE_AFTER_MS = 300;

/** Whether this page shows the call: from the first view to the last, and not while the page is being left. */
export class Presence {
  #onArrive;
  #onLeave;
  #viewCount = 0;
  #isPresent = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => void} onArrive
   * @param {(isPageGone: boolean) => void} onLeave
   */
  constructor(onArrive, onLeave) {
    this.#onArrive = onArrive;
    this.#onLeave = onLeave;
  }

  /**
   * Counts a view in.
   *
   * @returns {() => void} counts it out
   */
  enter() {
    this.#viewCount++;
    this.arrive();
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#viewCount--;
      if (this.#viewCount > 0) return;
      this.#timer = setTimeout(() => this.leave(false), GOODBYE_AFTER_MS);
    };
  }

  get isPresent() {
    return this.#isPresent;
  }

  /** The page is back, or has a view (again). */
  arrive() {
    if (this.#viewCount === 0) return;
    clearTimeout(this.#timer);
    if (this.#isPresent) return;
    this.#isPresent = true;
    this.#onArrive();
  }

  /** @param {boolean} isPageGone true: the page goes, and may come back; false: it has no view left */
  leave(isPageGone) {
    clearTimeout(this.#timer);
    if (!this.#isPresent) return;
    this.#isPresent = false;
    this.#onLeave(isPageGone);
  }
}
