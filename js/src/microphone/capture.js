import { AudioFailure, describeError } from "../errors.js";
import { isThisVsCode, microphoneFailure } from "./failures.js";
import { MuteWatch } from "./mute-watch.js";

/** @typedef {import("../speaker/engine.js").AudioEngine} AudioEngine */
/** @typedef {import("../messages/messages.js").Device} Device */

/**
 * @typedef {object} CaptureRequest
 * @property {number} request the kernel's number for this opening
 * @property {string | null} deviceId the only device that will do; null leaves the choice open
 * @property {string | null} [preferredId] then the device to use if it is there
 * @property {Record<string, unknown>} constraints the processing that the browser is asked for
 *
 * @typedef {object} Opened
 * @property {string} label
 * @property {number} sampleRate of the frames; the device's own where the browser does not capture at 16 kHz
 * @property {MediaTrackSettings} settings what was really applied
 * @property {Device[]} microphones
 * @property {Device[]} speakers
 *
 * @typedef {object} CaptureListener
 * @property {(request: number, opened: Opened) => void} onOpened always before the first audio
 * @property {(position: number, samples: Int16Array<ArrayBuffer>, rms: number) => void} onAudio one frame, or two
 * @property {() => void} onNoAudio the microphone is muted or closed: no audio follows
 * @property {(request: number, isSilent: boolean) => void} onSilent its track has been muted for a while, or no longer is
 * @property {(request: number) => void} onEnded the device went away; the microphone is closed
 */

/** The microphone: at most one live track, ever. */
export class Capture {
  #engine;
  #listener;
  #isMuted = false;
  /** @type {OpenMicrophone | null} */
  #microphone = null;
  /** @type {CaptureRequest | null} the request that is open or being opened; an opening that finds another one here gives up */
  #current = null;
  /** The browser has refused to capture into a context at 16 kHz, and would again. */
  #isRateRefused = false;

  /**
   * @param {AudioEngine} engine
   * @param {CaptureListener} listener
   */
  constructor(engine, listener) {
    this.#engine = engine;
    this.#listener = listener;
  }

  get isOpen() {
    return this.#microphone !== null;
  }

  /** True while it is being opened, also while the browser asks the user for permission. */
  get isOpening() {
    return this.#current !== null && this.#microphone === null;
  }

  get isMuted() {
    return this.#isMuted;
  }

