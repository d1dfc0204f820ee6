import { describeError } from "../errors.js";
import * as messages from "../messages/messages.js";
import { CommError } from "../messages/messages.js";

/** @typedef {import("../messages/messages.js").DownMessage} DownMessage */

/**
 * What is done with each type of message; a bundle is opened before, and a state is the host's.
 *
 * @typedef {{[Type in Exclude<DownMessage["type"], "bundle" | "state">]: (message: Extract<DownMessage, {type: Type}>) => unknown}} Handlers
 */

/** The kernel's messages to this page, read and handed to who handles each. */
export class KernelMessages {
  #pageId;
  #handlers;
  #onProblem;

  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {Handlers} options.handlers
   * @param {(problem: string) => void} options.onProblem called with what the user has to know: a message that cannot be read
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
