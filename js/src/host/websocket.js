import { Listeners } from "../listeners.js";
import { readState } from "../messages/messages.js";
import { decodeFrame, encodeFrame } from "./frames.js";

/** @typedef {import("./host.js").Host} Host */
/** @typedef {import("./host.js").LostReason} LostReason */
/** @typedef {import("../session/state.js").CallTraits} CallTraits */

/**
 * Close codes that end the connection for good; `page/server.py` has the same. After any other, the page may connect again.
 *
 * @type {Record<number, LostReason>}
 */
const REASONS = { 4000: "closed", 4401: "refused", 4409: "moved" };

/** The connection has ended before the page was admitted. */
export class NotAdmitted extends Error {
  /** @param {LostReason} reason */
  constructor(reason) {
    super(`the connection was not admitted: ${reason}`);
    this.reason = reason;
  }
}

/**
 * Connects to the process that has served this page: sends the token, and receives the kernel's state as the answer.
 *
 * @param {string} address of the WebSocket
 * @param {string} token
 * @param {(address: string) => WebSocket} [open]
 * @returns {Promise<WebSocketHost>} rejects with a NotAdmitted
 */
export function connect(address, token, open = (url) => new WebSocket(url)) {
  return new Promise((resolve, reject) => {
    const socket = open(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ type: "enter", token }));
    socket.onclose = ({ code }) => reject(new NotAdmitted(REASONS[code] ?? "unreachable"));
    socket.onmessage = ({ data }) => {
      try {
        resolve(new WebSocketHost(socket, readState(decodeFrame(data).content)));
      } catch {
        reject(new NotAdmitted("refused")); // a process of another version
        socket.close();
      }
    };
  });
}

/**
 * A WebSocket as the host of a page's session: the kernel's state is in messages of the type `state`.
 *
 * @implements {Host}
 */
export class WebSocketHost {
  #socket;
  /** @type {CallTraits} */
  #state;
  /** @type {LostReason | null} */
  #lostReason = null;
  /** @type {Listeners<[]>} */
  #stateListeners = new Listeners();
  /** @type {Listeners<[content: unknown, buffers: DataView[]]>} */
  #messageListeners = new Listeners();
  /** @type {Listeners<[cause: unknown]>} */
  #lostListeners = new Listeners();

  /**
   * @param {WebSocket} socket that is open, and admitted
   * @param {CallTraits} state
   */
  constructor(socket, state) {
    this.#socket = socket;
    this.#state = state;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.#lose(REASONS[code] ?? "unreachable");
  }

  place = /** @type {const} */ ("page");
  isSaved = false;
  hostName = null;
  offersPage = false;

  get state() {
    return this.#state;
  }

  get lostReason() {
    return this.#lostReason;
  }

  onState = this.#stateListeners.add;
  onMessage = this.#messageListeners.add;
  onLost = this.#lostListeners.add;

  /**
   * @param {Record<string, unknown>} content
   * @param {ArrayBuffer[]} buffers
   */
  send(content, buffers) {
    // A socket that is closing reports the reason to `onclose`.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodeFrame(content, buffers));
  }

  dispose() {
    this.#stateListeners.clear();
    this.#messageListeners.clear();
    this.#lostListeners.clear();
    this.#socket.close();
  }

  /** @param {string | ArrayBuffer} frame */
  #receive(frame) {
    const { content, buffers } = decodeFrame(frame);
    if (/** @type {any} */ (content)?.type !== "state") return this.#messageListeners.emit(content, buffers);
    this.#state = readState(content);
    this.#stateListeners.emit();
  }

  /** @param {LostReason} reason */
  #lose(reason) {
    this.#lostReason = reason;
    this.#lostListeners.emit(reason);
  }
}
