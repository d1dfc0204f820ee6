/**
 * The part of the call's state that no saved notebook may hold: conversation, names of devices, errors. The kernel sends its
 * changes in messages, and the whole to a page that says hello. Pure.
 *
 * @typedef {import("../messages/messages.js").DetailFields & {conversation: readonly import("../messages/messages.js").ConversationItem[]}} CallDetails
 */

/** @type {Readonly<CallDetails>} */
export const NO_DETAILS = Object.freeze({
  conversation: [],
  partialAssistantMessage: "",
  micDevices: [],
  speakerDevices: [],
  error: null,
  notices: [],
});

/** The details that this page has received so far. */
export class ReceivedDetails {
  /** @type {Readonly<CallDetails>} */
  #current = NO_DETAILS;
  #isWholeAwaited = false;

  /** Items of the conversation that have not changed stay the same objects. */
  get current() {
    return this.#current;
  }

  /** Notes that the page says hello, which the kernel answers with the whole. */
  awaitWhole() {
    this.#isWholeAwaited = true;
  }

  /**
   * @param {import("../messages/messages.js").Details} message names the fields that have changed
   */
  receiveFields({ fields }) {
    const { error } = this.#current;
    // An error that is sent again is no new one.
    const isSameError = JSON.stringify(fields.error) === JSON.stringify(error);
    this.#current = { ...this.#current, ...fields, ...(isSameError ? { error } : {}) };
  }

  /**
   * @param {import("../messages/messages.js").Conversation} message replaces the items from a number on
   * @returns {boolean} false: items before those are missing, and the whole is not on its way
   */
  receiveConversation({ from, items }) {
    const { conversation } = this.#current;
    if (from === 0) this.#isWholeAwaited = false;
    if (from > conversation.length) return this.#isWholeAwaited;
    this.#current = { ...this.#current, conversation: [...conversation.slice(0, from), ...items] };
    return true;
  }
}
