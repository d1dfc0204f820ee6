import { deflection } from "../audio/level.js";
import { element } from "./dom.js";
import { describeHearing } from "./hearing.js";
import { icon } from "./icons.js";

/** @typedef {import("./icons.js").IconName} IconName */

/** Between two drawings: with each frame of the screen they would cost the page more than all the rest of a call. */
const INTERVAL_MS = 100;

/** Share of the way down in one drawing; up it goes at once, as on a mixing desk. */
const FALL = 0.5;

/** A level meter: moves only a transform, and only while there is something new to show. */
export class Meter {
  #fill = element("span", "micdrop-meter-fill");
  #speech = element("span", "micdrop-meter-speech", { hidden: "" });
  #label;
  /** Text of what is shown below the level; only what differs is drawn. */
  #heard = "";
  #target = 0;
  #shown = 0;
  #drawn = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #onShow;

  /**
   * @param {IconName} name
   * @param {string} label
   * @param {(shown: number) => void} [onShow] follows the deflection, in [0, 1]
   */
  constructor(name, label, onShow = () => undefined) {
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
  }

  /**
   * Shows what the voice activity detection makes of the sound, as a line below the level, and in words.
   *
   * @param {import("../comm.js").Hearing | null} hearing null: nothing is listened to
   */
  hear(hearing) {
    const words = describeHearing(hearing);
    if (words === this.#heard) return;
    this.#heard = words;
    this.root.title = words === "" ? this.#label : `${this.#label}: ${words}`;
    const probability = hearing?.probability ?? null;
    this.#speech.hidden = probability === null;
    if (probability !== null) this.#speech.style.transform = `scaleX(${probability.toFixed(2)})`;
  }

  /** @param {number} rms */
  push(rms) {
    this.#target = deflection(rms);
    this.#timer ??= setTimeout(() => this.#draw(), INTERVAL_MS);
  }

  dispose() {
    clearTimeout(this.#timer);
  }

  #draw() {
    this.#shown = Math.max(this.#target, this.#shown + (this.#target - this.#shown) * FALL);
    const isSettled = Math.abs(this.#target - this.#shown) < 0.004;
    if (isSettled) this.#shown = this.#target;
    this.#timer = isSettled ? undefined : setTimeout(() => this.#draw(), INTERVAL_MS);
    const drawn = this.#shown.toFixed(2);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#fill.style.transform = `scaleX(${drawn})`;
    this.#onShow(this.#shown);
  }
}
