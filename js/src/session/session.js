import { describeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import * as messages from "../messages/messages.js";
import { ReceivedDetails } from "./details.js";
import { isAudioNeeded } from "./idle-release.js";

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
 * @property {import("./pending-requests.js").PendingRequests} pendingRequests
 * @property {import("./presence.js").Presence} presence
 * @property {import("./idle-release.js").IdleRelease} idleRelease
 */

/** One page's part in one call: puts the kernel's messages and the user's commands into effect, and says what the panel shows. */
export class Session {
  #pageId;
  #host;
  #outbox;
  #engine;
  #microphone;
  #speaker;
  #pendingRequests;
  #presence;
  #idleRelease;
  /** @type {Listeners<[]>} */
  #changeListeners = new Listeners();
  /** @type {Listeners<[meter: "microphone" | "speaker", rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[readout: messages.VadReadout]>} */
  #readoutListeners = new Listeners();
  #details = new ReceivedDetails();
  #isDisposed = false;
  #isNotifying = false;
  #isKernelLost = false;
  #wasStarted = false;
  /** @type {string | null} */
  #problem = null;

  /** @param {Collaborators} collaborators */
  constructor({ pageId, host, outbox, engine, microphone, speaker, pendingRequests, presence, idleRelease }) {
    this.#pageId = pageId;
    this.#host = host;
    this.#outbox = outbox;
    this.#engine = engine;
    this.#microphone = microphone;
    this.#speaker = speaker;
    this.#pendingRequests = pendingRequests;
    this.#presence = presence;
    this.#idleRelease = idleRelease;
    this.#subscribe();
    this.#receiveState();
  }

  /** Subscribes to changes of the state; a listener is called once per turn of the event loop in which something changed. */
  onChange = this.#changeListeners.add;

  /** Subscribes to the levels of what is captured and of what is played. */
  onLevel = this.#levelListeners.add;

  /** Subscribes to what the kernel's voice activity detection says of the microphone. */
  onVadReadout = this.#readoutListeners.add;

  /** @returns {PanelState} */
  get state() {
    const { isStartRequested, isStopRequested, isMuteRequested, isPauseRequested } = this.#pendingRequests;
    const { hasStartFailed, isKernelSlow } = this.#pendingRequests;
    return {
      ...this.#host.state,
      ...this.#details.current,
      pageId: this.#pageId,
      isStartRequested,
      isStopRequested,
      hasStartFailed,
      isKernelSlow,
      isKernelLost: this.#isKernelLost,
      isSaved: this.#host.isSaved,
      isMuteRequested,
      isPauseRequested,
      isAudioBlocked: this.#engine.isBlocked,
      hasMicrophone: this.#microphone.isOpen,
      isMicrophoneOpening: this.#microphone.isOpening,
      isOnHold: this.#microphone.isOnHold,
      isKernelSilent: this.#microphone.isKernelSilent,
      wasStarted: this.#wasStarted,
      problem: this.#problem,
    };
  }

  /**
   * Counts a view in; the first one says hello to the kernel, the last one goodbye.
   *
   * @returns {() => void} counts it out
   */
  enter() {
    return this.#presence.enter();
  }

  /** Starts the call. Call it synchronously from a click. */
  start() {
    this.#speaker.resume();
    this.#problem = null;
    this.command("start"); // first: creating an audio context holds the page up
    this.#startAudio();
  }

  /** Uses this page's microphone and loudspeaker for a call whose owner is another page or gone. Call it synchronously from a click. */
  takeOver() {
    this.#speaker.resume();
    this.command("take_over");
    this.#startAudio();
  }

  /** Releases the microphone and silences the loudspeaker at once, whenever the kernel gets the command. */
  stop() {
    this.#microphone.release();
    this.#speaker.hold();
    this.command("stop");
  }

  /** @param {messages.CommandName} name */
  command(name) {
    this.#pendingRequests.add(name);
    this.#applyMute();
    this.#outbox.send(messages.command(this.#pageId, name));
    this.#notify();
  }

  /**
   * Uses another device, in whatever page has microphone and loudspeaker.
   *
   * @param {"microphone" | "speaker"} kind
   * @param {string} deviceId
   */
  chooseDevice(kind, deviceId) {
    // During a call a choice is remembered when the device is in use, which may fail.
    if (!this.#host.state.isMicStarted) this.#microphone.rememberDevice(kind, deviceId);
    this.#outbox.send(messages.chooseDevice(this.#pageId, kind, deviceId));
  }

  /** Lets a suspended audio context run. Call it synchronously from a click. */
  allowAudio() {
    this.#engine.start().catch((error) => this.#showProblem(`The browser gives no audio (${describeError(error)}).`));
  }

  /** Leaves for good: releases everything, ends all subscriptions. */
  dispose() {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#presence.leave();
    this.#releaseAudio();
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
    this.#microphone.onKernelSilent(() => {
      this.#speaker.abandon("the kernel was silent");
      this.#closeAudio();
    });
    this.#speaker.onUsed((deviceId) => this.#microphone.rememberDevice("speaker", deviceId));
    this.#speaker.onLevel((rms) => this.#levelListeners.emit("speaker", rms));
    this.#speaker.onProblem((problem) => this.#showProblem(problem));
    this.#pendingRequests.onSlow(() => this.#notify());
    this.#presence.onArrive(() => this.#sayHello());
    this.#presence.onLeave((isPageGone) => this.#sayGoodbye(isPageGone));
    this.#idleRelease.onDue(() => {
      if (!isAudioNeeded(this.state)) this.#closeAudio();
    });
  }

  #receiveState() {
    this.#isKernelLost = false;
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

  #sayHello() {
    this.#details.awaitWhole();
    this.#outbox.send(messages.hello(this.#pageId));
  }

  #applyState() {
    const call = { ...this.#host.state, ...this.#details.current };
    this.#pendingRequests.settle(call);
    if (call.isStarted || call.conversation.length > 0) this.#wasStarted = true;
    if (!call.isStarted && !call.isStarting) this.#speaker.resume();
    if (call._closed) this.#releaseAudio();
    this.#applyMute();
    this.#restartIdleTime();
  }

  /**
   * @param {unknown} content
   * @param {DataView[]} buffers
   */
  #receive(content, buffers) {
    this.#isKernelLost = false;
    this.#microphone.noteKernelMessage();
    try {
      const message = messages.parseDown(content, buffers, this.#pageId);
      if (message !== null) this.#handle(message);
    } catch (error) {
      this.#showProblem(`The kernel sent something this panel does not understand (${describeError(error)}). Reload the page.`);
    }
  }

  /** @param {messages.DownMessage} message */
  #handle(message) {
    if (message.type === "open_mic") return this.#openMicrophone(message);
    if (message.type === "close_mic") return this.#microphone.close(message);
    if (message.type === "play") return this.#speaker.play(message);
    if (message.type === "flush") return this.#speaker.flush(message);
    if (message.type === "set_speaker") return this.#speaker.select(message);
    if (message.type === "ack") return this.#microphone.acknowledge(message);
    if (message.type === "alive") return this.#answerHeartbeat(message.request);
    if (message.type === "vad_readout") return this.#readoutListeners.emit(message);
    if (message.type === "conversation") return this.#receiveConversation(message);
    if (message.type === "details") return this.#receiveDetails(message);
    message.contents.forEach((content) => this.#receive(content, []));
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

  #startAudio() {
    // What goes wrong here goes wrong again when the microphone is opened, and is reported then.
    this.#engine.start().catch(() => undefined);
  }

  /**
   * No microphone stays open for a call that may not exist any more. Whatever the kernel sends next shows that it does.
   *
   * @param {unknown} cause
   */
  #loseKernel(cause) {
    if (!this.#isKernelLost) console.warn(`micdrop-widget: the kernel is out of reach (${describeError(cause)})`);
    this.#isKernelLost = true;
    this.#microphone.releaseForLostKernel();
    this.#closeAudio();
  }

  /** @param {boolean} isPageGone */
  #sayGoodbye(isPageGone) {
    this.#releaseAudio();
    this.#outbox.send(messages.bye(this.#pageId, isPageGone));
    if (!isPageGone) this.#microphone.unfollowDevices(); // a page that is gone may come back
  }

  #releaseAudio() {
    this.#microphone.release();
    this.#closeAudio();
  }

  #closeAudio() {
    this.#speaker.close();
    this.#engine.close();
    this.#notify();
  }

  #restartIdleTime() {
    this.#idleRelease.restart();
    this.#notify();
  }

  /** @param {string} problem */
  #showProblem(problem) {
    console.error(`micdrop-widget: ${problem}`);
    this.#problem = problem;
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
