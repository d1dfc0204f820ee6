/** A deferred message goes alone after this time, when no other has carried it: the microphone is muted, or frames go in fours. */
const MAX_DELAY_MS = 100;

/** @typedef {import("../messages/messages.js").UpMessage} UpMessage */

/**
 * Sends all messages of the page. Each costs page, server and kernel the same, however small it is, and the microphone sends 16 to
 * 31 a second: a deferred message travels in one bundle with the next of them.
 */
export class Outbox {
  #send;
  #bundle;
  #now;
  /** @type {{build: (delayMs: number) => UpMessage, sinceMs: number}[]} */
  #deferred = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isClosed = false;

  /**
   * @param {object} options
   * @param {(message: UpMessage) => void} options.send
   * @param {(messages: UpMessage[]) => UpMessage} options.bundle makes one message of several
   * @param {() => number} options.now milliseconds
   */
  constructor({ send, bundle, now }) {
    this.#send = send;
    this.#bundle = bundle;
    this.#now = now;
  }

  /**
   * Sends a message now, behind the deferred ones.
   *
   * @param {UpMessage} message
   */
  send(message) {
    if (!this.#isClosed) this.#flush(message);
  }

  /**
   * Sends a message with the next one, within a tenth of a second.
   *
   * @param {(delayMs: number) => UpMessage} build makes the message when it goes, given how long it was deferred
   */
  sendDeferred(build) {
    if (this.#isClosed) return;
    this.#deferred.push({ build, sinceMs: this.#now() });
    this.#timer ??= setTimeout(() => this.#flush(), MAX_DELAY_MS);
  }

  /** Sends nothing from now on, the deferred messages included. */
  close() {
    this.#isClosed = true;
    this.#clearDeferred();
  }

  /** @param {UpMessage[]} messages to send now, behind the deferred ones */
  #flush(...messages) {
    const deferred = this.#clearDeferred().map(({ build, sinceMs }) => build(this.#now() - sinceMs));
    const all = [...deferred, ...messages];
    const [only] = all;
    if (only !== undefined) this.#send(all.length === 1 ? only : this.#bundle(all));
  }

  #clearDeferred() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#deferred.splice(0);
  }
}
