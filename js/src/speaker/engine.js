import { AudioFailure, describeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import { SAMPLE_RATE } from "../worklets/framing.js";

/** A context that does not run after this time waits for a click; starting takes it a moment. */
const BLOCKED_AFTER_MS = 400;

/**
 * The one AudioContext of a page's call. Capture and playback share it because the browser's echo canceller then works best.
 *
 * Only where the browser refuses a microphone at 16 kHz there is a second one beside it, at the device's rate, for capture.
 */
export class AudioEngine {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Promise<AudioContext> | null} */
  #ready = null;
  /** @type {string | null} the selected loudspeaker; null selects none, since a selection may end echo cancellation */
  #speakerId = null;
  #isBlocked = false;
  #workletSources;
  #sampleRate;
  /** @type {AudioEngine | null} */
  #atDeviceRate = null;
  /** @type {Listeners<[]>} */
  #blockedListeners = new Listeners();
  /** @type {Listeners<[deviceId: string]>} */
  #speakerUsedListeners = new Listeners();
  /** @type {Listeners<[deviceId: string, error: unknown]>} */
  #speakerFailedListeners = new Listeners();

  /**
   * @param {object} options
   * @param {readonly (string | URL)[]} options.workletSources JavaScript that each context's audio thread runs, or where it is
   * @param {number | null} [options.sampleRate] null: the device's own
   */
  constructor({ workletSources, sampleRate = SAMPLE_RATE }) {
    this.#workletSources = workletSources;
    this.#sampleRate = sampleRate;
  }

  /** Subscribes to changes of `isBlocked`. */
  onBlockedChange = this.#blockedListeners.add;

  /** Subscribes to a selected loudspeaker's being in use. */
  onSpeakerUsed = this.#speakerUsedListeners.add;

  /** Subscribes to a selected loudspeaker's failure; the usual one plays. */
  onSpeakerFailed = this.#speakerFailedListeners.add;

  /**
   * True while the browser waits for a click before it runs the context.
   *
   * @returns {boolean}
   */
  get isBlocked() {
    return this.#isBlocked || (this.#atDeviceRate?.isBlocked ?? false);
  }

  /**
   * Creates or resumes the context. Call it synchronously from a click: that is the gesture the browser asks for.
   *
   * @returns {Promise<AudioContext>} the context with its worklets; rejects with an AudioFailure
   */
  start() {
    // Whoever captures with it awaits it too, and gets its failure.
    this.#atDeviceRate?.start().catch(() => undefined);
    this.#ready ??= this.#create();
    const context = this.#context;
    if (context !== null && context.state !== "running") {
      // Without a gesture this promise stays pending, so it is not awaited; the state shows it.
      context.resume().catch(() => this.#checkBlocked(context));
      setTimeout(() => this.#checkBlocked(context), BLOCKED_AFTER_MS);
    }
    return this.#ready;
  }

  /**
   * Creates or resumes a second context, at the device's rate, beside the first; from now on every start does.
   *
   * @returns {Promise<AudioContext>} as of start()
   */
  startAtDeviceRate() {
    this.#atDeviceRate ??= this.#createAtDeviceRate();
    return this.#atDeviceRate.start();
  }

  /**
   * Plays on another loudspeaker, now and in every later context. Whether it can be used is known once there is a context.
   *
   * @param {string} deviceId
   */
  selectSpeaker(deviceId) {
    this.#speakerId = deviceId;
    if (this.#context !== null) void this.#useSpeaker(this.#context);
  }

  /** Closes the context; the next start makes a new one. */
  close() {
    const context = this.#context;
    this.#context = null;
    this.#ready = null;
    this.#setBlocked(false);
    this.#atDeviceRate?.close();
    // Closing a closed context is the only way this fails.
    context?.close().catch(() => undefined);
  }

  #createAtDeviceRate() {
    const engine = new AudioEngine({ workletSources: this.#workletSources, sampleRate: null });
    engine.onBlockedChange(() => this.#blockedListeners.emit());
    return engine;
  }

  #create() {
    const ready = this.#load();
    // Whoever awaits it gets the failure; the next start tries again from the beginning.
    ready.catch(() => {
      if (this.#ready === ready) this.close();
    });
    return ready;
  }

  async #load() {
    const context = newContext(this.#sampleRate);
    this.#context = context;
    context.addEventListener("statechange", () => this.#checkBlocked(context));
    await this.#useSpeaker(context);
    await Promise.all(this.#workletSources.map((source) => addModule(context, source)));
    return context;
  }

  /**
   * A loudspeaker that is gone is no reason to be silent: the usual one plays.
   *
   * @param {AudioContext} context
   */
  async #useSpeaker(context) {
    const deviceId = this.#speakerId;
    if (deviceId === null) return;
    try {
      await setSink(context, deviceId);
      this.#speakerUsedListeners.emit(deviceId);
    } catch (error) {
      if (context !== this.#context) return; // closed meanwhile
      if (this.#speakerId === deviceId) this.#speakerId = null;
      this.#speakerFailedListeners.emit(deviceId, error);
    }
  }

  /** @param {AudioContext} context */
  #checkBlocked(context) {
    if (context !== this.#context) return;
    this.#setBlocked(context.state !== "running");
  }

  /** @param {boolean} isBlocked */
  #setBlocked(isBlocked) {
    if (isBlocked === this.#isBlocked) return;
    this.#isBlocked = isBlocked;
    this.#blockedListeners.emit();
  }
}

/** @param {number | null} sampleRate null: the device's own */
function newContext(sampleRate) {
  if (!globalThis.isSecureContext) throw new AudioFailure("insecure_context", "this page is not a secure context");
  if (typeof AudioContext === "undefined" || typeof AudioWorkletNode === "undefined") {
    throw new AudioFailure("no_audio_worklet", "this browser has no AudioWorklet");
  }
  try {
    const context = new AudioContext({ latencyHint: "interactive", ...(sampleRate === null ? {} : { sampleRate }) });
    if (sampleRate === null || context.sampleRate === sampleRate) return context;
    context.close().catch(() => undefined);
    throw new AudioFailure("sample_rate", `asked for ${sampleRate} Hz, got ${context.sampleRate} Hz`);
  } catch (error) {
    if (error instanceof AudioFailure) throw error;
    throw new AudioFailure("sample_rate", describeError(error));
  }
}

/**
 * @param {AudioContext} context
 * @param {string} deviceId
 */
async function setSink(context, deviceId) {
  const { setSinkId } = /** @type {{setSinkId?: (id: string) => Promise<void>}} */ (/** @type {unknown} */ (context));
  if (setSinkId === undefined) throw new Error("this browser cannot choose the loudspeaker");
  // Chromium's name for the default device is the empty string.
  await setSinkId.call(context, deviceId === "default" ? "" : deviceId);
}

/**
 * Loads a worklet from its source, by Blob URL, or by data URL where a content security policy forbids blobs.
 *
 * @param {AudioContext} context
 * @param {string | URL} source
 */
async function addModule(context, source) {
  if (source instanceof URL) return addServedModule(context, source);
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } catch (blobError) {
    try {
      await context.audioWorklet.addModule(`data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`);
    } catch {
      throw new AudioFailure("no_audio_worklet", describeError(blobError));
    }
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * @param {AudioContext} context
 * @param {URL} address
 */
async function addServedModule(context, address) {
  try {
    await context.audioWorklet.addModule(address.href);
  } catch (error) {
    throw new AudioFailure("no_audio_worklet", describeError(error));
  }
}
