import { FRAME_SAMPLES } from "../worklets/framing.js";

/** A message that is not acknowledged for this long shows that the kernel is busy: the call is on hold. */
export const HOLD_AFTER_MS = 2000;

/** How many of the newest frames are kept on hold: an utterance during which the kernel returns is whole, or nearly. */
const KEPT_FRAMES = 16;

/** Frames in one message, at least: more when all messages arrive late, since each message costs a busy kernel the same. */
const BATCHES = [1, 2, 4];

export const LATE_MS = 60;
/** A cell in a Python loop lets most messages come later than 25 ms at times, and hardly any later than this. */
const PROMPT_MS = 40;
const PROMPT_FOR_MS = 2000;

/**
 * Where even the promptest message of two acknowledgements is so late, the line cannot carry them all: its queue does not end. A kernel that
 * stalls has a queue too, and empties it between two stalls.
 */
const OVERLOADED_MS = 250;
const OVERLOADED_FOR_MS = 150;

/** How long a line has to be prompt before whole samples are tried again; each time that is too much for it, twice as long. */
const RETRY_AFTER_MS = 10_000;
const MAX_RETRY_AFTER_MS = 160_000;

/**
 * @typedef {object} Piece one frame, or two of a quiet line
 * @property {number} position of the first sample since the microphone was opened, muted stretches included
 * @property {Int16Array<ArrayBuffer>} samples
 *
 * @typedef {object} AudioMessage
 * @property {number} request
 * @property {number} seq
 * @property {number} position
 * @property {number} dropped samples thrown away since the microphone was opened
 * @property {boolean} isCompanded the line carries 8 bits a sample only
 * @property {Int16Array<ArrayBuffer>} samples
 */

/**
 * Sends what the microphone captures: numbers the messages, notices when they are not acknowledged any more, and then keeps a
 * bounded amount of audio. On a line that cannot carry 16 bits a sample it sends 8. Pure but for the clock it is given, which it reads when a frame or an acknowledgement arrives.
 */
export class Uplink {
  #send;
  #now;
  #onChange;
  /** @type {number | null} */
  #request = null;
  #seq = 0;
  #dropped = 0;
  #frameSamples = FRAME_SAMPLES;
  /** @type {Piece[]} not sent yet */
  #pieces = [];
  /** @type {{seq: number, sentMs: number}[]} */
  #unacknowledged = [];
  #isOnHold = false;
  #batch = 0;
  #promptSince = Infinity;
  #isCompanding = false;
  /** Since when messages are very late, while whole samples are sent; prompt, while companded ones are. */
  #overloadedSince = Infinity;
  #easySince = Infinity;
  #retryAfterMs = RETRY_AFTER_MS;

  /**
   * @param {object} options
   * @param {(message: AudioMessage) => void} options.send
   * @param {() => number} options.now milliseconds
   * @param {() => void} options.onChange called when `isOnHold` or `isCompanding` has changed
   */
  constructor({ send, now, onChange }) {
    this.#send = send;
    this.#now = now;
    this.#onChange = onChange;
  }

  /** True while the line cannot carry more than 8 bits a sample. */
  get isCompanding() {
    return this.#isCompanding;
  }

  get isOnHold() {
    return this.#isOnHold;
  }

  /**
   * @param {number} request the kernel's number of the microphone that is open now
   * @param {number} frameSamples at its rate
   */
  open(request, frameSamples) {
    this.close();
    this.#request = request;
    this.#frameSamples = frameSamples;
  }

  /** Forgets everything: the microphone is closed. */
  close() {
    this.#request = null;
    this.#seq = 0;
    this.#dropped = 0;
    this.#pieces = [];
    this.#unacknowledged = [];
    this.#batch = 0;
    this.#promptSince = Infinity;
    this.#retryAfterMs = RETRY_AFTER_MS;
    this.#compand(false);
    this.#hold(false);
  }

  /** Discards what was not sent: the microphone is muted. */
  discard() {
    this.#pieces = [];
  }

  /**
   * Discards what was not sent, and counts it as dropped.
   *
   * @param {number} missing samples after it that were not captured at all
   */
  drop(missing) {
    this.#dropped += count(this.#pieces) + missing;
    this.#pieces = [];
  }

