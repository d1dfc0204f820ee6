import { describeChoices } from "./choices.js";
import { element, setHidden } from "./dom.js";
import { icon } from "./icons.js";
import { isReachable } from "./labels.js";

/** @typedef {import("../session/state.js").PanelState} PanelState */
/** @typedef {import("../microphone/devices.js").DeviceKind} DeviceKind */

let pickerCount = 0;

/** A button that unfolds the lists of microphones and loudspeakers, to choose others. */
export class DevicePicker {
  #microphone;
  #speaker;
  #isSuggested = false;
  #isUnfoldedByUser = false;
  #hint = element("p", "micdrop-devices-hint", {}, ["The devices are listed once the microphone is on."]);

  /** @param {(kind: DeviceKind, id: string) => void} onChoose */
  constructor(onChoose) {
    const id = `micdrop-devices-${pickerCount++}`;
    const label = "Microphone and speaker";
    this.#microphone = new DeviceSelect("microphone", "Microphone", onChoose);
    this.#speaker = new DeviceSelect("speaker", "Speaker", onChoose);
    this.button = element(
      "button",
      "micdrop-button micdrop-flat",
      { type: "button", "aria-expanded": "false", "aria-controls": id, "aria-label": label, title: label, "data-testid": "devices" },
      [icon("devices")],
    );
    // JupyterLab takes arrows and letters that are typed outside of a text field for commands to the notebook.
    this.root = element(
      "div",
      "micdrop-devices",
      { id, hidden: "", role: "group", "aria-label": label, "data-lm-suppress-shortcuts": "true" },
      [this.#microphone.root, this.#speaker.root, this.#hint],
    );
    this.button.addEventListener("click", () => this.#show(this.root.hidden === true));
    this.root.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      this.#show(false);
      this.button.focus();
    });
  }

  /** @param {PanelState} state */
  update(state) {
    const canChoose = isReachable(state);
    this.#microphone.update(state.micDevices, state.micDeviceId, canChoose, state.error);
    this.#speaker.update(state.speakerDevices, state.speakerDeviceId, canChoose, state.problem);
    setHidden(this.#hint, state.micDevices.length > 0);
  }

  /**
   * Unfolds the lists while another device may help, and folds them afterwards unless the user has unfolded them.
   *
   * @param {boolean} isSuggested
   */
  suggest(isSuggested) {
    if (isSuggested === this.#isSuggested) return;
    this.#isSuggested = isSuggested;
    if (isSuggested && this.root.hidden === true) {
      this.#show(true);
      this.#isUnfoldedByUser = false;
    } else if (!isSuggested && !this.#isUnfoldedByUser) this.#show(false);
  }

  /** @param {boolean} isShown */
  #show(isShown) {
    this.#isUnfoldedByUser = isShown;
    setHidden(this.root, !isShown);
    this.button.setAttribute("aria-expanded", String(isShown));
    this.button.classList.toggle("micdrop-open", isShown);
  }
}

/** One list of devices. It shows a choice at once, and what the call uses once the kernel has answered. */
class DeviceSelect {
  #noun;
  #select;
  #drawn = "";
  /** @type {{id: string, over: string | null, failure: unknown} | null} a choice that the kernel has not confirmed yet */
  #pendingChoice = null;
  /** @type {string | null} */
  #currentId = null;
  /** @type {unknown} */
  #failure = null;

  /**
   * @param {DeviceKind} kind
   * @param {string} noun
   * @param {(kind: DeviceKind, id: string) => void} onChoose
   */
  constructor(kind, noun, onChoose) {
    this.#noun = noun;
    this.#select = element("select", "micdrop-select", { "data-testid": `${kind}-device` });
    this.root = element("label", "micdrop-device", {}, [icon(kind), element("span", "", {}, [noun]), this.#select]);
    this.#select.addEventListener("change", () => {
      const id = this.#select.value;
      this.#pendingChoice = { id, over: this.#currentId, failure: this.#failure };
      onChoose(kind, id);
    });
  }

  /**
   * @param {readonly import("../session/state.js").Device[]} devices
   * @param {string | null} currentId
   * @param {boolean} isReachable
   * @param {unknown} failure a new one refuses the pending choice
   */
  update(devices, currentId, isReachable, failure) {
    this.#currentId = currentId;
    this.#failure = failure;
    const isAnswered = this.#pendingChoice !== null && (currentId !== this.#pendingChoice.over || failure !== this.#pendingChoice.failure);
    if (isAnswered || !isReachable) this.#pendingChoice = null;
    const choices = describeChoices(devices, this.#pendingChoice?.id ?? currentId, this.#noun);
    this.#draw(choices);
    this.#select.disabled = !choices.isEnabled || !isReachable;
    if (this.#select.value !== choices.selectedId) this.#select.value = choices.selectedId;
    this.#select.title = this.#select.selectedOptions[0]?.label ?? "";
  }

  /** @param {import("./choices.js").Choices} choices */
  #draw({ devices, selectedId, placeholder }) {
    // Drawn anew the list would close under the user's hands, so only when it differs.
    const drawn = JSON.stringify([devices, selectedId === "" && placeholder]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const options = devices.map(({ id, label }) => element("option", "", { value: id }, [label]));
    if (selectedId === "") options.unshift(element("option", "", { value: "", disabled: "", hidden: "" }, [placeholder]));
    this.#select.replaceChildren(...options);
  }
}
