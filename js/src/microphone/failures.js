import { AudioFailure, describeError } from "../errors.js";

/** @typedef {import("../messages/messages.js").MicFailureReason} MicFailureReason */

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
 * Reasons that lie in the page, or in what the browser allows it. Nobody can change them in VS Code's web view, so there the web
 * view is the reason.
 *
 * @type {MicFailureReason[]}
 */
const PAGE_REASONS = ["denied", "policy", "insecure_context", "no_audio_worklet"];

/**
 * Finds the reason why a microphone could not be opened.
 *
 * @param {unknown} error of getUserMedia, or an AudioFailure
 * @param {object} page
 * @param {boolean} page.isAllowedByPolicy false: the frame or the host forbids microphones, whatever the user says
 * @param {boolean} page.isVsCode
 * @returns {AudioFailure}
 */
export function microphoneFailure(error, { isAllowedByPolicy, isVsCode }) {
  const reason = reasonOf(error, isAllowedByPolicy);
  const isDueToVsCode = isVsCode && PAGE_REASONS.includes(reason);
  return new AudioFailure(isDueToVsCode ? "vs_code" : reason, describeError(error));
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
 * Returns whether a page is a web view of VS Code, or of an editor made from it: on the desktop, or in a browser.
 *
 * @param {{protocol: string, hostname: string, userAgent: string}} page
 * @returns {boolean}
 */
export function isVsCode({ protocol, hostname, userAgent }) {
  if (protocol === "vscode-webview:" || hostname.endsWith(".vscode-cdn.net")) return true;
  return /\b(Code|Code-Insiders|VSCodium|Cursor)\/\d/.test(userAgent) && userAgent.includes("Electron/");
}

/** Returns whether this page is a web view of VS Code. */
export function isThisVsCode() {
  return isVsCode({ protocol: location.protocol, hostname: location.hostname, userAgent: navigator.userAgent });
}

/** Tells whether this page can have no microphone, whatever the user says: VS Code gives none, nor does a browser to http. */
export function isWithoutMicrophone() {
  return isThisVsCode() || navigator.mediaDevices === undefined;
}
