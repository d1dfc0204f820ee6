import { Listeners } from "../listeners.js";
import * as messages from "../messages/messages.js";

/** @typedef {import("../messages/messages.js").CommandName} CommandName */

/** What the user asks for in this page: pending at once, and sent to the kernel. */
export class Commands {
  #pageId;
  #host;
  #outbox;
  #audio;
  #microphone;
  #pendingRequests;
  /** @type {Listeners<[name: CommandName]>} */
  #pendingListeners = new Listeners();

  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {import("../host/host.js").Host} options.host
   * @param {import("./outbox.js").Outbox} options.outbox
   * @param {import("./page-audio.js").PageAudio} options.audio
   * @param {import("../microphone/microphone.js").Microphone} options.microphone
   * @param {import("./pending-requests.js").PendingRequests} options.pendingRequests
   */
  constructor({ pageId, host, outbox, audio, microphone, pendingRequests }) {
    this.#pageId = pageId;
    this.#host = host;
    this.#outbox = outbox;
    this.#audio = audio;
    this.#microphone = microphone;
    this.#pendingRequests = pendingRequests;
  }

  /** Subscribes to commands that are pending, and about to be sent. */
  onPending = this.#pendingListeners.add;

  /** Starts the call. Call it synchronously from a click. */
  start() {
    this.#audio.resume();
    this.send("start"); // first: creating an audio context blocks the page for a while
    this.#audio.start();
  }

  /** Uses this page's microphone and loudspeaker for a call whose owner is another page or gone. Call it synchronously from a click. */
  takeOver() {
    this.#audio.resume();
    this.send("take_over");
    this.#audio.start();
  }

  /** Releases the microphone and silences the loudspeaker at once, whenever the kernel gets the command. */
  stop() {
    this.#audio.hold();
    this.send("stop");
  }

  /** Asks for a page that the kernel serves, which can have a microphone. */
  openPage() {
    this.send("open_page");
  }

  /** Lets a suspended audio context run. Call it synchronously from a click. */
  allowAudio() {
    this.#audio.allow();
  }

  /** @param {CommandName} name */
  send(name) {
    this.#pendingRequests.add(name);
    this.#pendingListeners.emit(name);
    this.#outbox.send(messages.command(this.#pageId, name));
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
}
