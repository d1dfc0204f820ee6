import { INITIAL_CALL_STATE } from "../../src/session/state.js";

/** @typedef {import("../../src/session/state.js").PanelState} PanelState */

/** What only the page knows, before anything has happened. */
const INITIAL_PAGE_STATE = {
  pageId: "f1",
  isStartRequested: false,
  hasStartFailed: false,
  isStopRequested: false,
  isKernelSlow: false,
  isKernelLost: false,
  lostReason: null,
  isSaved: false,
  place: /** @type {const} */ ("notebook"),
  hostName: null,
  offersPage: false,
  pageUrl: null,
  isMuteRequested: false,
  isPauseRequested: false,
  isAudioBlocked: false,
  hasMicrophone: false,
  isMicrophoneOpening: false,
  isOnHold: false,
  isLineSlow: false,
  isKernelSilent: false,
  wasStarted: false,
  problem: null,
};

/**
 * The state of a panel that has just been shown, with changes.
 *
 * @param {Partial<PanelState>} [changes]
 * @returns {PanelState}
 */
export const panelState = (changes = {}) => ({ ...INITIAL_CALL_STATE, ...INITIAL_PAGE_STATE, ...changes });

/**
 * The state of a panel in a call that this page owns.
 *
 * @param {Partial<PanelState>} [changes]
 * @returns {PanelState}
 */
export const inCall = (changes = {}) =>
  panelState({ isStarted: true, isMicStarted: true, isListening: true, hasMicrophone: true, _owner: "f1", ...changes });
