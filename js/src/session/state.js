import { NO_DETAILS } from "./details.js";

/**
 * The state of a call as the kernel sends it (one synced trait per field; in messages what no saved notebook may hold), and the
 * state that only this page knows.
 *
 * @typedef {import("../messages/messages.js").Device} Device
 * @typedef {import("../messages/messages.js").ConversationItem} ConversationItem
 * @typedef {import("../messages/messages.js").CallError} CallError
 * @typedef {import("./details.js").CallDetails} CallDetails
 *
 * @typedef {object} CallTraits
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
 * @property {string | null} _owner the page that has microphone and loudspeaker
 * @property {boolean} _closed the widget was closed in the kernel
 * @property {"cell_run_again" | "panel_removed" | null} _ended_by what has ended a call that nobody asked to end
 *
 * @typedef {CallTraits & CallDetails} CallState
 *
 * @typedef {object} PageState
 * @property {string} pageId of this page
 * @property {boolean} isStartRequested Start was pressed, the kernel has not answered
 * @property {boolean} hasStartFailed the latest start ended with an error before the call was up
 * @property {boolean} isStopRequested Stop was pressed, the kernel has not answered
 * @property {boolean} isKernelSlow a command has been unanswered for a while
 * @property {boolean} isKernelLost the connection broke: the call state is out of date
 * @property {import("../host/host.js").LostReason | null} lostReason
 * @property {"notebook" | "page"} place where the panel is: in a notebook, or in a page that the kernel serves
 * @property {string | null} hostName of what shows the notebook, where it is one that gives no microphone
 * @property {boolean} offersPage there is no microphone here, but a page that the kernel serves may have one
 * @property {string | null} pageUrl the address of the page that the kernel serves, when it was asked for here, or could not be opened from Python
 * @property {boolean} isSaved there is no kernel behind this panel: it comes from a saved notebook
 * @property {boolean} isMuteRequested
 * @property {boolean} isPauseRequested
 * @property {boolean} isAudioBlocked the browser requires a click before it plays or captures
 * @property {boolean} hasMicrophone the microphone is open in this page
 * @property {boolean} isMicrophoneOpening the microphone is being opened in this page; the browser may be asking for permission
 * @property {boolean} isOnHold the kernel does not answer while the microphone is open
 * @property {boolean} isLineSlow the microphone is sent in telephone quality, which is what the line carries
 * @property {boolean} isKernelSilent the kernel sends nothing at all: the microphone is released meanwhile
 * @property {boolean} wasStarted a call has run since the page was loaded
 * @property {string | null} problem something went wrong that the kernel cannot know
 *
 * @typedef {CallState & PageState} PanelState
 */

/** @type {Readonly<CallTraits>} */
export const INITIAL_TRAITS = Object.freeze({
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
  _owner: null,
  _closed: false,
  _ended_by: null,
});

export const TRAIT_NAMES = /** @type {(keyof CallTraits)[]} */ (Object.keys(INITIAL_TRAITS));

/** @type {Readonly<CallState>} */
export const INITIAL_CALL_STATE = Object.freeze({ ...INITIAL_TRAITS, ...NO_DETAILS });
