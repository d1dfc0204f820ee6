import { Listeners } from "../listeners.js";
import { isThisVsCode, isWithoutMicrophone } from "../microphone/failures.js";
import { INITIAL_TRAITS, TRAIT_NAMES } from "../session/state.js";

/** @typedef {import("./host.js").Host} Host */
/** @typedef {import("../session/state.js").CallTraits} CallTraits */

/**
 * The part of anywidget's model that is used. Traits are read only: the kernel is the one place where state changes.
 *
 * @typedef {object} Model
 * @property {(name: string) => unknown} get
 * @property {(event: string, callback: (...values: any[]) => void) => void} on
 * @property {(event: string, callback: (...values: any[]) => void) => void} off
 * @property {(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]) => unknown} send
 * @property {{get_model?: (id: string) => Promise<unknown>}} [widget_manager]
 */

/** Jupyter's events for a connection that ends (or begins anew): kernel restarted or shut down, widget closed. */
const CONNECTION_EVENTS = ["comm_live_update", "comm:close", "destroy"];

/**
 * Jupyter's own end of the widget's connection, as far as it is used; JupyterLab promises none of it.
 *
 * @typedef {object} JupyterComm
 * @property {(data: unknown, metadata: Record<string, unknown>, buffers: ArrayBuffer[]) => {dispose?: () => void} | undefined} send
 *
 * @typedef {{comm?: {jsServicesComm?: JupyterComm}, comm_live?: boolean}} JupyterModel
 */

/** Metadata of a message that the page does not keep: the kernel need not publish idle for it. */
const NOT_KEPT = Object.freeze({ awaits_idle: false });

/**
 * Sends messages to the kernel over Jupyter's comm.
 *
 * Jupyter keeps each message of a widget until the kernel has published idle for it: one more message, down, for each of the
 * microphone's. So where Jupyter's own comm is found, messages go by it and are released at once; elsewhere the model sends them.
 * At the first unexpected thing, and where the kernel says so (`MICDROP_WIDGET_PLAIN_COMM=1`), the model sends everything.
 */
export class CommSender {
  #model;
  #isSought = false;
  /** @type {JupyterComm | null} */
  #comm = null;
  /** @type {JupyterModel | null} Jupyter's own model, where no kernel was behind it */
  #savedModel = null;
  #onChange;

  /**
   * @param {Model} model
   * @param {() => void} [onChange] called when `isSaved` has become true
   */
  constructor(model, onChange = () => undefined) {
    this.#model = model;
    this.#onChange = onChange;
  }

  /** True where the model comes from a saved notebook, and no kernel has taken it up. */
  get isSaved() {
    return this.#savedModel?.comm_live === false;
  }

  /**
   * @param {Record<string, unknown>} content
   * @param {ArrayBuffer[]} buffers
   * @returns {unknown} a promise in some hosts
   * @throws {Error} when the kernel is out of reach
   */
  send(content, buffers) {
    this.#seek();
    if (this.#comm === null) return this.#model.send(content, undefined, buffers);
    let kept;
    try {
      kept = this.#comm.send({ method: "custom", content }, NOT_KEPT, buffers);
    } catch (error) {
      this.#giveUp(error);
      return this.#model.send(content, undefined, buffers); // throws where the kernel is out of reach
    }
    try {
      if (typeof kept?.dispose !== "function") throw new TypeError("what was sent cannot be released");
      kept.dispose();
    } catch (error) {
      this.#giveUp(error); // the message has gone
    }
    return undefined;
  }

  /** Looks once for Jupyter's own model and comm. */
  #seek() {
    const id = this.#model.get("_comm_id");
    if (this.#isSought || typeof id !== "string") return;
    this.#isSought = true;
    Promise.resolve(this.#model.widget_manager?.get_model?.(id)).then(
      (found) => this.#adopt(/** @type {JupyterModel | undefined} */ (found)),
      () => undefined, // then the model sends
    );
  }

  /** @param {JupyterModel | undefined} found */
  #adopt(found) {
    const comm = found?.comm?.jsServicesComm;
    if (typeof comm?.send === "function" && this.#model.get("_plain_comm") !== true) this.#comm = comm;
    if (found?.comm_live !== false) return;
    this.#savedModel = found;
    this.#onChange();
  }

  /** @param {unknown} error */
  #giveUp(error) {
    this.#comm = null;
    console.warn("micdrop-widget: Jupyter's connection behaves unlike expected; its model sends from now on", error);
  }
}

/**
 * Jupyter as the host of a page's session: the kernel's state is in traits, its messages are custom messages.
 *
 * @implements {Host}
 */
export class JupyterHost {
  #model;
  #sender;
  #subscriptions = new AbortController();
  /** @type {Listeners<[]>} */
  #stateListeners = new Listeners();
  /** @type {Listeners<[content: unknown, buffers: DataView[]]>} */
  #messageListeners = new Listeners();
  /** @type {Listeners<[cause: unknown]>} */
  #lostListeners = new Listeners();
  /** @type {CallTraits} */
  #state;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    this.#sender = new CommSender(model, () => this.#stateListeners.emit());
    this.#state = this.#readTraits();
    for (const name of TRAIT_NAMES) this.#listen(`change:${name}`, () => this.#receiveState());
    for (const event of CONNECTION_EVENTS) this.#listen(event, () => this.#lostListeners.emit(event));
    this.#listen("msg:custom", (content, buffers) => this.#messageListeners.emit(content, buffers ?? []));
  }

  place = /** @type {const} */ ("notebook");
  lostReason = null;

  get hostName() {
    return isThisVsCode() ? "VS Code" : null;
  }

  get offersPage() {
    return isWithoutMicrophone();
  }

  get state() {
    return this.#state;
  }

  get isSaved() {
    return this.#sender.isSaved;
  }

  onState = this.#stateListeners.add;
  onMessage = this.#messageListeners.add;
  onLost = this.#lostListeners.add;

  /**
   * @param {Record<string, unknown>} content
   * @param {ArrayBuffer[]} buffers
   */
  send(content, buffers) {
    try {
      // A promise in some hosts, nothing in others.
      Promise.resolve(this.#sender.send(content, buffers)).catch((error) => this.#lostListeners.emit(error));
    } catch (error) {
      this.#lostListeners.emit(error);
    }
  }

  dispose() {
    this.#subscriptions.abort();
  }

  #receiveState() {
    this.#state = this.#readTraits();
    this.#stateListeners.emit();
  }

  #readTraits() {
    const traits = TRAIT_NAMES.map((name) => [name, this.#model.get(name) ?? INITIAL_TRAITS[name]]);
    return /** @type {CallTraits} */ (Object.fromEntries(traits));
  }

  /**
   * @param {string} event
   * @param {(...values: any[]) => void} callback
   */
  #listen(event, callback) {
    this.#model.on(event, callback);
    this.#subscriptions.signal.addEventListener("abort", () => this.#model.off(event, callback));
  }
}
