/**
 * The panel's texts and controls in each state of the call; pure.
 *
 * @typedef {import("../session/state.js").PanelState} PanelState
 * @typedef {import("./icons.js").IconName} IconName
 *
 * @typedef {object} StateLabel
 * @property {string} id the panel's data-state
 * @property {string} words
 * @property {IconName} icon
 * @property {"idle" | "wait" | "listen" | "speak" | "off" | "error"} tone colour, beside words and icon
 *
 * @typedef {object} Control
 * @property {string} label
 * @property {IconName} icon
 * @property {boolean} isPressed
 * @property {boolean} isEnabled
 * @property {"start" | "stop" | "mute" | "unmute" | "pause" | "resume"} action
 */

/**
 * In order: the first row whose condition holds names the state.
 *
 * @type {[(state: PanelState) => boolean, StateLabel][]}
 */
const STATES = [
  [(s) => s.isSaved, label("saved", "Saved panel", "ended", "off")],
  [(s) => s._closed, label("closed", "Call closed", "ended", "off")],
  [(s) => s.isKernelLost && s.lostReason === "moved", label("moved", "Open in another tab", "ended", "off")],
  [(s) => s.isKernelLost && s.place === "page", label("disconnected", "No connection to Python", "warning", "off")],
  [(s) => s.isKernelLost, label("disconnected", "No connection to the kernel", "warning", "off")],
  [(s) => s.isStopRequested, label("stopping", "Stopping…", "wait", "wait")],
  [(s) => s.isStarting && !s.isMicStarted, label("waiting-microphone", "Waiting for the microphone…", "microphone", "wait")],
  [(s) => s.isStarting, label("connecting", "Connecting…", "wait", "wait")],
  [(s) => s.isStartRequested && !s.isStarted, label("starting", "Starting…", "wait", "wait")],
  [(s) => s.isKernelSilent, label("silent", "No answer from the kernel", "warning", "off")],
  [(s) => s.isOnHold, label("on-hold", "On hold: the kernel is busy", "wait", "off")],
  [(s) => s.isReconnecting, label("reconnecting", "Reconnecting…", "reconnect", "wait")],
  [(s) => !s.isStarted && s.isMicStarted && isMuted(s), label("muted", "Muted", "microphoneOff", "off")],
  [(s) => !s.isStarted && s.isMicStarted, label("microphone-only", "Microphone is on, no call", "microphone", "listen")],
  [(s) => !s.isStarted && s.hasStartFailed, label("failed", "Could not start", "warning", "error")],
  [(s) => !s.isStarted && hasEnded(s), label("ended", "Call ended", "ended", "idle")],
  [(s) => !s.isStarted, label("not-started", "Not started", "call", "idle")],
  [(s) => isPaused(s), label("paused", "Paused", "pause", "off")],
  [(s) => s.isUserSpeaking, label("user-speaking", "You are speaking", "waves", "listen")],
  [(s) => s.isAssistantSpeaking, label("assistant-speaking", "Assistant is speaking", "speaker", "speak")],
  [(s) => s.isProcessing, label("thinking", "Thinking…", "thinking", "wait")],
  [(s) => isMuted(s), label("muted", "Muted", "microphoneOff", "off")],
  [(s) => !s.isMicStarted, label("microphone-off", "Microphone is off", "microphoneOff", "off")],
  [(s) => s.isMicMuted, label("microphone-on-hold", "Microphone is on hold", "microphoneOff", "off")],
  [(s) => s.isListening, label("listening", "Listening", "microphone", "listen")],
];

const CONNECTED = label("connected", "Connected", "call", "idle");

/**
 * @param {PanelState} state
 * @returns {StateLabel}
 */
export function describeState(state) {
  return STATES.find(([holds]) => holds(state))?.[1] ?? CONNECTED;
}

/**
 * @param {PanelState} state
 * @returns {{start: Control, mute: Control, pause: Control}}
 */
export function describeControls(state) {
  const isInCall = isReachable(state) && (state.isStarted || state.isStarting || state.isStartRequested);
  return {
    start: isInCall
      ? control("Stop", "stop", "stop", { isEnabled: !state.isStopRequested })
      : control(state._ended_by !== null ? "Start again" : "Start", "call", "start", { isEnabled: canStart(state) }),
    mute: isMuted(state)
      ? control("Unmute the microphone", "microphoneOff", "unmute", { isEnabled: canMute(state), isPressed: true })
      : control("Mute the microphone", "microphone", "mute", { isEnabled: canMute(state) }),
    pause: isPaused(state)
      ? control("Resume the call", "play", "resume", { isEnabled: canPause(state), isPressed: true })
      : control("Pause the call", "pause", "pause", { isEnabled: canPause(state) }),
  };
}

/**
 * What to offer to a page that does not have the microphone of the call, which another page has or none: none after a
 * reload, or when the one it had went away. A call that ends gracefully has none because it needs none.
 *
 * @param {PanelState} state
 * @returns {string | null} null: nothing
 */
export function describeTakeOver(state) {
  if (!canTakeOver(state)) return null;
  if (isElsewhere(state)) return state.isMicStarted || state.isStarted ? "Use the microphone here" : null;
  return isMicrophoneMissing(state) && (state._owner === null || state.error !== null) ? "Rejoin with the microphone" : null;
}

/**
 * True while a call waits for a page with a microphone, and nothing speaks against this one.
 *
 * @param {PanelState} state
 */
export function isWaitingForPage(state) {
  return canTakeOver(state) && isMicrophoneMissing(state) && state._owner === null && state.error === null;
}

/** @param {PanelState} state */
function canTakeOver(state) {
  return isReachable(state) && !state.isStartRequested && !state.isStopRequested && !state.isKernelSilent;
}

