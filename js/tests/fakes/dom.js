import { JSDOM } from "jsdom";

/** Resize observers of the page; no layout happens, so a test says when a size has changed. */
export class FakeResizeObserver {
  /** @type {Set<FakeResizeObserver>} that observe something */
  static observing = new Set();
  #callback;

  /** @param {() => void} callback */
  constructor(callback) {
    this.#callback = callback;
  }

  observe() {
    FakeResizeObserver.observing.add(this);
  }

  disconnect() {
    FakeResizeObserver.observing.delete(this);
  }

  static resize() {
    for (const observer of FakeResizeObserver.observing) observer.#callback();
  }
}

/**
 * Gives the global scope a fresh page.
 *
 * @returns {HTMLElement} where a view can be shown
 */
export function installDom() {
  const { window } = new JSDOM("<!doctype html><body><main></main></body>");
  FakeResizeObserver.observing.clear();
  Object.assign(globalThis, {
    window,
    document: window.document,
    KeyboardEvent: window.KeyboardEvent,
    MouseEvent: window.MouseEvent,
    ResizeObserver: FakeResizeObserver,
  });
  return /** @type {HTMLElement} */ (window.document.querySelector("main"));
}

/**
 * Finds an element of a view by its test id.
 *
 * @param {Element} root
 * @param {string} id
 * @returns {any}
 */
export function byTestId(root, id) {
  const found = root.querySelector(`[data-testid=${id}]`);
  if (found === null) throw new Error(`nothing has the test id ${id}`);
  return found;
}

/**
 * Presses a key on an element.
 *
 * @param {Element} target
 * @param {string} key
 * @param {KeyboardEventInit} [modifiers]
 */
export function press(target, key, modifiers = {}) {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...modifiers }));
}

/**
 * Gives a list that scrolls the sizes that a layout would.
 *
 * @param {any} list
 * @param {{scrollHeight: number, clientHeight: number}} sizes
 */
export function layOut(list, { scrollHeight, clientHeight }) {
  Object.defineProperty(list, "scrollHeight", { configurable: true, value: scrollHeight });
  Object.defineProperty(list, "clientHeight", { configurable: true, value: clientHeight });
}
