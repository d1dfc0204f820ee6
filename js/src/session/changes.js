import { Listeners } from "../listeners.js";

/** The changes of a session's state, reported once per turn of the event loop: many fields change at once. */
export class Changes {
  /** @type {Listeners<[]>} */
  #listeners = new Listeners();
  #isScheduled = false;

  /** Subscribes to changes; a listener is called once per turn of the event loop in which something changed. */
  onChange = this.#listeners.add;

  /** Notes that something has changed; the listeners are called when this turn of the event loop is over. */
  note() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#listeners.emit();
    });
  }

  /** Ends all subscriptions. */
  clear() {
    this.#listeners.clear();
  }
}
