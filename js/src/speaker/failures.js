/** @typedef {import("../messages/messages.js").MicFailureReason} MicFailureReason */

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
 * What a page must change to have a microphone. Nobody can in VS Code's web view, so there the web view is the reason.
 *
 * @type {MicFailureReason[]}
 */
const REASONS_OF_THE_PAGE = ["denied", "policy", "insecure_context", "no_audio_worklet"];

/**
 * Names the reason of a microphone that could not be opened.
 *
 * @param {unknown} error of getUserMedia, or an AudioFailure
 * @param {object} page
 * @param {boolean} page.isAllowedByPolicy false: the frame or the host forbids microphones, whatever the user says
 * @param {boolean} page.isVsCode
 * @returns {AudioFailure}
 */
export function microphoneFailure(error, { isAllowedByPolicy, isVsCode }) {
  const reason = reasonOf(error, isAllowedByPolicy);
  const isOfVsCode = isVsCode && REASONS_OF_THE_PAGE.includes(reason);
  return new AudioFailure(isOfVsCode ? "vs_code" : reason, describeError(error));
}

/**
 * @param {unknown} error
 * @param {boolean} isAllowedByPolicy
 * @returns {MicFailureReason}
 */
function reasonOf(error, isAllowedByPolicy) {
  if (error instanceof AudioFailure) return error.reason;
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  const reason = REASONS[name] ?? "error";
  return reason === "denied" && !isAllowedByPolicy ? "policy" : reason;
}

/**
 * Tells whether a page is a web view of VS Code, or of an editor made of it: on the desktop, or in a browser.
 *
 * @param {{protocol: string, hostname: string, userAgent: string}} page
 * @returns {boolean}
 */
export function isVsCode({ protocol, hostname, userAgent }) {
  if (protocol === "vscode-webview:" || hostname.endsWith(".vscode-cdn.net")) return true;
  return /\b(Code|Code-Insiders|VSCodium|Cursor)\/\d/.test(userAgent) && userAgent.includes("Electron/");
}
