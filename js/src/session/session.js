import { describeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import * as messages from "../messages/messages.js";
import { isAudioNeeded } from "./idle-release.js";
import { KernelMessages } from "./kernel-messages.js";
import { messageHandlers } from "./message-handlers.js";

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
 * @property {import("./state-effects.js").StateEffects} stateEffects
 * @property {import("./changes.js").Changes} changes
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
  #stateEffects;
  #changes;
  /** @type {Listeners<[meter: "microphone" | "speaker", rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[readout: messages.VadReadout]>} */
  #readoutListeners = new Listeners();
  #details;
  #panelState;
  #kernelMessages;
  #isDisposed = false;

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
    this.#stateEffects = collaborators.stateEffects;
    this.#changes = collaborators.changes;
    /** Subscribes to changes of the state; a listener is called once per turn of the event loop in which something changed. */
    this.onChange = this.#changes.onChange;
    this.#kernelMessages = new KernelMessages({
      pageId,
      handlers: messageHandlers({
        ...collaborators,
        sayHello: () => this.#sayHello(),
        onVadReadout: (readout) => this.#readoutListeners.emit(readout),
      }),
      onProblem: (problem) => this.#showProblem(problem),
    });
    this.#subscribe();
    this.#receiveState();
  }

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
    this.#changes.clear();
    this.#levelListeners.clear();
    this.#readoutListeners.clear();
  }

  #subscribe() {
    this.#host.onState(() => this.#receiveState());
    this.#host.onMessage((content, buffers) => this.#receive(content, buffers));
    this.#host.onLost((cause) => this.#loseKernel(cause));
    this.#engine.onBlockedChange(() => this.#changes.note());
    this.#microphone.onChange(() => this.#stateEffects.restartIdleTime());
    this.#microphone.onLevel((rms) => this.#levelListeners.emit("microphone", rms));
    this.#microphone.onKernelSilent(() => this.#audio.abandon());
    this.#speaker.onUsed((deviceId) => this.#microphone.rememberDevice("speaker", deviceId));
    this.#speaker.onLevel((rms) => this.#levelListeners.emit("speaker", rms));
    this.#speaker.onProblem((problem) => this.#showProblem(problem));
    this.#audio.onClosed(() => this.#changes.note());
    this.#audio.onProblem((problem) => this.#showProblem(problem));
    this.commands.onPending((name) => this.#notePending(name));
    this.#pendingRequests.onSlow(() => this.#changes.note());
    this.#presence.onArrive(() => this.#sayHello());
    this.#presence.onLeave((isPageGone) => this.#sayGoodbye(isPageGone));
    this.#idleRelease.onDue(() => {
      if (!isAudioNeeded(this.state)) this.#audio.close();
    });
  }

  #receiveState() {
    this.#panelState.isKernelLost = false;
    this.#microphone.noteKernelMessage();
    this.#stateEffects.apply();
  }

  #sayHello() {
    this.#details.awaitWhole();
    this.#outbox.send(messages.hello(this.#pageId));
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

  /** @param {messages.CommandName} name */
  #notePending(name) {
    if (name === "start") this.#panelState.problem = null;
    this.#stateEffects.applyMute();
    this.#changes.note();
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

  /** @param {string} problem */
  #showProblem(problem) {
    console.error(`micdrop-widget: ${problem}`);
    this.#panelState.problem = problem;
    this.#changes.note();
  }
}