/** @param {PanelState} state */
function isMicrophoneMissing(state) {
  return state.isStarted && !state.isMicStarted;
}

/** The texts differ by place: in a notebook the user runs the cell again, a page reconnects by itself. */
const WORDS = {
  notebook: {
    closed: "This call was closed: run the cell again.",
    lost: "The kernel was restarted or shut down, or cannot be reached. The microphone is released. Run the cell again.",
    moved: "",
    silent:
      "The microphone is released. When the kernel answers again, the call goes on by itself. If it was restarted or shut down, run the cell again.",
  },
  page: {
    closed: "This call was closed, and so was the page. Open it again from Python.",
    lost: "The Python process has ended, or cannot be reached. The microphone is released. As soon as it can be reached, this page shows the call again.",
    moved: "Another tab or browser has this call now. The microphone is released here. Reload this page to have the call here.",
    silent: "The microphone is released. When Python answers again, the call goes on by itself.",
  },
};

/**
 * The page that the kernel serves: its address, or the offer of it to a page without a microphone.
 *
 * @param {PanelState} state
 * @returns {{words: string, url: string | null} | null} null: nothing is offered; no url: it has to be asked for
 */
export function describePage(state) {
  if (!isReachable(state) || state.place === "page") return null;
  const { hostName, offersPage, pageUrl } = state;
  if (pageUrl === null) {
    if (!offersPage) return null;
    return { words: `Call from a page of its own: ${hostName ?? "this page"} gives no microphone`, url: null };
  }
  return { words: `Open ${new URL(pageUrl).host} in a browser`, url: pageUrl };
}

const ENDED_BY = {
  cell_run_again: "The call of this cell ended because the cell ran again. Start again to go on.",
  panel_removed: "The call ended because its panel was removed from the page. Start again to go on.",
};

/**
 * A note beside the state, in one or more sentences; "" = none.
 *
 * @param {PanelState} state
 * @returns {string}
 */
export function describeNote(state) {
  if (state.isSaved) return "This panel was saved with the notebook, without its call. Run the cell again.";
  const words = WORDS[state.place];
  if (state._closed) return words.closed;
  if (state.isKernelLost) return state.lostReason === "moved" ? words.moved : words.lost;
  if (state.isKernelSilent) return words.silent;
  if (state.isOnHold) {
    return "What you say now is lost. The call goes on by itself when the kernel answers again.";
  }
  if (state.isKernelSlow) return "The kernel has not answered yet. It may be busy with a cell.";
  if (state.isMicStarted && isElsewhere(state)) return "The microphone is used in another tab.";
  if (state._ended_by !== null && !isMicrophoneInUse(state)) return ENDED_BY[state._ended_by];
  if (state.isLineSlow) return "The line is slow: your voice is sent in telephone quality.";
  if (isMuted(state) && !isMicrophoneInUse(state)) return "You are still muted, also in the next call.";
  return "";
}

/**
 * The notices of a call that goes on, in one or two sentences each.
 *
 * @param {PanelState} state
 * @returns {{code: string, words: string}[]}
 */
export function describeNotices(state) {
  if (!isReachable(state)) return [];
  return state.notices.map(({ code, message, remedy }) => ({ code, words: `${message} ${remedy}` }));
}

/**
 * The error to show: the kernel's, or what only this page knows.
 *
 * @param {PanelState} state
 * @returns {{message: string, remedy: string} | null}
 */
export function describeError(state) {
  if (state.error !== null) return { message: state.error.message, remedy: state.error.remedy };
  if (state.problem !== null) return { message: state.problem, remedy: "" };
  return null;
}

/**
 * @param {string} id
 * @param {string} words
 * @param {IconName} icon
 * @param {StateLabel["tone"]} tone
 * @returns {StateLabel}
 */
function label(id, words, icon, tone) {
  return Object.freeze({ id, words, icon, tone });
}

/**
 * @param {string} text
 * @param {IconName} icon
 * @param {Control["action"]} action
 * @param {{isEnabled: boolean, isPressed?: boolean}} flags
 * @returns {Control}
 */
function control(text, icon, action, { isEnabled, isPressed = false }) {
  return { label: text, icon, action, isEnabled, isPressed };
}

/** @param {PanelState} state */
const isMuted = (state) => state.isMuted || state.isMuteRequested;

/** @param {PanelState} state */
const isPaused = (state) => state.isPaused || state.isPauseRequested;

/**
 * There is a kernel that receives what the user asks for.
 *
 * @param {PanelState} state
 */
export const isReachable = (state) => !state._closed && !state.isKernelLost && !state.isSaved;

/**
 * Another page owns the call.
 *
 * @param {PanelState} state
 */
const isElsewhere = (state) => state._owner !== null && state._owner !== state.pageId;

/** @param {PanelState} state */
const isMicrophoneInUse = (state) => state.isStarted || state.isStarting || state.isMicStarted;

/**
 * A mute outlives the call: it can be withdrawn at any time.
 *
 * @param {PanelState} state
 */
const canMute = (state) => isReachable(state) && (isMicrophoneInUse(state) || isMuted(state));

/**
 * Where the kernel seems lost, a notebook may still reach it; a page connects by itself.
 *
 * @param {PanelState} state
 */
const canStart = (state) => !state._closed && !state.isSaved && !(state.isKernelLost && state.place === "page");

/** @param {PanelState} state */
const canPause = (state) => isReachable(state) && state.isStarted;

/**
 * There was a call: in this page, before a reload, with this conversation, or of an earlier run of the cell.
 *
 * @param {PanelState} state
 */
const hasEnded = (state) => state.wasStarted || state._ended_by !== null || state.conversation.length > 0;
