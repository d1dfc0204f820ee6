// Renders the panel in many states, each beside its name, with a session that does nothing. Bundled by build.mjs.
import { Panel } from "../src/view/panel.js";
import { inCall, panelState } from "../tests/fakes/panel-state.js";

/** @typedef {import("../src/session/state.js").PanelState} PanelState */
/** @typedef {import("../src/session/state.js").ConversationItem} ConversationItem */

const ERROR = { code: "Server", message: "The server does not answer.", remedy: "Start it, then press Start again." };

/** @type {ConversationItem[]} */
const CONVERSATION = [
  { role: "system", content: "You are a timetable." },
  { role: "user", content: "When does the next train leave for Basel?" },
  { role: "tool_call", toolCallId: "1", toolName: "departures", parameters: '{"from":"Zürich HB","to":"Basel SBB"}' },
  { role: "tool_result", toolCallId: "1", toolName: "departures", output: '["18:34","19:04"]' },
  { role: "assistant", content: "The next train to Basel leaves at 18:34, and another one half an hour later." },
];

const DEVICES = {
  micDevices: [{ id: "default", label: "Built-in microphone with a very long name" }, { id: "usb", label: "USB" }],
  speakerDevices: [{ id: "default", label: "Default" }],
};

/** @type {Record<string, PanelState>} */
const NO_SOUND = {
  code: "SilentMicrophone",
  message: "The microphone gives no sound:",
  remedy: "is it switched off at the headset, or is it the wrong one?",
};
const NO_ANSWER = {
  code: "NoAnswer",
  message: "The server has not answered; the call listens again.",
  remedy: "Say it once more, or look at the server's log.",
};

const STATES = {
  "not started": panelState(),
  starting: panelState({ isStartRequested: true }),
  "waiting for the microphone": panelState({ isStarting: true, isMicrophoneOpening: true }),
  listening: inCall({ ...DEVICES }),
  "you are speaking": inCall({ isUserSpeaking: true, conversation: CONVERSATION }),
  "assistant is speaking": inCall({ isAssistantSpeaking: true, conversation: CONVERSATION, partialAssistantMessage: "And the one after" }),
  "muted and paused": inCall({ isMuted: true, isPaused: true }),
  "on hold": inCall({ isOnHold: true }),
  "no sound": inCall({ ...DEVICES, isListening: true, notices: [NO_SOUND] }),
  "no answer": inCall({ isListening: true, conversation: CONVERSATION, notices: [NO_ANSWER] }),
  "slow line": inCall({ isLineSlow: true }),
  "another tab": inCall({ _owner: "another" }),
  "audio blocked": inCall({ isAudioBlocked: true }),
  ended: panelState({ wasStarted: true, conversation: CONVERSATION }),
  "ended, still muted": panelState({ wasStarted: true, isMuted: true }),
  "could not start": panelState({ wasStarted: true, hasStartFailed: true, error: ERROR }),
  "no kernel": panelState({ wasStarted: true, isKernelLost: true }),
  saved: panelState({ isSaved: true }),
};

for (const [name, state] of Object.entries(STATES)) {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = name;
  figure.append(caption);
  document.body.append(figure);
  const session = {
    state,
    onChange: () => () => undefined,
    onLevel: (/** @type {(meter: "microphone" | "speaker", rms: number) => void} */ listener) => {
      listener("microphone", 0.05);
      listener("speaker", 0.02);
      return () => undefined;
    },
    onVadReadout: () => () => undefined,
    enter: () => () => undefined,
  };
  new Panel(figure, /** @type {any} */ (session));
}
