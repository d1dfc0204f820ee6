import { INITIAL_TRAITS } from "../../src/session/state.js";

/**
 * A host without a kernel: the test sends what the kernel would, and reads what the page has sent.
 *
 * @implements {Host}
 */
export class FakeHost {
  /** @typedef {import("../../src/host/host.js").Host} Host */
  state = { ...INITIAL_TRAITS };
  /** @type {Record<string, any>[]} contents of the messages, bundles opened */
  sent = [];
  isSaved = false;
  place = /** @type {const} */ ("notebook");
  hostName = null;
  offersPage = false;
  lostReason = null;
  isReachable = true;
  isDisposed = false;
  #onState = () => {};
  /** @type {(content: unknown, buffers: DataView[]) => void} */
  #onMessage = () => {};
  /** @type {(cause: unknown) => void} */
  #onLost = () => {};

  /** @param {() => void} listener */
  onState(listener) {
    this.#onState = listener;
  }

  /** @param {(content: unknown, buffers: DataView[]) => void} listener */
  onMessage(listener) {
    this.#onMessage = listener;
  }

  /** @param {(cause: unknown) => void} listener */
  onLost(listener) {
    this.#onLost = listener;
  }

  /** @param {Record<string, any>} content */
  send(content) {
    if (!this.isReachable) this.lose("send failed");
    else if (content.type === "bundle") content.contents.forEach((/** @type {any} */ each) => this.sent.push(each));
    else this.sent.push(content);
  }

  dispose() {
    this.isDisposed = true;
  }

  /**
   * The kernel changes the state.
   *
   * @param {Partial<import("../../src/session/state.js").CallTraits>} changes
   */
  change(changes) {
    this.state = { ...this.state, ...changes };
    this.#onState();
  }

  /**
   * The kernel sends a message.
   *
   * @param {Record<string, unknown>} content
   * @param {Int16Array} [samples]
   */
  receive(content, samples) {
    this.#onMessage({ to: null, ...content }, samples === undefined ? [] : [new DataView(samples.slice().buffer)]);
  }

  /** @param {unknown} cause */
  lose(cause) {
    this.#onLost(cause);
  }

  /**
   * Returns the messages of one type that the page has sent.
   *
   * @param {string} type
   */
  sentOf(type) {
    return this.sent.filter((content) => content.type === type);
  }
}
