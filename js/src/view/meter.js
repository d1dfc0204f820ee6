import { deflection } from "../worklets/level.js";
import { element, setHidden } from "./dom.js";
import { icon } from "./icons.js";
import { describeVadReadout } from "./vad-readout.js";

/** @typedef {import("./icons.js").IconName} IconName */

/** Time between two changes of the words, which only a pointer that rests on the meter shows. */
const WORDS_INTERVAL_MS = 500;

/** Share of the way that a level falls in one drawing; it rises at once, as on a mixing desk. */
const FALL = 0.75;

/** Steps of the level and of the probability. A change of the level by one step is not drawn: each costs a frame of the screen. */
const LEVEL_STEPS = 24;
const SPEECH_STEPS = 10;

/** A level meter: moves only transforms, and only while there is something new to show. */
export class Meter {
  #fill = element("span", "micdrop-meter-fill");
  #speech = element("span", "micdrop-meter-speech", { hidden: "" });
  #label;
  /** @type {import("../messages/messages.js").VadReadout | null} */
  #readout = null;
  #latest = 0;
  /** @type {number | null} since the last drawing; null: there was none */
  #loudest = null;
  #shown = 0;
  #drawnLevel = 0;
  #drawnSpeech = 0;
  #isPointedAt = false;
  #wordsAt = -Infinity;
  #drawing;
  #onShow;

  /**
   * @param {import("./drawing.js").Drawing} drawing
   * @param {IconName} name
   * @param {string} label
   * @param {(shown: number) => void} [onShow] follows the deflection, in [0, 1]
   */
  constructor(drawing, name, label, onShow = () => undefined) {
    this.#drawing = drawing;
    this.#onShow = onShow;
    this.#label = label;
    // The words of the state say the same for those who do not see it.
    this.root = element("span", "micdrop-meter", { title: label, "aria-hidden": "true" }, [
      icon(name),
      element("span", "micdrop-meter-bars", {}, [
        element("span", "micdrop-meter-track", {}, [this.#fill]),
        this.#speech,
      ]),
    ]);
    this.root.addEventListener("pointerenter", () => this.#point(true));
    this.root.addEventListener("pointerleave", () => this.#point(false));
  }

  /**
   * Shows a readout of the voice activity detection, as a line below the level, and in words.
   *
   * @param {import("../messages/messages.js").VadReadout | null} readout null: the call ignores the microphone
   */
  showReadout(readout) {
    if (readout === this.#readout) return;
    this.#readout = readout;
    if (readout === null) this.#wordsAt = -Infinity;
    this.#requestDraw();
  }

  /** @param {number} rms */
  push(rms) {
    this.#latest = deflection(rms);
    this.#loudest = Math.max(this.#loudest ?? 0, this.#latest);
    this.#requestDraw();
  }

  #requestDraw() {
    this.#drawing.request(this.#draw);
  }

  #draw = () => {
    this.#drawLevel();
    this.#drawReadout();
  };

  #drawLevel() {
    const target = this.#loudest ?? this.#latest;
    this.#loudest = null;
    this.#shown = Math.max(target, this.#shown + (target - this.#shown) * FALL);
    if (this.#shown - target >= 0.5 / LEVEL_STEPS || target > this.#latest) this.#requestDraw();
    else this.#shown = target;
    const level = Math.round(this.#shown * LEVEL_STEPS) / LEVEL_STEPS;
    const isSmall = Math.abs(level - this.#drawnLevel) < 1.5 / LEVEL_STEPS;
    if (level === this.#drawnLevel || (isSmall && level !== 0)) return;
    this.#drawnLevel = level;
    this.#fill.style.transform = `scaleX(${level})`;
    this.#onShow(level);
  }

  #drawReadout() {
    const probability = this.#readout?.probability ?? null;
    setHidden(this.#speech, probability === null);
    const speech = Math.round((probability ?? 0) * SPEECH_STEPS) / SPEECH_STEPS;
    if (speech !== this.#drawnSpeech) this.#speech.style.transform = `scaleX(${speech})`;
    this.#drawnSpeech = speech;
    if (this.#isPointedAt && performance.now() - this.#wordsAt >= WORDS_INTERVAL_MS) this.#describe();
  }

  /** @param {boolean} isPointedAt */
  #point(isPointedAt) {
    this.#isPointedAt = isPointedAt;
    if (isPointedAt) this.#describe();
  }

  #describe() {
    const words = describeVadReadout(this.#readout);
    const title = words === "" ? this.#label : `${this.#label}: ${words}`;
    if (title !== this.root.title) this.root.title = title;
    this.#wordsAt = performance.now();
  }
}
