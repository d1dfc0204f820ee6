/** @typedef {import("../session/session.js").Model} Model */

/**
 * Jupyter's own end of the widget's connection, as far as it is used.
 *
 * @typedef {object} JupyterComm
 * @property {(data: unknown, metadata: Record<string, unknown>, buffers: ArrayBuffer[]) => {dispose?: () => void} | undefined} send
 *
 * @typedef {{comm?: {jsServicesComm?: JupyterComm}}} JupyterModel
 */

/** Metadata of a message that nothing is kept of: the kernel need not say idle of it. */
const LET_GO = Object.freeze({ awaits_idle: false });

/**
 * The way to the kernel.
 *
 * Jupyter keeps what a widget sends until the kernel has said idle of it: one more message, down, for each of the microphone's. So
 * where its own end of the connection can be had, what was sent is let go of at once; elsewhere the model sends it.
 */
export class Channel {
  #model;
  #isSought = false;
  /** @type {JupyterModel | null} what the model stands for */
  #jupyterModel = null;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
  }

  /**
   * @param {Record<string, unknown>} content
   * @param {ArrayBuffer[]} buffers
   * @returns {unknown} a promise in some hosts
   * @throws {Error} when the kernel is out of reach
   */
  send(content, buffers) {
    this.#seek();
    const comm = this.#jupyterModel?.comm?.jsServicesComm;
    if (comm === undefined) return this.#model.send(content, undefined, buffers);
    const kept = comm.send({ method: "custom", content }, LET_GO, buffers);
    if (kept?.dispose === undefined) this.#jupyterModel = null; // not what it seems
    else kept.dispose();
    return undefined;
  }

  /** Looks, once, for what is behind the model. */
  #seek() {
    const id = this.#model.get("_comm_id");
    if (this.#isSought || typeof id !== "string") return;
    this.#isSought = true;
    Promise.resolve(this.#model.widget_manager?.get_model?.(id)).then(
      (found) => (this.#jupyterModel = /** @type {JupyterModel | undefined} */ (found) ?? null),
      () => undefined, // then the model sends
    );
  }
}
