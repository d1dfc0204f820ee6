/** Time between two drawings: a frame of the screen costs the page as much as several messages of the microphone. */
const INTERVAL_MS = 250;

/** A drawing that is due waits this much longer for a request to carry it, before a timer does. */
const GRACE_MS = 40;

/** Draws all that moves in one frame of the screen, a few times a second. */
export class Drawing {
  /** @type {Set<() => void>} */
  #waiting = new Set();
  #dueAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * Calls a function once, at the next drawing: now, if one is due.
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
