/**
 * The messages between the panel and the kernel: pure, strict, the same golden file as the kernel's codec.
 *
 * @typedef {{id: string, label: string}} Device
 * @typedef {"start" | "stop" | "take_over" | "mute" | "unmute" | "pause" | "resume"} CommandName
 * @typedef {"denied" | "no_device" | "in_use" | "policy" | "vs_code" | "insecure_context" | "no_audio_worklet" | "sample_rate" | "error"} MicFailureReason
 *
 * @typedef {{content: Record<string, unknown>, buffers: ArrayBuffer[]}} UpMessage
 *
 * @typedef {{type: "open_mic", request: number, deviceId: string | null, constraints: Record<string, unknown>}} OpenMic
 * @typedef {{type: "close_mic", request: number}} CloseMic
 * @typedef {{type: "alive", request: number}} Alive
 * @typedef {{type: "ack", request: number, seq: number, lagMs: number}} Ack
 * @typedef {{type: "hearing", probability: number | null, levelDb: number | null}} Hearing
 * @typedef {{type: "play", epoch: number, position: number, samples: Int16Array<ArrayBuffer>}} Play
 * @typedef {{type: "flush", epoch: number}} Flush
 * @typedef {{type: "set_speaker", deviceId: string}} SetSpeaker
 * @typedef {{type: "bundle", contents: unknown[]}} Bundle several messages in one
 * @typedef {OpenMic | CloseMic | Alive | Ack | Hearing | Play | Flush | SetSpeaker | Bundle} DownMessage
 */

/** A message that is not part of the contract: the bundle and the kernel's package are of different versions. */
export class CommError extends Error {}

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
 * @param {boolean} isPageGone the page is being left or reloaded, and may come back; false: only the panel went
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
 * @param {{microphones: Device[], speakers: Device[]}} devices all there are now
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
 */
export const alive = (from, request) => up("alive", from, { request });

/**
 * @param {string} from
 * @param {import("../microphone/uplink.js").AudioMessage} message
 * @param {number} sentMs
 */
export function audio(from, { request, seq, position, dropped, samples }, sentMs) {
  return up("audio", from, { request, seq, position, dropped, sent_ms: sentMs }, [samples.buffer]);
}

/**
 * @param {string} from
 * @param {{epoch: number, samples: number, underruns: number}} report
 */
export function heard(from, { epoch, samples, underruns }) {
  return up("heard", from, { epoch, samples, underruns });
}

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

/**
 * Reads one custom message from the kernel.
 *
 * @param {unknown} content
 * @param {readonly DataView[]} buffers
 * @param {string} id of this front end
 * @returns {DownMessage | null} null: meant for another front end
 * @throws {CommError} when the message is not part of the contract
 */
export function parseDown(content, buffers, id) {
  if (typeof content !== "object" || content === null) throw new CommError(`expected an object, got ${typeof content}`);
  const fields = new Fields(/** @type {Record<string, unknown>} */ (content));
  const to = fields.stringOrNull("to");
  if (to !== null && to !== id) return null;
  const type = fields.string("type");
  if (type === "close_mic" || type === "alive") return { type, request: fields.count("request") };
  if (type === "ack") {
    return { type, request: fields.count("request"), seq: fields.number("seq"), lagMs: fields.number("lag_ms") };
  }
  if (type === "hearing") {
    return { type, probability: fields.numberOrNull("probability"), levelDb: fields.numberOrNull("level_db") };
  }
  if (type === "flush") return { type, epoch: fields.count("epoch") };
  if (type === "play") {
    return { type, epoch: fields.count("epoch"), position: fields.count("position"), samples: readSamples(buffers) };
  }
  if (type === "open_mic") {
    const constraints = fields.object("constraints");
    return { type, request: fields.count("request"), deviceId: fields.stringOrNull("device_id"), constraints };
  }
  if (type === "set_speaker") return { type, deviceId: fields.string("device_id") };
  if (type === "bundle") return { type, contents: fields.array("contents") };
  throw new CommError(`unknown message ${JSON.stringify(type)}`);
}

/**
 * Copies little-endian int16 out of a view that need not be aligned. A buffer behind it only fills the message.
 *
 * @param {readonly DataView[]} buffers
 * @returns {Int16Array<ArrayBuffer>}
 */
function readSamples(buffers) {
  const [view] = buffers;
  if (view === undefined) throw new CommError("expected a buffer with samples, got none");
  if (view.byteLength % 2 !== 0) throw new CommError(`expected whole int16 samples, got ${view.byteLength} bytes`);
  const samples = new Int16Array(view.byteLength / 2);
  for (let index = 0; index < samples.length; index++) samples[index] = view.getInt16(2 * index, true);
  return samples;
}

/** Typed access to the fields of a message. */
class Fields {
  #content;

  /** @param {Record<string, unknown>} content */
  constructor(content) {
    this.#content = content;
  }

  /** @param {string} name */
  string(name) {
    const value = this.#content[name];
    if (typeof value !== "string") throw this.#unexpected(name, "a string");
    return value;
  }

  /** @param {string} name */
  stringOrNull(name) {
    return this.#content[name] === null ? null : this.string(name);
  }

  /** @param {string} name */
  count(name) {
    const value = this.#content[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw this.#unexpected(name, "a count");
    return value;
  }

  /** @param {string} name */
  number(name) {
    const value = this.#content[name];
    if (typeof value !== "number") throw this.#unexpected(name, "a number");
    return value;
  }

  /** @param {string} name */
  numberOrNull(name) {
    return this.#content[name] === null ? null : this.number(name);
  }

  /** @param {string} name */
  object(name) {
    const value = this.#content[name];
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.#unexpected(name, "an object");
    return /** @type {Record<string, unknown>} */ (value);
  }

  /** @param {string} name */
  array(name) {
    const value = this.#content[name];
    if (!Array.isArray(value)) throw this.#unexpected(name, "an array");
    return value;
  }

  /**
   * @param {string} name
   * @param {string} expected
   */
  #unexpected(name, expected) {
    const got = JSON.stringify(this.#content[name]) ?? "nothing";
    return new CommError(`${String(this.#content.type)}: expected ${expected} in ${name}, got ${got}`);
  }
}
