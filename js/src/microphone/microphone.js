import * as comm from "../messages/messages.js";
import { Capture, listDevices } from "./capture.js";
import { AudioFailure, describeError } from "../speaker/failures.js";
import { frameSamplesAt } from "../worklets/framing.js";
import { Devices } from "./devices.js";
import { Heartbeat } from "../session/heartbeat.js";
import { Uplink } from "./uplink.js";

/** @typedef {import("../speaker/engine.js").AudioEngine} AudioEngine */

/**
 * @typedef {object} MicrophoneListener
 * @property {(message: comm.UpMessage) => void} send
 * @property {() => void} onChange
 * @property {(rms: number) => void} onLevel
 * @property {() => void} onEnded the device went away
 * @property {() => void} onSilent the kernel does not answer; the microphone is released
 * @property {() => boolean} isSpeakerChosen the kernel has a loudspeaker chosen already
 */

/** The page's microphone as the kernel asks for it: opens, closes, sends what it hears, and is not left on for nobody. */
export class Microphone {
  #id;
  #listener;
  #capture;
  #uplink;
  #heartbeat;
  #devices;
  /** The newest request for it: what is older has been replayed. */
  #request = 0;
  /** @type {comm.OpenMic | null} as the kernel asked for it last */
  #wanted = null;
  /** The request for which the kernel was told that it is open. */
  #openedRequest = 0;
  /** Where the numbering of samples begins: not at 0 when it was released meanwhile, for the same request. */
  #firstPosition = 0;
  #pushed = { position: 0, ms: 0 };

  /**
   * @param {AudioEngine} engine
   * @param {string} id of this front end
   * @param {MicrophoneListener} listener
   */
  constructor(engine, id, listener) {
    this.#id = id;
    this.#listener = listener;
    this.#capture = new Capture(engine, {
      onOpened: (request, opened) => this.#reportOpened(request, opened),
      onAudio: (position, samples, rms) => this.#pushAudio(position, samples, rms),
      onNothing: () => listener.onLevel(0),
      onEnded: (request) => this.#reportEnded(request),
    });
    this.#uplink = new Uplink({
      send: (message) => listener.send(comm.audio(id, message, now())),
      now,
      onHoldChange: () => listener.onChange(),
    });
    this.#heartbeat = new Heartbeat({ now, onSilent: () => this.#releaseUnheard() });
    this.#devices = new Devices({
      list: listDevices,
      isCapturing: () => this.#capture.isOpen,
      onChange: (lists) => listener.send(comm.devices(id, lists)),
      onSpeaker: (speakerId) => listener.send(comm.chooseDevice(id, "speaker", speakerId)),
    });
  }

  get isOpen() {
    return this.#capture.isOpen;
  }

  /** True while the kernel does not acknowledge what is sent. */
  get isOnHold() {
    return this.#uplink.isOnHold;
  }

  /** True while the microphone is released because the kernel says nothing. */
  get isKernelSilent() {
    return this.#heartbeat.isSilent;
  }

  /** @param {boolean} isMuted */
  set isMuted(isMuted) {
    this.#capture.isMuted = isMuted;
    if (isMuted) this.#uplink.discard();
  }

  /**
   * @param {comm.OpenMic} message
   * @returns {boolean} false: the request is an old one
   */
  open(message) {
    if (message.request <= this.#request) return false;
    this.#request = message.request;
    this.#wanted = message;
    this.#heartbeat.watch();
    this.#listener.send(comm.micPrompting(this.#id, message.request, now()));
    this.#openCapture(message);
    return true;
  }

  /**
   * @param {comm.CloseMic} message
   * @returns {boolean} false: the request is an old one
   */
  close({ request }) {
    if (request < this.#request) return false;
    this.#request = request;
    this.#wanted = null;
    this.release();
    return true;
  }

  /** Lets the device go, whoever asked for it. */
  release() {
    this.#heartbeat.end();
    this.#capture.close();
    this.#uplink.close();
  }

  /** @param {comm.Ack} message */
  acknowledge({ request, seq, lagMs }) {
    this.#uplink.acknowledge(request, seq, lagMs);
  }

  /** The kernel said something, whatever it is. */
  hearKernel() {
    this.#heartbeat.hear();
  }

  /**
   * Opens the microphone again that was released because the kernel said nothing; it has not been told.
   *
   * @param {number} request what the kernel believes to be open
   */
  listenAgain(request) {
    if (request !== this.#request || !this.#heartbeat.isSilent || this.#wanted === null) return;
    this.#heartbeat.watch();
    this.#openCapture(this.#wanted);
  }

  /**
   * @param {import("./devices.js").DeviceKind} kind
   * @param {string} deviceId
   */
  remember(kind, deviceId) {
    this.#devices.remember(kind, deviceId);
  }

  /** Lets the device go and follows no devices, until it is asked for again. */
  leave() {
    this.release();
    this.#devices.rest();
  }

  /** @param {comm.OpenMic} message */
  #openCapture({ request, deviceId, constraints }) {
    this.#capture
      .open(this.#devices.prefer({ request, deviceId, constraints }))
      .catch((error) => {
        const { reason, message } = error instanceof AudioFailure ? error : new AudioFailure("error", describeError(error));
        this.#listener.send(comm.micFailed(this.#id, request, reason, message));
      })
      .finally(() => this.#listener.onChange());
    this.#listener.onChange();
  }

  /**
   * @param {number} request
   * @param {import("./capture.js").Opened} opened
   */
  #reportOpened(request, opened) {
    if (request === this.#openedRequest) {
      const missing = Math.round(((now() - this.#pushed.ms) * opened.sampleRate) / 1000);
      this.#firstPosition = this.#pushed.position + missing;
      this.#uplink.drop(missing);
      return;
    }
    this.#openedRequest = request;
    this.#firstPosition = 0;
    this.#pushed = { position: 0, ms: now() };
    this.#uplink.open(request, frameSamplesAt(opened.sampleRate));
    this.#listener.send(comm.micOpened(this.#id, { request, ...opened }));
    this.#devices.open(opened, this.#listener.isSpeakerChosen());
  }

  /**
   * @param {number} position
   * @param {Int16Array<ArrayBuffer>} samples
   * @param {number} rms
   */
  #pushAudio(position, samples, rms) {
    this.#listener.onLevel(rms);
    const first = this.#firstPosition + position;
    this.#pushed = { position: first + samples.length, ms: now() };
    this.#uplink.push(first, samples);
    this.#heartbeat.look();
  }

  /** @param {number} request */
  #reportEnded(request) {
    this.release();
    this.#listener.send(comm.micEnded(this.#id, request));
    this.#listener.onEnded();
  }

  /** The microphone is not left open for a kernel that may not exist any more. */
  #releaseUnheard() {
    console.warn("micdrop-widget: the kernel does not answer; the microphone is released");
    this.#capture.close();
    this.#uplink.drop(0);
    this.#listener.onSilent();
  }
}

/** Milliseconds on a clock that never goes back. */
function now() {
  return performance.timeOrigin + performance.now();
}
