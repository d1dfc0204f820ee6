/**
 * The messages from the page to the kernel.
 *
 * @typedef {{id: string, label: string}} Device
 * @typedef {"start" | "stop" | "take_over" | "mute" | "unmute" | "pause" | "resume" | "open_page"} CommandName
 * @typedef {"denied" | "no_device" | "in_use" | "policy" | "vs_code" | "insecure_context" | "no_audio_worklet" | "sample_rate" | "error"} MicFailureReason
 *
 * @typedef {{content: Record<string, unknown>, buffers: ArrayBuffer[]}} UpMessage
 */

import { toMuLaw } from "./mu-law.js";

/**
 * @param {string} type
 * @param {string} from
 * @param {Record<string, unknown>} [fields]
 * @param {ArrayBuffer[]} [buffers]
 * @returns {UpMessage}
 */
function up(type, from, fields = {}, buffers = []) {
  return { content: { type, from, ...fields }, buffers };
}

/** @param {string} from */
export const hello = (from) => up("hello", from);

/**
 * @param {string} from
 * @param {boolean} isPageGone the page is being left or reloaded, and may come back; false: only the panel was removed
 */
export const bye = (from, isPageGone) => up("bye", from, { page_gone: isPageGone });

/**
 * @param {string} from
 * @param {CommandName} name
 */
export const command = (from, name) => up("command", from, { name });

/**
 * @param {string} from
 * @param {"microphone" | "speaker"} kind
 * @param {string} deviceId
 */
export const chooseDevice = (from, kind, deviceId) => up("choose_device", from, { kind, device_id: deviceId });

/**
 * @param {string} from
 * @param {{microphones: Device[], speakers: Device[]}} devices all that are plugged in now
 */
export const devices = (from, { microphones, speakers }) => up("devices", from, { microphones, speakers });

/**
 * @param {string} from
 * @param {number} request
 * @param {number} sentMs
 */
export const micPrompting = (from, request, sentMs) => up("mic_prompting", from, { request, sent_ms: sentMs });

/**
 * @param {string} from
 * @param {object} opened
 * @param {number} opened.request
 * @param {string} opened.label
 * @param {number} opened.sampleRate
 * @param {MediaTrackSettings} opened.settings what the browser really applied
 * @param {Device[]} opened.microphones
 * @param {Device[]} opened.speakers
 */
export function micOpened(from, { request, label, sampleRate, settings, microphones, speakers }) {
  return up("mic_opened", from, { request, label, sample_rate: sampleRate, settings, microphones, speakers });
}

/**
 * @param {string} from
 * @param {number} request
 * @param {MicFailureReason} reason
 * @param {string} detail
 */
export const micFailed = (from, request, reason, detail) => up("mic_failed", from, { request, reason, detail });

/**
 * @param {string} from
 * @param {number} request
 */
export const micEnded = (from, request) => up("mic_ended", from, { request });

/**
 * @param {string} from
 * @param {number} request
 * @param {boolean} isSilent its track is muted by the device or the browser, and has been for a while
 */
export const micSilent = (from, request, isSilent) => up("mic_silent", from, { request, is_silent: isSilent });

/**
 * @param {string} from
 * @param {number} request
 */
export const alive = (from, request) => up("alive", from, { request });

/**
 * @param {string} from
 * @param {import("../microphone/uplink.js").AudioMessage} message
 * @param {number} sentMs
 */
export function audio(from, { request, seq, position, dropped, isCompanded, samples }, sentMs) {
  const fields = { request, seq, position, dropped, sent_ms: sentMs };
  if (isCompanded) return up("companded_audio", from, fields, [toMuLaw(samples).buffer]);
  return up("audio", from, fields, [samples.buffer]);
}

/**
 * @param {string} from
 * @param {{epoch: number, samples: number, underruns: number, heardMs: number}} report
 */
export function heard(from, { epoch, samples, underruns, heardMs }) {
  return up("heard", from, { epoch, samples, underruns, heard_ms: heardMs });
}

/**
 * @param {string} from
 * @param {number} epoch
 * @param {number} samples of it that have arrived
 * @param {number} receivedMs when the last of them did
 */
export const playReceived = (from, epoch, samples, receivedMs) => up("play_received", from, { epoch, samples, received_ms: receivedMs });

/**
 * @param {string} from
 * @param {number} number of the probe
 */
export const probed = (from, number) => up("probed", from, { number });

/**
 * @param {string} from
 * @param {number} epoch what is given up
 * @param {"blocked" | "failed"} reason the browser waits for a click before it plays; something in the page is broken
 * @param {string} detail
 */
export const playbackFailed = (from, epoch, reason, detail) => up("playback_failed", from, { epoch, reason, detail });

/**
 * Several messages in one, of which one at most has a buffer.
 *
 * @param {string} from
 * @param {UpMessage[]} messages
 */
export function bundle(from, messages) {
  const contents = messages.map(({ content }) => content);
  const buffers = messages.flatMap((message) => message.buffers);
  return up("bundle", from, { contents }, buffers);
}

/**
 * @param {string} from
 * @param {string} deviceId
 * @param {string} detail
 */
export const speakerFailed = (from, deviceId, detail) => up("speaker_failed", from, { device_id: deviceId, detail });
