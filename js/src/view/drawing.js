/** Between two drawings: a frame of the screen costs the page as much as several messages of the microphone. */
const INTERVAL_MS = 250;

/** What is not drawn along with something that comes just then is drawn by a timer, so much later. */
const GRACE_MS = 40;

/** Draws what moves, all of it in one frame of the screen, and not too often. */
export class Drawing {
  /** @type {Set<() => void>} */
  #waiting = new Set();
  #dueAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * Calls a function that draws as soon as it is time, once.
   *
   * @param {() => void} draw
   */
  request(draw) {
    this.#waiting.add(draw);
    const leftMs = this.#dueAt - performance.now();
    if (leftMs <= 0) this.#draw();
    else this.#timer ??= setTimeout(() => this.#draw(), leftMs + GRACE_MS);
  }

  dispose() {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueAt = performance.now() + INTERVAL_MS;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const draw of waiting) draw();
  }
}
