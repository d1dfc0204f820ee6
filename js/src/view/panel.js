import { ConversationView } from "./conversation.js";
import { DevicePicker } from "./device-picker.js";
import { element, setHidden, setText } from "./dom.js";
import { icon, setIcon } from "./icons.js";
import { keepCharacters } from "./keyboard.js";
import { describeControls, describeError, describeNote, describeNotices, describePage, describeState, describeTakeOver } from "./labels.js";
import { Drawing } from "./drawing.js";
import { Meter } from "./meter.js";
import { Notices } from "./notices.js";

/** @typedef {import("../session/session.js").Session} Session */
/** @typedef {import("./labels.js").Control} Control */

/** The call panel: one view of a session. */
export class Panel {
  #session;
  #root;
  #badge = element("span", "micdrop-badge");
  #badgeIcon = icon("call");
  #state = element("div", "micdrop-state", { "data-testid": "state", role: "status", "aria-live": "polite" });
  #start = new ControlButton("start", "micdrop-primary", true);
  #mute = new ControlButton("mute");
  #pause = new ControlButton("pause");
  #drawing = new Drawing();
  #microphone = new Meter(this.#drawing, "microphone", "Microphone level", (shown) => this.#pulse("listen", shown));
  #speaker = new Meter(this.#drawing, "speaker", "Assistant level", (shown) => this.#pulse("speak", shown));
  #devices = new DevicePicker((kind, id) => this.#session.commands.chooseDevice(kind, id));
  #isListening = false;
  #note = element("p", "micdrop-note", { hidden: "", role: "status", "data-testid": "note" });
  #notices = new Notices();
  #allowAudio = offer("allow-audio", "speaker", "Click to allow audio");
  #takeOverWords = element("span", "");
  #takeOver = offer("take-over", "microphone", this.#takeOverWords);
  #pageWords = element("span", "");
  #openPage = offer("open-page", "call", this.#pageWords);
  #pageLink = element("a", "micdrop-page-link", { hidden: "", target: "_blank", rel: "noopener noreferrer", "data-testid": "page-link" });
  #errorMessage = element("strong", "");
  #errorRemedy = element("span", "");
  #error = element("div", "micdrop-error", { hidden: "", role: "alert", "data-testid": "error" });
  #conversation = new ConversationView();
  #leave;

