/** @typedef {import("./messages/messages.js").MicFailureReason} MicFailureReason */

/** Audio that cannot be had, with the reason in the kernel's vocabulary; the kernel has the words for the user. */
export class AudioFailure extends Error {
  /**
   * @param {MicFailureReason} reason
   * @param {string} detail
   */
  constructor(reason, detail) {
    super(detail);
    this.name = "AudioFailure";
    this.reason = reason;
  }
}

/**
 * Describes any exception by its name and message.
 *
 * @param {unknown} error
 */
export function describeError(error) {
  if (error instanceof AudioFailure) return error.message;
  if (error instanceof Error || error instanceof DOMException) return `${error.name}: ${error.message}`;
  return String(error);
}