  /**
   * @param {number} position
   * @param {Int16Array<ArrayBuffer>} samples kept, not copied
   */
  push(position, samples) {
    if (this.#request === null) return;
    this.#pieces.push({ position, samples });
    this.#hold(this.#isOverdue());
    if (this.#isOnHold) this.#dropOldest();
    else if (this.#waitingFrames >= this.#batchFrames) this.#sendPieces();
  }

  /**
   * @param {object} ack
   * @param {number} ack.request
   * @param {number} ack.seq of the newest message up to which all have arrived
   * @param {number} ack.leastLagMs how late the promptest was of those that came since the acknowledgement before it
   * @param {number} ack.lagMs how late the worst of them was
   */
  acknowledge({ request, seq, leastLagMs, lagMs }) {
    if (request !== this.#request) return;
    while (this.#unacknowledged[0] !== undefined && this.#unacknowledged[0].seq <= seq) this.#unacknowledged.shift();
    this.#adapt(leastLagMs, lagMs);
    if (!this.#isOnHold || this.#isOverdue()) return;
    this.#hold(false);
    this.#sendPieces();
  }

  get #batchFrames() {
    return /** @type {number} */ (BATCHES[this.#batch]);
  }

  get #waitingFrames() {
    return count(this.#pieces) / this.#frameSamples;
  }

  #isOverdue() {
    const oldest = this.#unacknowledged[0];
    return oldest !== undefined && this.#now() - oldest.sentMs > HOLD_AFTER_MS;
  }

  /** @param {boolean} isOnHold */
  #hold(isOnHold) {
    if (isOnHold === this.#isOnHold) return;
    this.#isOnHold = isOnHold;
    this.#onChange();
  }

  /** @param {boolean} isCompanding */
  #compand(isCompanding) {
    this.#overloadedSince = Infinity;
    this.#easySince = Infinity;
    if (isCompanding === this.#isCompanding) return;
    this.#isCompanding = isCompanding;
    // What a message brings beside its samples is as much as 20 ms of them.
    if (isCompanding) this.#batch = BATCHES.length - 1;
    this.#onChange();
  }

  #dropOldest() {
    while (this.#waitingFrames > KEPT_FRAMES) this.#dropped += this.#pieces.shift()?.samples.length ?? 0;
  }

  #sendPieces() {
    const [first] = this.#pieces;
    if (this.#request === null || first === undefined) return;
    const message = { request: this.#request, seq: this.#seq++, position: first.position, dropped: this.#dropped, isCompanded: this.#isCompanding };
    this.#unacknowledged.push({ seq: message.seq, sentMs: this.#now() });
    this.#send({ ...message, samples: join(this.#pieces) });
    this.#pieces = [];
  }

  /**
   * Makes messages larger as soon as even the promptest arrives late, and smaller when all have arrived promptly for a while.
   * A kernel that stalls now and then empties its queue by itself; in larger messages most frames would be later than by the stall.
   *
   * @param {number} leastLagMs
   * @param {number} lagMs
   */
  #adapt(leastLagMs, lagMs) {
    const now = this.#now();
    this.#adaptCoding(leastLagMs, now);
    if (lagMs > PROMPT_MS) this.#promptSince = now;
    if (leastLagMs > LATE_MS) this.#batch = Math.min(this.#batch + 1, BATCHES.length - 1);
    else if (this.#promptSince === Infinity) this.#promptSince = now;
    else if (now - this.#promptSince > PROMPT_FOR_MS && !this.#isCompanding) {
      this.#batch = Math.max(this.#batch - 1, 0);
      this.#promptSince = now;
    }
  }

  /**
   * @param {number} leastLagMs
   * @param {number} now
   */
  #adaptCoding(leastLagMs, now) {
    if (leastLagMs <= OVERLOADED_MS) this.#overloadedSince = Infinity;
    else this.#overloadedSince = Math.min(this.#overloadedSince, now);
    if (leastLagMs > LATE_MS) this.#easySince = Infinity;
    else this.#easySince = Math.min(this.#easySince, now);
    if (!this.#isCompanding && now - this.#overloadedSince >= OVERLOADED_FOR_MS) this.#compand(true);
    else if (this.#isCompanding && now - this.#easySince >= this.#retryAfterMs) {
      this.#retryAfterMs = Math.min(2 * this.#retryAfterMs, MAX_RETRY_AFTER_MS);
      this.#compand(false);
    }
  }
}

/** @param {Piece[]} pieces */
function count(pieces) {
  return pieces.reduce((sum, { samples }) => sum + samples.length, 0);
}

/** @param {Piece[]} pieces */
function join(pieces) {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only.samples;
  const joined = new Int16Array(count(pieces));
  let offset = 0;
  for (const { samples } of pieces) {
    joined.set(samples, offset);
    offset += samples.length;
  }
  return joined;
}
