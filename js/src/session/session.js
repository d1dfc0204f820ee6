import * as comm from "../messages/messages.js";
import { AudioEngine } from "../speaker/engine.js";
import { describeError } from "../speaker/failures.js";
import { Channel } from "../host/jupyter.js";
import { Player, later } from "../speaker/player.js";
import { Microphone } from "../microphone/microphone.js";
import { Outbox } from "./outbox.js";
import { Presence } from "./presence.js";
import { NO_DETAILS, withConversation, withFields } from "./details.js";
import { INITIAL_CALL_STATE, TRAIT_NAMES } from "./state.js";
import { Wishes } from "./wishes.js";

/** @typedef {import("./state.js").CallState} CallState */
/** @typedef {import("./state.js").PanelState} PanelState */

/**
 * The part of anywidget's model that is used. Traits are read only: the kernel is the one place where state changes.
 *
 * @typedef {object} Model
 * @property {(name: string) => unknown} get
 * @property {(event: string, callback: (...parts: any[]) => void) => void} on
 * @property {(event: string, callback: (...parts: any[]) => void) => void} off
 * @property {(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]) => unknown} send
 * @property {{get_model?: (id: string) => Promise<unknown>}} [widget_manager]
 */

/** The audio context outlives the call for the last words of an answer, not for ever. */
const REST_AFTER_MS = 5000;

/** Jupyter's events for a connection that ends (or begins anew): kernel restarted or shut down, widget closed. */
const CONNECTION_EVENTS = ["comm_live_update", "comm:close", "destroy"];

