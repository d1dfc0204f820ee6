/**
 * @typedef {import("../messages/messages.js").Device} Device
 * @typedef {"microphone" | "speaker"} DeviceKind
 * @typedef {{microphones: Device[], speakers: Device[]}} DeviceLists
 * @typedef {import("./capture.js").CaptureRequest} CaptureRequest
 */

/**
 * While the microphone is open the devices are listed this often. Chromium on Linux does not notice Bluetooth, network and
 * virtual devices by itself: only a listing makes it end the track of a microphone that is gone, and fire `devicechange`.
 */
const LIST_INTERVAL_MS = 1500;

const DEFAULT_ID = "default";

/** The devices that were chosen last in this browser, in whatever notebook. Where storage is blocked: in this page. */
export class DeviceMemory {
  /** @type {Map<DeviceKind, string>} */
  #kept = new Map();

  /**
   * @param {DeviceKind} kind
   * @returns {string | null}
   */
  recall(kind) {
    try {
      return localStorage.getItem(storageKey(kind)) ?? this.#kept.get(kind) ?? null;
    } catch {
      return this.#kept.get(kind) ?? null;
    }
  }

  /**
   * @param {DeviceKind} kind
   * @param {string} id
   */
  remember(kind, id) {
    this.#kept.set(kind, id);
    try {
      localStorage.setItem(storageKey(kind), id);
    } catch {
      // Blocked, or full: this page remembers.
    }
  }
}

/** @param {DeviceKind} kind */
const storageKey = (kind) => `micdrop-widget:${kind}`;

/**
 * Microphones and loudspeakers as one page knows them: those that are plugged in, from the first opening on (before that browsers
 * do not name them), and those that the user prefers.
 */
export class Devices {
  #options;
  #memory = new DeviceMemory();
  /** The lists that were reported to the kernel, as JSON. */
  #reported = "";
  /** @type {string | null} the microphone that the kernel asked for by its id */
  #requestedId = null;
  /** @type {string | null} */
  #usedMicrophone = null;
  #isSpeakerOffered = false;
  #isListing = false;
  #isListingDue = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} while the devices are followed */
  #subscription = null;

  /**
   * @param {object} options
   * @param {() => Promise<DeviceLists>} options.list lists what the browser knows
   * @param {() => boolean} options.isCapturing
   * @param {(lists: DeviceLists) => void} options.onChange something was plugged in or out
   * @param {(id: string) => void} options.onSpeaker the remembered loudspeaker is there
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Adds the remembered microphone to a request that leaves the choice to the browser: a preference, since it may be gone.
   *
   * @param {CaptureRequest} wanted
   * @returns {CaptureRequest}
   */
  prefer(wanted) {
    this.#requestedId = wanted.deviceId;
    return { ...wanted, preferredId: this.#memory.recall("microphone") ?? this.#usedMicrophone };
  }

  /**
   * Notes that the requested microphone is open.
   *
   * @param {DeviceLists & {settings: MediaTrackSettings}} opened
   * @param {boolean} isSpeakerChosen the kernel has a loudspeaker chosen already
   */
  open({ settings, microphones, speakers }, isSpeakerChosen) {
    this.#usedMicrophone = settings.deviceId ?? null;
    if (this.#requestedId !== null) this.#memory.remember("microphone", this.#requestedId);
    this.#reported = JSON.stringify({ microphones, speakers });
    this.#offerSpeaker(speakers, isSpeakerChosen);
    this.#follow();
  }

  /**
   * @param {DeviceKind} kind
   * @param {string} id chosen in a panel, or in Python
   */
  remember(kind, id) {
    this.#memory.remember(kind, id);
  }

  /** Ends following what is plugged in, until a microphone is open again. */
  unfollow() {
    clearTimeout(this.#timer);
    this.#subscription?.abort();
    this.#subscription = null;
  }

  /**
   * @param {Device[]} speakers
   * @param {boolean} isSpeakerChosen
   */
  #offerSpeaker(speakers, isSpeakerChosen) {
    if (this.#isSpeakerOffered) return;
    this.#isSpeakerOffered = true;
    const remembered = this.#memory.recall("speaker");
    // The default one plays anyway, and choosing one may switch the browser's echo cancellation off.
    if (isSpeakerChosen || remembered === null || remembered === DEFAULT_ID) return;
    if (speakers.some(({ id }) => id === remembered)) this.#options.onSpeaker(remembered);
  }

  #follow() {
    if (this.#subscription === null) {
      this.#subscription = new AbortController();
      const { signal } = this.#subscription;
      navigator.mediaDevices.addEventListener("devicechange", () => this.#list(), { signal });
    }
    this.#scheduleListing();
  }

  #scheduleListing() {
    clearTimeout(this.#timer);
    if (this.#subscription === null || !this.#options.isCapturing()) return;
    this.#timer = setTimeout(() => this.#list(), LIST_INTERVAL_MS);
  }

  #list() {
    if (this.#isListing) {
      this.#isListingDue = true; // the listing under way may be older than the change
      return;
    }
    this.#isListing = true;
    this.#isListingDue = false;
    this.#options
      .list()
      .then((lists) => this.#report(lists))
      .catch((error) => console.warn(`micdrop-widget: the devices cannot be listed (${String(error)})`))
      .finally(() => {
        this.#isListing = false;
        if (this.#isListingDue) this.#list();
        else this.#scheduleListing();
      });
  }

  /** @param {DeviceLists} lists */
  #report({ microphones, speakers }) {
    const reported = JSON.stringify({ microphones, speakers });
    if (this.#subscription === null || reported === this.#reported || !areNamed(microphones)) return;
    this.#reported = reported;
    this.#options.onChange({ microphones, speakers });
  }
}

/**
 * Returns whether the devices have names. A browser that takes the permission back lists them without: the former lists are better.
 *
 * @param {Device[]} devices
 */
function areNamed(devices) {
  return devices.length === 0 || devices.some(({ label }) => label !== "");
}
