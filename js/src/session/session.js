import { describeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import * as messages from "../messages/messages.js";
import { isAudioNeeded } from "./idle-release.js";
import { KernelMessages } from "./kernel-messages.js";

/** @typedef {import("./state.js").PanelState} PanelState */

/**
 * What a session works with; `create.js` builds the real ones.
 *
 * @typedef {object} Collaborators
 * @property {string} pageId
 * @property {import("../host/host.js").Host} host
 * @property {import("./outbox.js").Outbox} outbox leads to the host
 * @property {import("../speaker/engine.js").AudioEngine} engine
 * @property {import("../microphone/microphone.js").Microphone} microphone
 * @property {import("../speaker/speaker.js").Speaker} speaker
 * @property {import("./page-audio.js").PageAudio} audio
 * @property {import("./commands.js").Commands} commands
 * @property {import("./details.js").ReceivedDetails} details
 * @property {import("./panel-state.js").PagePanelState} panelState
 * @property {import("./pending-requests.js").PendingRequests} pendingRequests
 * @property {import("./presence.js").Presence} presence
 * @property {import("./idle-release.js").IdleRelease} idleRelease
 */

/** One page's part in one call: carries out the kernel's messages and the user's commands, and holds the panel's state. */
export class Session {
  #pageId;
  #host;
  #outbox;
  #engine;
  #microphone;
  #speaker;
  #audio;
  #pendingRequests;
  #presence;
  #idleRelease;
  /** @type {Listeners<[]>} */
  #changeListeners = new Listeners();
  /** @type {Listeners<[meter: "microphone" | "speaker", rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[readout: messages.VadReadout]>} */
  #readoutListeners = new Listeners();
  #details;
  #panelState;
  #kernelMessages;
  #isDisposed = false;
  #isNotifying = false;

  /** @param {Collaborators} collaborators */
  constructor(collaborators) {
    const { pageId, host, outbox, engine, microphone, speaker } = collaborators;
    this.#pageId = pageId;
    this.#host = host;
    this.#outbox = outbox;
    this.#engine = engine;
    this.#microphone = microphone;
    this.#speaker = speaker;
    this.#audio = collaborators.audio;
    /** The commands of the user. */
    this.commands = collaborators.commands;
    this.#details = collaborators.details;
    this.#panelState = collaborators.panelState;
    this.#pendingRequests = collaborators.pendingRequests;
    this.#presence = collaborators.presence;
    this.#idleRelease = collaborators.idleRelease;
    this.#kernelMessages = new KernelMessages({
      pageId,
      handlers: this.#handlers(),
      onProblem: (problem) => this.#showProblem(problem),
    });
    this.#subscribe();
    this.#receiveState();
  }

  /** Subscribes to changes of the state; a listener is called once per turn of the event loop in which something changed. */
  onChange = this.#changeListeners.add;

  /** Subscribes to the levels of what is captured and of what is played. */
  onLevel = this.#levelListeners.add;

  /** Subscribes to the readouts of the kernel's voice activity detection. */
  onVadReadout = this.#readoutListeners.add;

  /** @returns {PanelState} */
  get state() {
    return this.#panelState.current;
  }

  /**
   * Counts a view in; the first one says hello to the kernel, the last one goodbye.
   *
   * @returns {() => void} counts it out
   */
  enter() {
    return this.#presence.enter();
  }

  /** Ends the session for good: releases everything, ends all subscriptions. */
  dispose() {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#presence.leave();
    this.#audio.release();
    this.#idleRelease.dispose();
    this.#pendingRequests.dispose();
    this.#outbox.close();
    this.#microphone.unfollowDevices();
    this.#host.dispose();
    this.#changeListeners.clear();
    this.#levelListeners.clear();
    this.#readoutListeners.clear();
  }

  #subscribe() {
    this.#host.onState(() => this.#receiveState());
    this.#host.onMessage((content, buffers) => this.#receive(content, buffers));
    this.#host.onLost((cause) => this.#loseKernel(cause));
    this.#engine.onBlockedChange(() => this.#notify());
    this.#microphone.onChange(() => this.#restartIdleTime());
    this.#microphone.onLevel((rms) => this.#levelListeners.emit("microphone", rms));
    this.#microphone.onKernelSilent(() => this.#audio.abandon());
    this.#speaker.onUsed((deviceId) => this.#microphone.rememberDevice("speaker", deviceId));
    this.#speaker.onLevel((rms) => this.#levelListeners.emit("speaker", rms));
    this.#speaker.onProblem((problem) => this.#showProblem(problem));
    this.#audio.onClosed(() => this.#notify());
    this.#audio.onProblem((problem) => this.#showProblem(problem));
    this.commands.onPending((name) => this.#notePending(name));
    this.#pendingRequests.onSlow(() => this.#notify());
    this.#presence.onArrive(() => this.#sayHello());
    this.#presence.onLeave((isPageGone) => this.#sayGoodbye(isPageGone));
    this.#idleRelease.onDue(() => {
      if (!isAudioNeeded(this.state)) this.#audio.close();
    });
  }

  #receiveState() {
    this.#panelState.isKernelLost = false;
    this.#microphone.noteKernelMessage();
    this.#applyState();
  }

  /** @param {messages.Conversation} message */
  #receiveConversation(message) {
    if (!this.#details.receiveConversation(message) && this.#presence.isPresent) this.#sayHello();
    this.#applyState();
  }

  /** @param {messages.Details} message */
  #receiveDetails(message) {
    this.#details.receiveFields(message);
    this.#applyState();
  }

  /** @param {string} url */
  #showPageAddress(url) {
    if (new URL(url).protocol === "http:") this.#panelState.pageUrl = url;
    this.#notify();
  }

  #sayHello() {
    this.#details.awaitWhole();
    this.#outbox.send(messages.hello(this.#pageId));
  }

  #applyState() {
    const { call } = this.#panelState;
    this.#pendingRequests.settle(call);
    if (call.isStarted || call.conversation.length > 0) this.#panelState.wasStarted = true;
    if (!call.isStarted && !call.isStarting) this.#speaker.resume();
    if (call._closed) this.#audio.release();
    this.#applyMute();
    this.#restartIdleTime();
  }

  /**
   * @param {unknown} content
   * @param {DataView[]} buffers
   */
  #receive(content, buffers) {
    this.#panelState.isKernelLost = false;
    this.#microphone.noteKernelMessage();
    this.#kernelMessages.receive(content, buffers);
  }

  /** @returns {import("./kernel-messages.js").Handlers} */
  #handlers() {
    const [microphone, speaker] = [this.#microphone, this.#speaker];
    return {
      open_mic: (message) => this.#openMicrophone(message),
      close_mic: (message) => microphone.close(message),
      ack: (message) => microphone.acknowledge(message),
      play: (message) => speaker.play(message),
      flush: (message) => speaker.flush(message),
      set_speaker: (message) => speaker.select(message),
      probe: ({ number }) => this.#outbox.send(messages.probed(this.#pageId, number)),
      alive: ({ request }) => this.#answerHeartbeat(request),
      vad_readout: (message) => this.#readoutListeners.emit(message),
      conversation: (message) => this.#receiveConversation(message),
      details: (message) => this.#receiveDetails(message),
      page_address: ({ url }) => this.#showPageAddress(url),
    };
  }

  /** @param {messages.OpenMic} message */
  #openMicrophone(message) {
    this.#applyMute();
    if (!this.#microphone.open(message)) return;
    this.#speaker.resume();
    this.#pendingRequests.confirmStart();
    this.#notify();
  }

  /** @param {number} request that the kernel believes to be open or being opened */
  #answerHeartbeat(request) {
    this.#microphone.confirm(request);
    if (this.#presence.isPresent) this.#outbox.send(messages.alive(this.#pageId, request));
  }

  #applyMute() {
    this.#microphone.isMuted = this.#host.state.isMicMuted || this.#pendingRequests.mutesMicrophone;
  }

  /** @param {messages.CommandName} name */
  #notePending(name) {
    if (name === "start") this.#panelState.problem = null;
    this.#applyMute();
    this.#notify();
  }

  /**
   * No microphone stays open for a call that may not exist any more. Whatever the kernel sends next shows that it does.
   *
   * @param {unknown} cause
   */
  #loseKernel(cause) {
    if (!this.#panelState.isKernelLost) console.warn(`micdrop-widget: the kernel is out of reach (${describeError(cause)})`);
    this.#panelState.isKernelLost = true;
    this.#audio.releaseForLostKernel();
  }

  /** @param {boolean} isPageGone */
  #sayGoodbye(isPageGone) {
    this.#audio.release();
    this.#outbox.send(messages.bye(this.#pageId, isPageGone));
    if (!isPageGone) this.#microphone.unfollowDevices(); // a page that is gone may come back
  }

  #restartIdleTime() {
    this.#idleRelease.restart();
    this.#notify();
  }

  /** @param {string} problem */
  #showProblem(problem) {
    console.error(`micdrop-widget: ${problem}`);
    this.#panelState.problem = problem;
    this.#notify();
  }

  #notify() {
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    queueMicrotask(() => {
      this.#isNotifying = false;
      this.#changeListeners.emit();
    });
  }
}
