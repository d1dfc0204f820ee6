/** What this page does when the state of the call has changed: to microphone, loudspeaker, pending requests and idle time. */
export class StateEffects {
  #host;
  #microphone;
  #speaker;
  #audio;
  #pendingRequests;
  #panelState;
  #idleRelease;
  #changes;

  /**
   * @param {object} options
   * @param {import("../host/host.js").Host} options.host
   * @param {import("../microphone/microphone.js").Microphone} options.microphone
   * @param {import("../speaker/speaker.js").Speaker} options.speaker
   * @param {import("./page-audio.js").PageAudio} options.audio
   * @param {import("./pending-requests.js").PendingRequests} options.pendingRequests
   * @param {import("./panel-state.js").PagePanelState} options.panelState
   * @param {import("./idle-release.js").IdleRelease} options.idleRelease
   * @param {import("./changes.js").Changes} options.changes
   */
  constructor({ host, microphone, speaker, audio, pendingRequests, panelState, idleRelease, changes }) {
    this.#host = host;
    this.#microphone = microphone;
    this.#speaker = speaker;
    this.#audio = audio;
    this.#pendingRequests = pendingRequests;
    this.#panelState = panelState;
    this.#idleRelease = idleRelease;
    this.#changes = changes;
  }

  /** Follows the call's state as it is now. */
  apply() {
    const { call } = this.#panelState;
    this.#pendingRequests.settle(call);
    if (call.isStarted || call.conversation.length > 0) this.#panelState.wasStarted = true;
    if (!call.isStarted && !call.isStarting) this.#speaker.resume();
    if (call._closed) this.#audio.release();
    this.applyMute();
    this.restartIdleTime();
  }

  /** Mutes the microphone when the kernel says so, or when a request that it has not confirmed does. */
  applyMute() {
    this.#microphone.isMuted = this.#host.state.isMicMuted || this.#pendingRequests.mutesMicrophone;
  }

  /** Begins the time anew after which audio that nobody needs is released: something has changed. */
  restartIdleTime() {
    this.#idleRelease.restart();
    this.#changes.note();
  }
}
