/**
 * The functions that are called when something of one kind happens.
 *
 * @template {unknown[]} Values their arguments
 */
export class Listeners {
  /** @type {Set<(...values: Values) => void>} */
  #listeners = new Set();

  /**
   * Subscribes a function. Bound, so that a class can offer it as its own `on…`.
   *
   * @param {(...values: Values) => void} listener
   * @returns {() => void} ends the subscription
   */
  add = (listener) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  /** @param {Values} values */
  emit(...values) {
    for (const listener of this.#listeners) listener(...values);
  }

  clear() {
    this.#listeners.clear();
  }
}
