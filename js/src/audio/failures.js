/** @typedef {import("../comm.js").MicFailureReason} MicFailureReason */

/** Audio that cannot be had, with the reason in the kernel's vocabulary; the words for the user come from there. */
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
 * Says of any exception what it is called and what it says.
 *
 * @param {unknown} error
 */
export function describeError(error) {
  if (error instanceof AudioFailure) return error.message;
  if (error instanceof Error || error instanceof DOMException) return `${error.name}: ${error.message}`;
  return String(error);
}

/** @type {Record<string, MicFailureReason>} */
const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "policy",
  NotFoundError: "no_device",
  OverconstrainedError: "no_device",
  NotReadableError: "in_use",
  AbortError: "in_use",
};

/**
 * Names the reason of a failed getUserMedia.
 *
 * @param {unknown} error
 * @param {boolean} isAllowedByPolicy false: the frame or the host forbids microphones, whatever the user says
 * @returns {AudioFailure}
 */
export function microphoneFailure(error, isAllowedByPolicy) {
  if (error instanceof AudioFailure) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  const reason = REASONS[name] ?? "error";
  const isPolicy = reason === "denied" && !isAllowedByPolicy;
  return new AudioFailure(isPolicy ? "policy" : reason, describeError(error));
}
