import { Listeners } from "../listeners.js";

/** A view that is rendered again within this time has not gone away. */
const LEAVE_AFTER_MS = 500;

/** Whether this page shows the call: from the first view to the last, and not while the page is being left. */
export class Presence {
  #page;
  /** @type {Listeners<[]>} */
  #arriveListeners = new Listeners();
  /** @type {Listeners<[isPageGone: boolean]>} */
  #leaveListeners = new Listeners();
  #viewCount = 0;
  #isPresent = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} of the listeners on the page, which are there only while there is a view */
  #pageListeners = null;

  /** @param {EventTarget} page says when it is left and when it is back: the window */
  constructor(page) {
    this.#page = page;
  }

  /** Subscribes to the page's showing the call, for the first time or again. */
  onArrive = this.#arriveListeners.add;

  /** Subscribes to the page's no longer showing the call. True: the page is gone, and may come back; false: it has no view left. */
  onLeave = this.#leaveListeners.add;

  get isPresent() {
    return this.#isPresent;
  }

  /**
   * Counts a view in.
   *
   * @returns {() => void} counts it out
   */
  enter() {
    this.#viewCount++;
    this.#listenToPage();
    this.#arrive();
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#viewCount--;
      if (this.#viewCount > 0) return;
      this.#timer = setTimeout(() => this.leave(), LEAVE_AFTER_MS);
    };
  }

  /** Leaves at once, whatever views there are. */
  leave() {
    this.#pageListeners?.abort();
    this.#pageListeners = null;
    this.#leave(false);
  }

  #listenToPage() {
    if (this.#pageListeners !== null) return;
    this.#pageListeners = new AbortController();
    const { signal } = this.#pageListeners;
    this.#page.addEventListener("pagehide", () => this.#leave(true), { signal });
    this.#page.addEventListener("pageshow", () => this.#arrive(), { signal });
  }

  #arrive() {
    if (this.#viewCount === 0) return;
    clearTimeout(this.#timer);
    if (this.#isPresent) return;
    this.#isPresent = true;
    this.#arriveListeners.emit();
  }

  /** @param {boolean} isPageGone */
  #leave(isPageGone) {
    clearTimeout(this.#timer);
    if (!this.#isPresent) return;
    this.#isPresent = false;
    this.#leaveListeners.emit(isPageGone);
  }
}
