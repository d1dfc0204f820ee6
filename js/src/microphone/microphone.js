import { AudioFailure, describeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import * as messages from "../messages/messages.js";
import { frameSamplesAt } from "../worklets/framing.js";
import { Capture, listDevices } from "./capture.js";
import { Devices } from "./devices.js";
import { Uplink } from "./uplink.js";

/** The page's microphone, opened and closed as the kernel asks: sends what is captured, and is released when the kernel is gone. */
export class Microphone {
  #pageId;
  #send;
  #now;
  #isSpeakerChosen;
  #watchdog;
  #capture;
  #uplink;
  #devices;
  /** The newest request: an older one that arrives was replayed. */
  #request = 0;
  /** @type {messages.OpenMic | null} the request that the kernel believes to be open or being opened */
  #wanted = null;
  /** The request that the kernel knows to be open. */
  #openedRequest = 0;
  /** Position of the first captured sample: not 0 when the microphone was released and opened again for the same request. */
  #firstPosition = 0;
  #pushed = { position: 0, ms: 0 };
  /** @type {Listeners<[]>} */
  #changeListeners = new Listeners();
  /** @type {Listeners<[rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[]>} */
  #kernelSilentListeners = new Listeners();

  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {import("../speaker/engine.js").AudioEngine} options.engine
   * @param {import("../session/watchdog.js").KernelWatchdog} options.watchdog
   * @param {(message: messages.UpMessage) => void} options.send
   * @param {() => boolean} options.isSpeakerChosen whether the kernel has a loudspeaker chosen already
   * @param {() => number} options.now milliseconds
   */
  constructor({ pageId, engine, watchdog, send, isSpeakerChosen, now }) {
    this.#pageId = pageId;
    this.#send = send;
    this.#now = now;
    this.#isSpeakerChosen = isSpeakerChosen;
    this.#watchdog = watchdog;
    watchdog.onSilent(() => this.#releaseForSilentKernel());
    this.#capture = new Capture(engine, {
      onOpened: (request, opened) => this.#reportOpened(request, opened),
      onAudio: (position, samples, rms) => this.#pushAudio(position, samples, rms),
      onNoAudio: () => this.#levelListeners.emit(0),
      onSilent: (request, isSilent) => send(messages.micSilent(pageId, request, isSilent)),
      onEnded: (request) => this.#reportEnded(request),
    });
    this.#uplink = new Uplink({
      send: (message) => send(messages.audio(pageId, message, now())),
      now,
      onChange: () => this.#changeListeners.emit(),
    });
    this.#devices = new Devices({
      list: listDevices,
      isCapturing: () => this.#capture.isOpen,
      onChange: (lists) => send(messages.devices(pageId, lists)),
      onSpeaker: (speakerId) => send(messages.chooseDevice(pageId, "speaker", speakerId)),
    });
  }

  /** Subscribes to changes of `isOpen`, `isOpening`, `isOnHold` and `isCompanding` that nobody asked for by a call of a method. */
  onChange = this.#changeListeners.add;

  /** Subscribes to the level of what is captured. */
  onLevel = this.#levelListeners.add;

  /** Subscribes to the kernel's falling silent, for which the microphone was released. */
  onKernelSilent = this.#kernelSilentListeners.add;

  get isOpen() {
    return this.#capture.isOpen;
  }

  /** True while it is being opened, also while the browser asks the user for permission. */
  get isOpening() {
    return this.#capture.isOpening;
  }

  /** True while the kernel does not acknowledge what is sent. */
  get isOnHold() {
    return this.#uplink.isOnHold;
  }

  /** True while the line to the kernel cannot carry more than telephone quality. */
  get isCompanding() {
    return this.#uplink.isCompanding;
  }

  /** True while the microphone is released because the kernel sends nothing. */
  get isKernelSilent() {
    return this.#watchdog.isSilent;
  }

  /** @param {boolean} isMuted */
  set isMuted(isMuted) {
    this.#capture.isMuted = isMuted;
    if (isMuted) this.#uplink.discard();
  }

  /**
   * @param {messages.OpenMic} message
   * @returns {boolean} false: the request is an old one
   */
  open(message) {
    if (message.request <= this.#request) return false;
    this.#request = message.request;
    this.#wanted = message;
    this.#watchdog.start();
    this.#send(messages.micPrompting(this.#pageId, message.request, this.#now()));
    this.#openCapture(message);
    return true;
  }

  /** @param {messages.CloseMic} message ignored when its request is an old one */
  close({ request }) {
    if (request < this.#request) return;
    this.#request = request;
    this.release();
    this.#changeListeners.emit();
  }

  /** Releases the device, or gives up its opening; the kernel has asked for that, or learns it by another message. */
  release() {
    this.#wanted = null;
    this.releaseForLostKernel();
  }

  /** Releases the device, or gives up its opening, without a report to a kernel out of reach: `confirm` opens it again. */
  releaseForLostKernel() {
    this.#watchdog.stop();
    this.#capture.close();
    this.#uplink.close();
  }

  /** @param {messages.Ack} ack */
  acknowledge(ack) {
    this.#uplink.acknowledge(ack);
  }

  /** The kernel has sent something, whatever it is. */
  noteKernelMessage() {
    this.#watchdog.reset();
  }

  /**
   * Reopens a microphone that was released because the kernel was silent or out of reach: it does not know of the release.
   *
   * @param {number} request that the kernel believes to be open or being opened
   */
  confirm(request) {
    if (request !== this.#request || this.#wanted === null || this.isOpen || this.isOpening) return;
    this.#watchdog.start();
    this.#openCapture(this.#wanted);
  }

  /**
   * @param {import("./devices.js").DeviceKind} kind
   * @param {string} deviceId
   */
  rememberDevice(kind, deviceId) {
    this.#devices.remember(kind, deviceId);
  }

  /** Ends following what is plugged in, until the microphone is open again. */
  unfollowDevices() {
    this.#devices.unfollow();
  }

  /** @param {messages.OpenMic} message */
  #openCapture({ request, deviceId, constraints }) {
    this.#capture
      .open(this.#devices.prefer({ request, deviceId, constraints }))
      .catch((error) => {
        const { reason, message } = error instanceof AudioFailure ? error : new AudioFailure("error", describeError(error));
        if (request === this.#request) this.#wanted = null;
        this.#send(messages.micFailed(this.#pageId, request, reason, message));
      })
      .finally(() => this.#changeListeners.emit());
    this.#changeListeners.emit();
  }

  /**
   * @param {number} request
   * @param {import("./capture.js").Opened} opened
   */
  #reportOpened(request, opened) {
    if (request === this.#openedRequest) {
      const missing = Math.round(((this.#now() - this.#pushed.ms) * opened.sampleRate) / 1000);
      this.#firstPosition = this.#pushed.position + missing;
      this.#uplink.drop(missing);
      return;
    }
    this.#openedRequest = request;
    this.#firstPosition = 0;
    this.#pushed = { position: 0, ms: this.#now() };
    this.#uplink.open(request, frameSamplesAt(opened.sampleRate));
    this.#send(messages.micOpened(this.#pageId, { request, ...opened }));
    this.#devices.open(opened, this.#isSpeakerChosen());
  }

  /**
   * @param {number} position
   * @param {Int16Array<ArrayBuffer>} samples
   * @param {number} rms
   */
  #pushAudio(position, samples, rms) {
    this.#levelListeners.emit(rms);
    const first = this.#firstPosition + position;
    this.#pushed = { position: first + samples.length, ms: this.#now() };
    this.#uplink.push(first, samples);
    this.#watchdog.check();
  }

  /** @param {number} request */
  #reportEnded(request) {
    this.release();
    this.#send(messages.micEnded(this.#pageId, request));
    this.#changeListeners.emit();
  }

  /** The microphone is not left open for a kernel that may not exist any more. */
  #releaseForSilentKernel() {
    console.warn("micdrop-widget: the kernel does not answer; the microphone is released");
    this.#capture.close();
    this.#uplink.drop(0);
    this.#kernelSilentListeners.emit();
  }
}