  /**
   * @param {HTMLElement} host
   * @param {Session} session
   */
  constructor(host, session) {
    this.#session = session;
    this.#root = this.#build();
    const unsubscribe = [
      session.onChange(() => this.#update()),
      session.onLevel((meter, rms) => (meter === "microphone" ? this.#microphone : this.#speaker).push(rms)),
      session.onVadReadout((readout) => this.#microphone.showReadout(this.#isListening ? readout : null)),
      session.enter(),
    ];
    this.#leave = () => unsubscribe.forEach((end) => end());
    this.#update();
    host.append(this.#root);
  }

  dispose() {
    this.#leave();
    this.#drawing.dispose();
    this.#conversation.dispose();
    this.#root.remove();
  }

  #build() {
    this.#badge.append(this.#badgeIcon);
    this.#error.append(icon("warning"), element("div", "", {}, [this.#errorMessage, this.#errorRemedy]));
    this.#allowAudio.addEventListener("click", () => this.#session.commands.allowAudio());
    this.#takeOver.addEventListener("click", () => this.#session.commands.takeOver());
    this.#openPage.addEventListener("click", () => this.#session.commands.openPage());
    for (const button of [this.#start, this.#mute, this.#pause]) button.onAction = (action) => this.#act(action);
    const meters = element("div", "micdrop-meters", {}, [this.#microphone.root, this.#speaker.root]);
    const controls = element("div", "micdrop-controls", { role: "group", "aria-label": "Call controls" }, [
      this.#devices.button,
      this.#mute.root,
      this.#pause.root,
      this.#start.root,
    ]);
    const head = element("div", "micdrop-head", {}, [
      this.#badge,
      element("div", "micdrop-headline", {}, [this.#state, meters]),
      controls,
    ]);
    const root = element("section", "micdrop", { "aria-label": "Voice call" }, [
      head,
      this.#notices.root,
      this.#devices.root,
      this.#allowAudio,
      this.#takeOver,
      this.#openPage,
      this.#pageLink,
      this.#note,
      this.#error,
      this.#conversation.root,
    ]);
    keepCharacters(root);
    return root;
  }

  /** @param {Control["action"]} action */
  #act(action) {
    if (action === "start") return this.#session.commands.start();
    if (action === "stop") return this.#session.commands.stop();
    this.#session.commands.send(action);
  }

  #update() {
    const state = this.#session.state;
    const { id, words, icon: name, tone } = describeState(state);
    this.#root.dataset.state = id;
    this.#root.dataset.tone = tone;
    setText(this.#state, words);
    setIcon(this.#badgeIcon, name);
    const controls = describeControls(state);
    this.#start.update(controls.start);
    this.#mute.update(controls.mute);
    this.#pause.update(controls.pause);
    this.#devices.update(state);
    this.#isListening = state.isMicStarted && !state.isMicMuted && !state.isMuteRequested && !state.isPauseRequested;
    if (!this.#isListening) this.#microphone.showReadout(null);
    const note = describeNote(state);
    setHidden(this.#note, note === "");
    setText(this.#note, note);
    const notices = describeNotices(state);
    this.#notices.update(notices);
    this.#devices.suggest(notices.some(({ code }) => code === "SilentMicrophone"));
    setHidden(this.#allowAudio, !state.isAudioBlocked);
    const takeOver = describeTakeOver(state);
    setHidden(this.#takeOver, takeOver === null);
    setText(this.#takeOverWords, takeOver ?? "");
    this.#showPage(describePage(state));
    const error = describeError(state);
    setHidden(this.#error, error === null);
    setText(this.#errorMessage, error?.message ?? "");
    setText(this.#errorRemedy, error?.remedy ?? "");
    this.#conversation.update(state.conversation, state.partialAssistantMessage);
  }

  /** @param {ReturnType<typeof describePage>} page */
  #showPage(page) {
    setHidden(this.#openPage, page === null || page.url !== null);
    setHidden(this.#pageLink, page === null || page.url === null);
    if (page?.url === null) setText(this.#pageWords, page.words);
    else if (page !== null && this.#pageLink.getAttribute("href") !== page.url) {
      this.#pageLink.setAttribute("href", page.url);
      setText(this.#pageLink, page.words);
    }
  }

  /**
   * Lets the badge pulse with the level of the voice that the state is about.
   *
   * @param {"listen" | "speak"} tone
   * @param {number} shown
   */
  #pulse(tone, shown) {
    if (this.#root.dataset.tone !== tone) return;
    this.#badge.style.setProperty("--micdrop-pulse", String(shown));
  }
}

/**
 * Creates a wide button, which is hidden until it is needed.
 *
 * @param {string} testId
 * @param {import("./icons.js").IconName} name
 * @param {string | Element} words
 */
function offer(testId, name, words) {
  const attributes = { type: "button", hidden: "", "data-testid": testId };
  return element("button", "micdrop-button micdrop-offer", attributes, [icon(name), words]);
}

/** A button whose label, icon and action follow the state. */
class ControlButton {
  #icon = icon("call");
  #words = element("span", "");
  /** @type {Control["action"] | null} */
  #action = null;
  /** @type {(action: Control["action"]) => void} */
  onAction = () => undefined;

  /**
   * @param {string} testId
   * @param {string} [className]
   * @param {boolean} [isWorded] the label is visible text; otherwise it is a tooltip
   */
  constructor(testId, className = "", isWorded = false) {
    this.isWorded = isWorded;
    this.root = element("button", `micdrop-button ${className}`.trim(), { type: "button", "data-testid": testId });
    this.root.append(this.#icon);
    if (isWorded) this.root.append(this.#words);
    this.root.addEventListener("click", () => {
      if (this.#action !== null) this.onAction(this.#action);
    });
  }

  /** @param {Control} control */
  update({ label, icon: name, isPressed, isEnabled, action }) {
    this.#action = action;
    this.root.disabled = !isEnabled;
    this.root.dataset.action = action;
    setIcon(this.#icon, name);
    if (this.isWorded) {
      setText(this.#words, label);
      return;
    }
    // The label names what a click does, so a pressed state would say it twice; the class carries the look.
    this.root.classList.toggle("micdrop-pressed", isPressed);
    this.root.setAttribute("aria-label", label);
    this.root.title = label;
  }
}