/** One page's part in one call: the only one who talks to the model. */
export class Session {
  #id = randomId();
  #model;
  #channel;
  #outbox = new Outbox({
    send: (message) => this.#sendNow(message),
    join: (messages) => comm.bundle(this.#id, messages),
    now: () => performance.now(),
  });
  #engine = new AudioEngine({
    onBlockedChange: () => this.#notify(),
    onSpeakerUsed: (deviceId) => this.#microphone.remember("speaker", deviceId),
    onSpeakerFailed: (deviceId, error) => this.#reportSpeakerFailed(deviceId, error),
  });
  #microphone;
  #player;
  #wishes = new Wishes(() => this.#notify());
  #presence = new Presence(
    () => this.#sayHello(),
    (isPageGone) => this.#sayGoodbye(isPageGone),
  );
  /** @type {CallState} */
  #call = INITIAL_CALL_STATE;
  /** @type {import("./details.js").CallDetails} */
  #details = NO_DETAILS;
  /** Hello was said, and the kernel has not yet told the whole conversation. */
  #isGreeting = false;
  /** @type {Set<() => void>} */
  #stateListeners = new Set();
  /** @type {Set<(meter: "microphone" | "speaker", rms: number) => void>} */
  #levelListeners = new Set();
  /** @type {Set<(readout: comm.VadReadout) => void>} */
  #readoutListeners = new Set();
  #isDisposed = false;
  #isNotifying = false;
  #isPlaybackHeld = false;
  #isKernelLost = false;
  #wasStarted = false;
  /** @type {string | null} */
  #problem = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #restTimer;
  #subscriptions = new AbortController();
  /** @type {AbortController | null} of the listeners on the page, which are there only while there is a view */
  #pageListeners = null;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    this.#channel = new Channel(model, () => this.#notify());
    this.#microphone = new Microphone(this.#engine, this.#id, {
      send: (message) => this.#send(message),
      onChange: () => this.#notify(),
      onLevel: (rms) => this.#publishLevel("microphone", rms),
      onEnded: () => this.#rest(),
      onSilent: () => this.#closeAudio(),
      isSpeakerChosen: () => this.#call.speakerDeviceId !== null,
    });
    this.#player = new Player(this.#engine, {
      onHeard: (report, isUrgent) => this.#reportHeard(report, isUrgent),
      onLevel: (rms) => this.#publishLevel("speaker", rms),
      onFault: (problem) => this.#showProblem(problem),
    });
    this.#subscribe();
    this.#readTraits();
  }

  /** @returns {PanelState} */
  get state() {
    const { isStartRequested, isStopRequested, isKernelSlow, isMuteRequested, isPauseRequested } = this.#wishes;
    return {
      ...this.#call,
      id: this.#id,
      isStartRequested,
      isStopRequested,
      isKernelSlow,
      isKernelLost: this.#isKernelLost,
      isSaved: this.#channel.isSaved,
      isMuteRequested,
      isPauseRequested,
      isAudioBlocked: this.#engine.isBlocked,
      hasMicrophone: this.#microphone.isOpen,
      isOnHold: this.#microphone.isOnHold,
      isKernelSilent: this.#microphone.isKernelSilent,
      wasStarted: this.#wasStarted,
      problem: this.#problem,
    };
  }

  /**
   * @param {() => void} listener called once per turn of the event loop in which something changed
   * @returns {() => void} ends the subscription
   */
  onChange(listener) {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /**
   * @param {(meter: "microphone" | "speaker", rms: number) => void} listener
   * @returns {() => void} ends the subscription
   */
  onLevel(listener) {
    this.#levelListeners.add(listener);
    return () => this.#levelListeners.delete(listener);
  }

  /**
   * @param {(readout: comm.VadReadout) => void} listener called with what the kernel's voice activity detection makes of the sound
   * @returns {() => void} ends the subscription
   */
  onVadReadout(listener) {
    this.#readoutListeners.add(listener);
    return () => this.#readoutListeners.delete(listener);
  }

  /**
   * Counts a view in; the first one says hello to the kernel, the last one goodbye.
   *
   * @returns {() => void} counts it out
   */
  enter() {
    this.#listenToPage();
    return this.#presence.enter();
  }

  /** Starts the call. Call it synchronously from a click. */
  start() {
    this.#isPlaybackHeld = false;
    this.#problem = null;
    this.#command("start"); // first: creating an audio context holds the page up
    // What goes wrong here goes wrong again when the microphone is opened, and is told then.
    this.#engine.start().catch(() => undefined);
  }

  /** Has microphone and loudspeaker here, of a call whose owner is another page or gone. Call it synchronously from a click. */
  takeOver() {
    this.#isPlaybackHeld = false;
    this.#command("take_over");
    // As in start.
    this.#engine.start().catch(() => undefined);
  }

  /** Releases the microphone and falls silent at once; the kernel hears of it after that. */
  stop() {
    this.#microphone.release();
    this.#player.silence();
    this.#isPlaybackHeld = true;
    this.#command("stop");
  }

  /** @param {"mute" | "unmute" | "pause" | "resume"} name */
  ask(name) {
    this.#command(name);
  }

  /**
   * Uses another device, in whatever page has microphone and loudspeaker.
   *
   * @param {"microphone" | "speaker"} kind
   * @param {string} id
   */
  chooseDevice(kind, id) {
    // One that is open is remembered when the other has taken its place: it may be in use elsewhere.
    if (!this.#call.isMicStarted) this.#microphone.remember(kind, id);
    this.#send(comm.chooseDevice(this.#id, kind, id));
  }

  /** Lets a suspended audio context run. Call it synchronously from a click. */
  allowAudio() {
    this.#engine.start().catch((error) => this.#showProblem(`The browser gives no audio (${describeError(error)}).`));
  }

  /** Leaves for good: everything released, nothing subscribed. */
  dispose() {
    if (this.#isDisposed) return;
    this.#presence.leave(false);
    this.#releaseAudio();
    this.#isDisposed = true;
    clearTimeout(this.#restTimer);
    this.#wishes.dispose();
    this.#outbox.close();
    this.#microphone.leave();
    this.#subscriptions.abort();
    this.#pageListeners?.abort();
    this.#stateListeners.clear();
    this.#levelListeners.clear();
    this.#readoutListeners.clear();
  }

  #subscribe() {
    const { signal } = this.#subscriptions;
    /** @type {(event: string, callback: (...parts: any[]) => void) => void} */
    const listen = (event, callback) => {
      this.#model.on(event, callback);
      signal.addEventListener("abort", () => this.#model.off(event, callback));
    };
    for (const name of TRAIT_NAMES) listen(`change:${name}`, () => this.#readTraits());
    for (const event of CONNECTION_EVENTS) listen(event, () => this.#loseKernel(event));
    listen("msg:custom", (content, buffers) => this.#receive(content, buffers ?? []));
  }

  #listenToPage() {
    if (this.#pageListeners !== null) return;
    this.#pageListeners = new AbortController();
    const { signal } = this.#pageListeners;
    window.addEventListener("pagehide", () => this.#presence.leave(true), { signal });
    window.addEventListener("pageshow", () => this.#presence.arrive(), { signal });
  }

  #readTraits() {
    this.#isKernelLost = false;
    this.#microphone.hearKernel();
    const read = TRAIT_NAMES.map((name) => [name, this.#model.get(name) ?? INITIAL_CALL_STATE[name]]);
    this.#updateCall(/** @type {CallState} */ ({ ...Object.fromEntries(read), ...this.#details }));
  }

  /** @param {import("./details.js").CallDetails} details */
  #readDetails(details) {
    this.#details = details;
    this.#updateCall({ ...this.#call, ...details });
  }

  /** @param {comm.Conversation} message */
  #readConversation(message) {
    const details = withConversation(this.#details, message);
    if (message.from === 0) this.#isGreeting = false;
    if (details !== null) return this.#readDetails(details);
    // Some of it was lost on the way; before hello it was never meant for this page.
    if (this.#presence.isPresent && !this.#isGreeting) this.#sayHello();
  }

  #sayHello() {
    this.#isGreeting = true;
    this.#send(comm.hello(this.#id));
  }

  /** @param {CallState} call */
  #updateCall(call) {
    this.#call = call;
    this.#wishes.follow(this.#call);
    if (this.#call.isStarted || this.#call.conversation.length > 0) this.#wasStarted = true;
    if (!this.#call.isStarted && !this.#call.isStarting) this.#isPlaybackHeld = false;
    if (this.#call._closed) this.#releaseAudio();
    this.#applyMute();
    this.#planRest();
    this.#notify();
  }

  /**
   * @param {unknown} content
   * @param {DataView[]} buffers
   */
  #receive(content, buffers) {
    this.#isKernelLost = false;
    this.#microphone.hearKernel();
    try {
      const message = comm.parseDown(content, buffers, this.#id);
      if (message !== null) this.#handle(message);
    } catch (error) {
      this.#showProblem(`The kernel sent something this panel does not understand (${describeError(error)}). Reload the page.`);
    }
  }

  /** @param {comm.DownMessage} message */
  #handle(message) {
    if (message.type === "open_mic") return this.#openMic(message);
    if (message.type === "play") return this.#isPlaybackHeld ? undefined : this.#player.play(message);
    if (message.type === "flush") {
      this.#isPlaybackHeld = false;
      return this.#player.flush(message.epoch);
    }
    if (message.type === "set_speaker") return this.#engine.selectSpeaker(message.deviceId);
    if (message.type === "ack") return this.#microphone.acknowledge(message);
    if (message.type === "alive") return this.#answerKernel(message.request);
    if (message.type === "vad_readout") return this.#publishVadReadout(message);
    if (message.type === "conversation") return this.#readConversation(message);
    if (message.type === "details") return this.#readDetails(withFields(this.#details, message));
    if (message.type === "bundle") return message.contents.forEach((content) => this.#receive(content, []));
    if (this.#microphone.close(message)) this.#rest();
  }

  /** @param {number} request */
  #answerKernel(request) {
    this.#microphone.listenAgain(request);
    if (this.#presence.isPresent) this.#send(comm.alive(this.#id, request));
  }

  /**
   * @param {string} deviceId
   * @param {unknown} error
   */
  #reportSpeakerFailed(deviceId, error) {
    const detail = describeError(error);
    this.#showProblem(`The loudspeaker cannot be used (${detail}). The usual one plays on.`);
    this.#send(comm.speakerFailed(this.#id, deviceId, detail));
  }

  /** @param {comm.OpenMic} message */
  #openMic(message) {
    this.#applyMute();
    if (!this.#microphone.open(message)) return;
    this.#isPlaybackHeld = false;
    this.#wishes.confirmStart();
    this.#notify();
  }

  /** @param {comm.CommandName} name */
  #command(name) {
    this.#wishes.ask(name);
    this.#applyMute();
    this.#send(comm.command(this.#id, name));
    this.#notify();
  }

  #applyMute() {
    this.#microphone.isMuted = this.#call.isMicMuted || this.#wishes.isMicGated;
  }

  /**
   * @param {import("../speaker/player.js").Report} report
   * @param {boolean} isUrgent
   */
  #reportHeard(report, isUrgent) {
    if (isUrgent) this.#send(comm.heard(this.#id, report));
    else this.#outbox.sendDeferred((waitedMs) => comm.heard(this.#id, later(report, waitedMs)));
  }

  /** @param {comm.UpMessage} message */
  #send(message) {
    this.#outbox.send(message);
  }

  /** @param {comm.UpMessage} message */
  #sendNow({ content, buffers }) {
    try {
      // A promise in some hosts, nothing in others.
      Promise.resolve(this.#channel.send(content, buffers)).catch((error) => this.#loseKernel(error));
    } catch (error) {
      this.#loseKernel(error);
    }
  }

  /**
   * No page listens for a call that may not exist any more. Whatever the kernel sends next says that it does.
   *
   * @param {unknown} cause
   */
  #loseKernel(cause) {
    if (!this.#isKernelLost) console.warn(`micdrop-widget: the kernel is out of reach (${describeError(cause)})`);
    this.#isKernelLost = true;
    this.#releaseAudio();
  }

  /** @param {boolean} isPageGone */
  #sayGoodbye(isPageGone) {
    this.#releaseAudio();
    this.#send(comm.bye(this.#id, isPageGone));
    if (isPageGone) return; // it may come back
    this.#microphone.leave();
    this.#pageListeners?.abort();
    this.#pageListeners = null;
  }

  #releaseAudio() {
    this.#microphone.release();
    this.#closeAudio();
  }

  #closeAudio() {
    this.#player.close();
    this.#engine.close();
    this.#notify();
  }

  #rest() {
    this.#planRest();
    this.#notify();
  }

  /** Lets go of the audio device some time after the call is over. */
  #planRest() {
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => {
      const isOwner = this.#call._owner === null || this.#call._owner === this.#id;
      const isInCall = isOwner && (this.#call.isStarted || this.#call.isStarting);
      const isNeeded = isInCall || this.#wishes.isStartRequested || this.#microphone.isOpen;
      if (!isNeeded) this.#releaseAudio();
    }, REST_AFTER_MS);
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
      for (const listener of this.#stateListeners) listener();
    });
  }

  /**
   * @param {"microphone" | "speaker"} meter
   * @param {number} rms
   */
  #publishLevel(meter, rms) {
    for (const listener of this.#levelListeners) listener(meter, rms);
  }

  /** @param {comm.VadReadout} readout */
  #publishVadReadout(readout) {
    for (const listener of this.#readoutListeners) listener(readout);
  }
}

/** Unlike crypto.randomUUID, works on pages that are not secure contexts: they too have to say what is missing. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
