/** All in samples at 16 kHz. */
const UNKNOWN_DELAY = 1024; // 64 ms: a line of which nothing is known may be 60 ms late
const MAX_DELAY = 3200; // 200 ms
const QUANTUM = 128; // 8 ms, the resolution of time here
const LATE_DELAY = delayFor(UNKNOWN_DELAY); // 88 ms
const SMALL_CHUNK = 800; // 50 ms
const PAUSE = 1600; // 100 ms: what is later is the server's own pause
const AHEAD = 3840; // 240 ms, more than an answer waits: with such a reserve the server is ahead of time

const STRETCH = 32000; // 2 s
const REMEMBERED_STRETCHES = 8;
const ENOUGH_CHUNKS = 16; // fewer say little of the next

/**
 * Decides how long an answer waits in the jitter buffer before it is played; pure.
 *
 * The reserve is what the buffer holds when the next chunk comes. While a server paces its answer, only the line changes it: the reserve
 * falls by how much later one chunk comes than one before it. So the deepest fall is the delay that is needed: the next answers wait
 * two fifths more, and a quantum at least. The deepest of the latest eight stretches counts, for what stalls a line or a machine comes
 * again, and seldom. At the end of a stretch the delay rises to what is needed, or falls, to half at most. A gap of g, in an answer that
 * has waited D, says that D + g was needed, and that the line is not what it was: the delay rises at once, to 88 ms at least, and stays
 * there until enough chunks were read. Where the server is ahead of time, or pauses, the reserve says nothing of the line, and is not
 * read.
 *
 * Chunks of less than 50 ms have a delay of their own: carriers hold small messages back for others, and hardly ever large ones.
 */
export class StartDelay {
  #small = new Learned();
  #large = new Learned();
  #learned = this.#large;
  #used = 0;
  /** The largest reserve that a fall is measured from; Infinity before the first one of a server that was ahead of time. */
  #peak = 0;

  /** How long the answer that plays has waited, gaps included. */
  get used() {
    return this.#used;
  }

  /**
   * Notes that an answer begins, or goes on after a pause.
   *
   * @param {number} chunkSamples of its first chunk
   * @returns {number} how long it is to wait
   */
  begin(chunkSamples) {
    this.#learned = chunkSamples < SMALL_CHUNK ? this.#small : this.#large;
    this.#used = 0;
    return this.#learned.delay;
  }

  /**
   * Notes that an answer that ran dry goes on.
   *
   * @param {number} gap for how long it was dry
   * @param {number} chunkSamples of the chunk that arrives now
   * @returns {number} how long it is to wait
   */
  resume(gap, chunkSamples) {
    if (gap >= PAUSE) return this.begin(chunkSamples);
    this.#used += gap;
    this.#learned.noteGap(this.#used);
    return Math.max(0, this.#learned.delay - this.#used);
  }

  /**
   * Notes that playing starts.
   *
   * @param {number} waited since it could have begun, by the chunk that came earliest for its place in the answer
   */
  start(waited) {
    this.#used += waited;
    this.#peak = this.#used;
  }

  /**
   * Notes a chunk that arrives while the answer plays.
   *
   * @param {number} reserve the buffered samples before it
   * @param {number} elapsed since the chunk before it
   */
  noteChunk(reserve, elapsed) {
    const fall = this.#peak - reserve;
    const isAhead = reserve >= AHEAD;
    const isRead = !isAhead && fall < PAUSE;
    this.#peak = isAhead ? Infinity : isRead ? Math.max(this.#peak, reserve) : reserve;
    this.#learned.noteChunk(isRead ? fall : null, elapsed);
  }
}

/** The delay that chunks of one kind need. */
class Learned {
  delay = UNKNOWN_DELAY;
  /** The deepest fall of each of the latest stretches, what gaps have shown among them; last that of the stretch that goes on. */
  #falls = [0];
  #length = 0;
  /** Chunks whose fall was read since the latest gap. */
  #chunks = 0;

  /**
   * @param {number | null} fall null where it could not be read
   * @param {number} elapsed
   */
  noteChunk(fall, elapsed) {
    if (fall !== null) {
      this.#falls.push(Math.max(fall, this.#falls.pop() ?? 0));
      this.#chunks++;
    }
    this.#length += elapsed;
    if (this.#length < STRETCH) return;
    const least = this.#chunks < ENOUGH_CHUNKS ? Math.min(this.delay, LATE_DELAY) : 0;
    this.delay = Math.max(delayFor(Math.max(...this.#falls)), this.delay / 2, least);
    this.#beginStretch();
  }

  /** @param {number} needed */
  noteGap(needed) {
    this.delay = Math.max(delayFor(needed), LATE_DELAY, this.delay);
    this.#chunks = 0;
    this.#falls.push(needed);
    this.#beginStretch();
  }

  #beginStretch() {
    this.#falls = [...this.#falls.slice(1 - REMEMBERED_STRETCHES), 0];
    this.#length = 0;
  }
}

/**
 * Two fifths more than was needed, and a quantum at least. Waiting is counted in whole quanta, which adds some: that is taken off.
 *
 * @param {number} needed
 */
function delayFor(needed) {
  return Math.min(MAX_DELAY, Math.max(needed + QUANTUM, 1.4 * needed - QUANTUM / 5));
}
