/** What nothing came to go along with by then goes alone: the microphone is not listened to, or frames go in fours. */
const ALONG_MS = 100;

/** @typedef {import("../messages/messages.js").UpMessage} UpMessage */

/**
 * The way out of the page. Each message costs page, server and kernel the same, however small it is, and the microphone sends 16
 * to 31 a second: what can wait a moment goes along with one of them.
 */
export class Outbox {
  #send;
  #join;
  #now;
  /** @type {{tell: (waitedMs: number) => UpMessage, sinceMs: number}[]} */
  #waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isClosed = false;

  /**
   * @param {object} options
   * @param {(message: UpMessage) => void} options.send
   * @param {(messages: UpMessage[]) => UpMessage} options.join makes one message of several
   * @param {() => number} options.now milliseconds
   */
  constructor({ send, join, now }) {
    this.#send = send;
    this.#join = join;
    this.#now = now;
  }

  /**
   * Sends a message now, behind what waits.
   *
   * @param {UpMessage} message
   */
  send(message) {
    if (!this.#isClosed) this.#release(message);
  }

  /**
   * Sends what a function returns with the next message, within a tenth of a second.
   *
   * @param {(waitedMs: number) => UpMessage} tell
   */
  sendDeferred(tell) {
    if (this.#isClosed) return;
    this.#waiting.push({ tell, sinceMs: this.#now() });
    this.#timer ??= setTimeout(() => this.#release(), ALONG_MS);
  }

  /** From now on nothing is sent, what waits included. */
  close() {
    this.#isClosed = true;
    this.#takeWaiting();
  }

  /** @param {UpMessage[]} messages that go now */
  #release(...messages) {
    const waiting = this.#takeWaiting().map(({ tell, sinceMs }) => tell(this.#now() - sinceMs));
    const all = [...waiting, ...messages];
    const [only] = all;
    if (only !== undefined) this.#send(all.length === 1 ? only : this.#join(all));
  }

  #takeWaiting() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#waiting.splice(0);
  }
}
