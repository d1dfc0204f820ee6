import { deflection } from "../audio/level.js";
import { element } from "./dom.js";
import { describeHearing } from "./hearing.js";
import { icon } from "./icons.js";

/** @typedef {import("./icons.js").IconName} IconName */

/** Share of the way back to silence in one animation frame: fast up, slow down, as on a mixing desk. */
const FALL = 0.12;
const RISE = 0.6;

/** A level meter: moves only a transform, and only while there is something to show. */
export class Meter {
  #fill = element("span", "micdrop-meter-fill");
  #speech = element("span", "micdrop-meter-speech", { hidden: "" });
  #label;
  /** Text of what is shown below the level; only what differs is drawn. */
  #heard = "";
  #target = 0;
  #shown = 0;
  #frame = 0;
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
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  dispose() {
    cancelAnimationFrame(this.#frame);
  }

  #draw() {
    const difference = this.#target - this.#shown;
    this.#shown += difference * (difference > 0 ? RISE : FALL);
    const isSettled = Math.abs(this.#target - this.#shown) < 0.004;
    if (isSettled) this.#shown = this.#target;
    this.#fill.style.transform = `scaleX(${this.#shown.toFixed(3)})`;
    this.#onShow(this.#shown);
    this.#frame = isSettled ? 0 : requestAnimationFrame(() => this.#draw());
  }
}
