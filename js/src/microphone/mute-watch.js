/** Milliseconds that a track may be muted: switching a headset's profile takes one or two seconds. */
const MUTED_MS = 3000;

/** Notices that a track is muted by the device or the browser: it gives silence, or nothing at all. */
export class MuteWatch {
  #track;
  #onChange;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  #isReported = false;

  /**
   * @param {MediaStreamTrack} track
   * @param {(isSilent: boolean) => void} onChange called with true when it has been muted for a while, with false when it no longer is
   */
  constructor(track, onChange) {
    this.#track = track;
    this.#onChange = onChange;
    track.onmute = this.#follow;
    track.onunmute = this.#follow;
    this.#follow();
  }

  stop() {
    this.#track.onmute = null;
    this.#track.onunmute = null;
    this.#stopTimer();
  }

  #follow = () => {
    this.#stopTimer();
    if (this.#track.muted) this.#timer = setTimeout(() => this.#report(true), MUTED_MS);
    else if (this.#isReported) this.#report(false);
  };

  #stopTimer() {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** @param {boolean} isSilent */
  #report(isSilent) {
    this.#isReported = isSilent;
    this.#onChange(isSilent);
  }
}
