/**
 * What the panel shows and no saved notebook may hold: what was said, and the names of devices. The kernel sends it by message, as
 * changes; a page that says hello gets the whole. Pure.
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
});

/**
 * @param {CallDetails} details
 * @param {import("../messages/messages.js").Details} message
 * @returns {CallDetails}
 */
export function withFields(details, { fields }) {
  // An error that is sent again is no new one.
  const isSameError = JSON.stringify(fields.error) === JSON.stringify(details.error);
  return { ...details, ...fields, ...(isSameError ? { error: details.error } : {}) };
}

/**
 * @param {CallDetails} details
 * @param {import("../messages/messages.js").Conversation} message
 * @returns {CallDetails | null} null: items before those are missing
 */
export function withConversation(details, { from, items }) {
  if (from > details.conversation.length) return null;
  return { ...details, conversation: [...details.conversation.slice(0, from), ...items] };
}