  set isMuted(isMuted) {
    if (isMuted === this.#isMuted) return;
    this.#isMuted = isMuted;
    if (this.#microphone !== null) this.#microphone.isMuted = isMuted;
    if (isMuted) this.#listener.onNoAudio();
  }

  /**
   * Opens the microphone; releases one that another request opened. Returns without effect when it is closed or superseded meanwhile.
   *
   * @param {CaptureRequest} wanted
   * @throws {AudioFailure}
   */
  async open(wanted) {
    if (wanted.request === this.#current?.request) return;
    this.close();
    this.#current = wanted;
    try {
      // The graph comes first, so that no sample of the microphone is lost while it loads.
      const context = await this.#context();
      if (wanted !== this.#current) return;
      const stream = await requestStream(wanted);
      if (wanted !== this.#current) return stopTracks(stream);
      this.#resumeContexts();
      const microphone = await this.#connect(context, stream);
      if (wanted !== this.#current) return microphone.release();
      this.#microphone = microphone;
      microphone.isMuted = this.#isMuted;
      microphone.onEnd = () => this.#end(wanted.request);
      const devices = await listDevices();
      if (this.#microphone !== microphone) return;
      const { label, sampleRate } = microphone;
      // A browser that does not report its echo cancellation is taken to do what it was asked.
      const settings = { echoCancellation: wanted.constraints.echoCancellation !== false, ...microphone.settings };
      this.#listener.onOpened(wanted.request, { label, sampleRate, settings, ...devices });
      microphone.onSilent = (isSilent) => this.#listener.onSilent(wanted.request, isSilent);
      // The frames captured so far waited in the port.
      microphone.listen(this.#listener);
    } catch (error) {
      if (wanted !== this.#current) return;
      this.close();
      throw microphoneFailure(error, {
        isAllowedByPolicy: isMicrophoneAllowedByPolicy(),
        isVsCode: isThisVsCode(),
      });
    }
  }

  /** Stops the track and the worklet; also an opening that is under way. */
  close() {
    this.#current = null;
    const microphone = this.#microphone;
    this.#microphone = null;
    if (microphone === null) return;
    microphone.release();
    this.#listener.onNoAudio();
  }

  /** @param {number} request */
  #end(request) {
    this.close();
    this.#listener.onEnded(request);
  }

  async #context() {
    if (!globalThis.isSecureContext || navigator.mediaDevices === undefined) {
      throw new AudioFailure("insecure_context", `this page is ${location.origin}`);
    }
    const context = await this.#engine.start();
    return this.#isRateRefused ? this.#engine.startAtDeviceRate() : context;
  }

  /** Resumes contexts that waited for a click: a page that has the microphone may run them without one. */
  #resumeContexts() {
    // The contexts exist already: this cannot fail anew.
    this.#engine.start().catch(() => undefined);
  }

  /**
   * Firefox before 153 refuses a track whose rate is not the context's: then it is captured at the device's rate.
   *
   * @param {AudioContext} context
   * @param {MediaStream} stream stopped if it cannot be captured
   */
  async #connect(context, stream) {
    try {
      try {
        return connectMicrophone(context, stream);
      } catch (error) {
        if (!isRateRefusal(error) || this.#isRateRefused) throw error;
        this.#isRateRefused = true;
        return connectMicrophone(await this.#context(), stream);
      }
    } catch (error) {
      stopTracks(stream);
      throw isRateRefusal(error) ? new AudioFailure("sample_rate", describeError(error)) : error;
    }
  }
}

/** One live track with its part of the audio graph. */
class OpenMicrophone {
  #stream;
  #source;
  #node;
  #track;
  #isMuted = true;
  /** @type {MuteWatch | null} */
  #muteWatch = null;

  /**
   * @param {MediaStream} stream
   * @param {MediaStreamAudioSourceNode} source
   * @param {AudioWorkletNode} node
   * @param {MediaStreamTrack} track
   */
  constructor(stream, source, node, track) {
    this.#stream = stream;
    this.#source = source;
    this.#node = node;
    this.#track = track;
  }

  get label() {
    return this.#track.label;
  }

  get sampleRate() {
    return this.#source.context.sampleRate;
  }

  get settings() {
    return this.#track.getSettings();
  }

  /** @param {boolean} isMuted */
  set isMuted(isMuted) {
    this.#isMuted = isMuted;
    this.#node.port.postMessage({ type: "mute", isMuted });
  }

  /** @param {() => void} onEnd the device went away or the audio thread failed */
  set onEnd(onEnd) {
    this.#node.onprocessorerror = onEnd;
    // Only the browser ends a track this way: MediaStreamTrack.stop() fires no event.
    this.#track.onended = onEnd;
  }

  /** @param {(isSilent: boolean) => void} onSilent the device or the browser mutes the track, which the page did not ask for */
  set onSilent(onSilent) {
    this.#muteWatch = new MuteWatch(this.#track, onSilent);
  }

  /** @param {CaptureListener} listener */
  listen(listener) {
    this.#node.port.onmessage = ({ data }) => {
      // Audio that was posted before the audio thread got the mute goes no further.
      if (this.#isMuted) return;
      listener.onAudio(data.position, data.samples, data.rms);
    };
  }

  release() {
    this.#muteWatch?.stop();
    this.#track.onended = null;
    this.#node.onprocessorerror = null;
    this.#node.port.onmessage = null;
    stopTracks(this.#stream);
    this.#source.disconnect();
    this.#node.port.postMessage({ type: "end" });
    this.#node.disconnect();
  }
}

/**
 * Connects track and worklet in one turn of the event loop, so that the worklet gets the first quantum.
 *
 * @param {AudioContext} context
 * @param {MediaStream} stream
 */
function connectMicrophone(context, stream) {
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new AudioFailure("no_device", "the stream has no audio track");
  // First, because this is what a browser may refuse.
  const source = context.createMediaStreamSource(stream);
  // Mono by construction, and connected to the (silent) output: some browsers do not run a node that leads nowhere.
  const node = new AudioWorkletNode(context, "micdrop-capture", {
    channelCount: 1,
    channelCountMode: "explicit",
    outputChannelCount: [1],
  });
  source.connect(node);
  node.connect(context.destination);
  return new OpenMicrophone(stream, source, node, track);
}

/** @param {unknown} error */
function isRateRefusal(error) {
  return error instanceof DOMException && error.name === "NotSupportedError";
}

/** @param {CaptureRequest} wanted */
async function requestStream({ deviceId, preferredId = null, constraints }) {
  const id = deviceId ?? preferredId;
  const device = id === null ? {} : { deviceId: { exact: id } };
  const audio = { channelCount: 1, ...constraints };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...audio, ...device } });
  } catch (error) {
    // Not every browser honours an ideal device, so the one preferred is asked for by its id first.
    const isGone = ["OverconstrainedError", "NotFoundError"].includes(/** @type {Error} */ (error).name);
    if (deviceId !== null || preferredId === null || !isGone) throw error;
    return navigator.mediaDevices.getUserMedia({ audio });
  }
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @returns {Promise<{microphones: Device[], speakers: Device[]}>} */
export async function listDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  /** @param {MediaDeviceKind} kind */
  const ofKind = (kind) =>
    devices.filter((device) => device.kind === kind).map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphones: ofKind("audioinput"), speakers: ofKind("audiooutput") };
}

/** Chromium knows whether the frame may ask for a microphone at all; elsewhere it is assumed that it may. */
function isMicrophoneAllowedByPolicy() {
  const { featurePolicy } = /** @type {{featurePolicy?: {allowsFeature(name: string): boolean}}} */ (
    /** @type {unknown} */ (document)
  );
  return featurePolicy?.allowsFeature("microphone") ?? true;
}
