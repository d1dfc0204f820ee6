/**
 * The messages from the kernel to the page.
 *
 * @typedef {import("./up.js").Device} Device
 * @typedef {{role: "user" | "assistant" | "system", content: string}} Utterance
 * @typedef {{role: "tool_call", toolCallId: string, toolName: string, parameters: string}} ToolCall
 * @typedef {{role: "tool_result", toolCallId: string, toolName: string, output: string}} ToolResult
 * @typedef {Utterance | ToolCall | ToolResult} ConversationItem
 * @typedef {{code: string, message: string, remedy: string}} CallError
 * @typedef {{code: string, message: string, remedy: string}} Notice something is not as it should be, though the call goes on
 * @typedef {{partialAssistantMessage: string, micDevices: Device[], speakerDevices: Device[], error: CallError | null, notices: Notice[]}} DetailFields
 *
 * @typedef {{type: "open_mic", request: number, deviceId: string | null, constraints: Record<string, unknown>}} OpenMic
 * @typedef {{type: "close_mic", request: number}} CloseMic
 * @typedef {{type: "alive", request: number}} Alive
 * @typedef {{type: "ack", request: number, seq: number, leastLagMs: number, lagMs: number}} Ack
 * @typedef {{type: "vad_readout", probability: number | null, levelDb: number | null}} VadReadout
 * @typedef {{type: "conversation", from: number, items: ConversationItem[]}} Conversation in place of all items from this number on
 * @typedef {{type: "details", fields: Partial<DetailFields>}} Details the fields that have changed
 * @typedef {{type: "play", epoch: number, position: number, awaitsAck: boolean, samples: Int16Array<ArrayBuffer>}} Play
 * @typedef {{type: "flush", epoch: number}} Flush
 * @typedef {{type: "probe", number: number}} Probe to be answered at once
 * @typedef {{type: "set_speaker", deviceId: string}} SetSpeaker
 * @typedef {{type: "page_address", url: string}} PageAddress of the page that the kernel serves for the call
 * @typedef {{type: "state", fields: Partial<import("../session/state.js").CallTraits>}} State of a carrier that synchronizes no traits
 * @typedef {{type: "bundle", contents: unknown[]}} Bundle several messages in one
 * @typedef {OpenMic | CloseMic | Alive | Ack | VadReadout | Conversation | Details | Play | Flush | Probe | SetSpeaker | PageAddress | State | Bundle} DownMessage
 */

import { INITIAL_TRAITS } from "../session/state.js";
import { anything, CommError, count, fieldsOf, flag, listOf, number, object, orNull, text } from "./fields.js";

/** @typedef {import("./fields.js").Reader<unknown>} Reader */

const devices = listOf(fieldsOf({ id: text, label: text }));

/** @type {Record<string, Reader>} by role */
const ITEMS = {
  tool_call: fieldsOf({ role: text, toolCallId: text, toolName: text, parameters: text }),
  tool_result: fieldsOf({ role: text, toolCallId: text, toolName: text, output: text }),
  user: fieldsOf({ role: text, content: text }),
  assistant: fieldsOf({ role: text, content: text }),
  system: fieldsOf({ role: text, content: text }),
};

const explained = fieldsOf({ code: text, message: text, remedy: text });

const details = fieldsOf(
  {
    partialAssistantMessage: text,
    micDevices: devices,
    speakerDevices: devices,
    error: orNull(explained),
    notices: listOf(explained),
  },
  { optional: true },
);

const traits = fieldsOf(
  Object.fromEntries(Object.entries(INITIAL_TRAITS).map(([name, value]) => [name, value === null ? orNull(text) : flag])),
  { optional: true }, // some are a notebook's alone
);

/** @type {Record<string, Record<string, Reader>>} the fields of each message, by their names on the wire */
const MESSAGES = {
  open_mic: { request: count, device_id: orNull(text), constraints: object },
  close_mic: { request: count },
  alive: { request: count },
  ack: { request: count, seq: number, least_lag_ms: number, lag_ms: number },
  vad_readout: { probability: orNull(number), level_db: orNull(number) },
  conversation: { from: count, items: listOf(readItem) },
  details: { fields: details },
  play: { epoch: count, position: count, awaits_ack: flag },
  flush: { epoch: count },
  probe: { number: count },
  set_speaker: { device_id: text },
  page_address: { url: text },
  state: { fields: traits },
  bundle: { contents: listOf(anything) },
};

/**
 * Reads one custom message from the kernel.
 *
 * @param {unknown} content
 * @param {readonly DataView[]} buffers
 * @param {string} id of this page
 * @returns {DownMessage | null} null: meant for another page
 * @throws {CommError} when the message is not part of the contract
 */
export function parseDown(content, buffers, id) {
  const { type, to } = fieldsOf({ type: text, to: orNull(text) })(content);
  if (to !== null && to !== id) return null;
  const readers = Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : undefined;
  if (readers === undefined) throw new CommError(`unknown message ${JSON.stringify(type)}`);
  const fields = Object.entries(readFields(type, readers, content)).map(([name, value]) => [camelCase(name), value]);
  const samples = type === "play" ? { samples: readSamples(buffers) } : {};
  return /** @type {DownMessage} */ ({ type, ...Object.fromEntries(fields), ...samples });
}

/**
 * Reads the state that a carrier without synced traits sends in a message.
 *
 * @param {unknown} content
 * @returns {import("../session/state.js").CallTraits}
 * @throws {CommError} when it is something else
 */
export function readState(content) {
  const { type } = fieldsOf({ type: text })(content);
  if (type !== "state") throw new CommError(`expected a state, got ${JSON.stringify(type)}`);
  const { fields } = readFields(type, { fields: traits }, content);
  return { ...INITIAL_TRAITS, ...fields };
}

/**
 * @param {string} type
 * @param {Record<string, Reader>} readers
 * @param {unknown} content
 */
function readFields(type, readers, content) {
  try {
    return fieldsOf(readers)(content);
  } catch (error) {
    if (error instanceof CommError) error.message = `${type}: ${error.message}`;
    throw error;
  }
}

/** @type {Reader} */
function readItem(value) {
  const { role } = fieldsOf({ role: text })(value);
  const read = Object.hasOwn(ITEMS, role) ? ITEMS[role] : undefined;
  if (read === undefined) throw new CommError(`unknown role ${JSON.stringify(role)}`);
  return read(value);
}

/** @param {string} name */
const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

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
