import { describeError } from "../errors.js";
import * as messages from "../messages/messages.js";
import { CommError } from "../messages/messages.js";

/** @typedef {import("../messages/messages.js").DownMessage} DownMessage */

/**
 * The handler of each type of message; bundles are unpacked before, and the host handles states.
 *
 * @typedef {{[Type in Exclude<DownMessage["type"], "bundle" | "state">]: (message: Extract<DownMessage, {type: Type}>) => unknown}} Handlers
 */

/** Reads the kernel's messages to this page, and calls the handler of each. */
export class KernelMessages {
  #pageId;
  #handlers;
  #onProblem;

  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {Handlers} options.handlers
   * @param {(problem: string) => void} options.onProblem called with words for the user when a message cannot be read
   */
  constructor({ pageId, handlers, onProblem }) {
    this.#pageId = pageId;
    this.#handlers = handlers;
    this.#onProblem = onProblem;
  }

  /**
   * @param {unknown} content
   * @param {DataView[]} buffers
   */
  receive(content, buffers) {
    try {
      const message = messages.parseDown(content, buffers, this.#pageId);
      if (message !== null) this.#handle(message);
    } catch (error) {
      this.#onProblem(`The kernel sent something this panel does not understand (${describeError(error)}). Reload the page.`);
    }
  }

  /** @param {DownMessage} message */
  #handle(message) {
    if (message.type === "bundle") return message.contents.forEach((content) => this.receive(content, []));
    if (message.type === "state") throw new CommError("a state is not for this panel");
    const handle = /** @type {(message: DownMessage) => unknown} */ (this.#handlers[message.type]);
    return handle(message);
  }
}
