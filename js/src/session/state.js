/**
 * What the kernel says about the call (one synced trait per field) and what only this page knows.
 *
 * @typedef {import("../messages/messages.js").Device} Device
 * @typedef {{role: "user" | "assistant" | "system", content: string, metadata?: unknown}} Utterance
 * @typedef {{role: "tool_call", toolCallId: string, toolName: string, parameters: string}} ToolCall
 * @typedef {{role: "tool_result", toolCallId: string, toolName: string, output: string}} ToolResult
 * @typedef {Utterance | ToolCall | ToolResult} ConversationItem
 * @typedef {{code: string, message: string, remedy: string}} CallError
 *
 * @typedef {object} CallState
 * @property {boolean} isStarting
 * @property {boolean} isStarted
 * @property {boolean} isReconnecting
 * @property {boolean} isMuted
 * @property {boolean} isPaused
 * @property {boolean} isListening
 * @property {boolean} isProcessing
 * @property {boolean} isUserSpeaking
 * @property {boolean} isAssistantSpeaking
 * @property {boolean} isMicStarted
 * @property {boolean} isMicMuted
 * @property {string | null} micDeviceId
 * @property {string | null} speakerDeviceId
 * @property {Device[]} micDevices
 * @property {Device[]} speakerDevices
 * @property {ConversationItem[]} conversation
 * @property {string} partialAssistantMessage "" = none
 * @property {CallError | null} error
 * @property {string | null} _owner the front end that has the microphone
 * @property {boolean} _closed the widget was closed in the kernel
 *
 * @typedef {object} PageState
 * @property {string} id of this front end
 * @property {boolean} isStartRequested Start was pressed, the kernel has not answered
 * @property {boolean} isStopRequested Stop was pressed, the kernel has not answered
 * @property {boolean} isKernelSlow a command has gone unanswered for a while
 * @property {boolean} isKernelLost the connection broke: what the call state says is old
 * @property {boolean} isMuteRequested
 * @property {boolean} isPauseRequested
 * @property {boolean} isAudioBlocked the browser wants a click before it plays or captures
 * @property {boolean} hasMicrophone the microphone is open in this page
 * @property {boolean} isOnHold the kernel does not answer while the microphone is open
 * @property {boolean} isKernelSilent the kernel says nothing at all: the microphone is released meanwhile
 * @property {boolean} wasStarted a call has run since the page was loaded
 * @property {string | null} problem something went wrong that the kernel cannot know
 *
 * @typedef {CallState & PageState} PanelState
 */

/** @type {Readonly<CallState>} */
export const INITIAL_CALL_STATE = Object.freeze({
  isStarting: false,
  isStarted: false,
  isReconnecting: false,
  isMuted: false,
  isPaused: false,
  isListening: false,
  isProcessing: false,
  isUserSpeaking: false,
  isAssistantSpeaking: false,
  isMicStarted: false,
  isMicMuted: false,
  micDeviceId: null,
  speakerDeviceId: null,
  micDevices: [],
  speakerDevices: [],
  conversation: [],
  partialAssistantMessage: "",
  error: null,
  _owner: null,
  _closed: false,
});

export const TRAIT_NAMES = /** @type {(keyof CallState)[]} */ (Object.keys(INITIAL_CALL_STATE));
