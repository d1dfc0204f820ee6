/** @typedef {import("./state.js").PanelState} PanelState */

/** The state that the panel shows: the kernel's, and what only this page knows. */
export class PagePanelState {
  #pageId;
  #host;
  #engine;
  #microphone;
  #pendingRequests;
  #details;
  isKernelLost = false;
  wasStarted = false;
  /** @type {string | null} */
  problem = null;
  /** @type {string | null} */
  pageUrl = null;

  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {import("../host/host.js").Host} options.host
   * @param {import("../speaker/engine.js").AudioEngine} options.engine
   * @param {import("../microphone/microphone.js").Microphone} options.microphone
   * @param {import("./pending-requests.js").PendingRequests} options.pendingRequests
   * @param {import("./details.js").ReceivedDetails} options.details
   */
  constructor({ pageId, host, engine, microphone, pendingRequests, details }) {
    this.#pageId = pageId;
    this.#host = host;
    this.#engine = engine;
    this.#microphone = microphone;
    this.#pendingRequests = pendingRequests;
    this.#details = details;
  }

  /** @returns {import("./state.js").CallState} the call's state as the kernel sent it */
  get call() {
    return { ...this.#host.state, ...this.#details.current };
  }

  /** @returns {PanelState} all of it, as it is now */
  get current() {
    const { isStartRequested, isStopRequested, isMuteRequested, isPauseRequested } = this.#pendingRequests;
    const { hasStartFailed, isKernelSlow } = this.#pendingRequests;
    return {
      ...this.call,
      pageId: this.#pageId,
      isStartRequested,
      isStopRequested,
      hasStartFailed,
      isKernelSlow,
      isKernelLost: this.isKernelLost,
      lostReason: this.#host.lostReason,
      isSaved: this.#host.isSaved,
      place: this.#host.place,
      hostName: this.#host.hostName,
      offersPage: this.#host.offersPage,
      pageUrl: this.pageUrl,
      isMuteRequested,
      isPauseRequested,
      isAudioBlocked: this.#engine.isBlocked,
      hasMicrophone: this.#microphone.isOpen,
      isMicrophoneOpening: this.#microphone.isOpening,
      isOnHold: this.#microphone.isOnHold,
      isLineSlow: this.#microphone.isCompanding,
      isKernelSilent: this.#microphone.isKernelSilent,
      wasStarted: this.wasStarted,
      problem: this.problem,
    };
  }
}
