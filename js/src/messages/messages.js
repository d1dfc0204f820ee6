/**
 * The messages between the panel and the kernel: pure, strict, the same golden file as the kernel's codec.
 *
 * @typedef {import("./up.js").Device} Device
 * @typedef {import("./up.js").CommandName} CommandName
 * @typedef {import("./up.js").MicFailureReason} MicFailureReason
 * @typedef {import("./up.js").UpMessage} UpMessage
 *
 * @typedef {import("./down.js").OpenMic} OpenMic
 * @typedef {import("./down.js").CloseMic} CloseMic
 * @typedef {import("./down.js").Alive} Alive
 * @typedef {import("./down.js").Ack} Ack
 * @typedef {import("./down.js").VadReadout} VadReadout
 * @typedef {import("./down.js").Conversation} Conversation
 * @typedef {import("./down.js").Details} Details
 * @typedef {import("./down.js").Play} Play
 * @typedef {import("./down.js").Flush} Flush
 * @typedef {import("./down.js").Probe} Probe
 * @typedef {import("./down.js").SetSpeaker} SetSpeaker
 * @typedef {import("./down.js").PageAddress} PageAddress
 * @typedef {import("./down.js").Bundle} Bundle
 * @typedef {import("./down.js").DownMessage} DownMessage
 * @typedef {import("./down.js").ConversationItem} ConversationItem
 * @typedef {import("./down.js").CallError} CallError
 * @typedef {import("./down.js").DetailFields} DetailFields
 */

export { parseDown, readState } from "./down.js";
export { CommError } from "./fields.js";
export * from "./up.js";
