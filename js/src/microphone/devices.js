/**
 * @typedef {import("../messages/messages.js").Device} Device
 * @typedef {"microphone" | "speaker"} DeviceKind
 * @typedef {{microphones: Device[], speakers: Device[]}} DeviceLists
 * @typedef {import("./capture.js").CaptureRequest} CaptureRequest
 */

/**
 * While the microphone is open the browser is asked so often. Chromium on Linux hears of Bluetooth, network and virtual
 * devices in no other way: only the asking makes it end the track of a microphone that is gone, and tell of the change.
 */
const LOOK_EVERY_MS = 1500;

const DEFAULT_ID = "default";

/** The devices chosen last in this browser, whatever the notebook. Where storage is blocked: in this page. */
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
 * What one page knows of microphones and loudspeakers: which there are, followed from the first opening on (before that
 * browsers do not name them), and which the user would have.
 */
export class Devices {
  #options;
  #memory = new DeviceMemory();
  /** What the kernel was told last, as text. */
  #told = "";
  /** @type {string | null} what the kernel asked for by its id */
  #asked = null;
  /** @type {string | null} */
  #usedMicrophone = null;
  #isSpeakerOffered = false;
  #isLooking = false;
  #isLookDue = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} while what is plugged in is followed */
  #subscription = null;

  /**
   * @param {object} options
   * @param {() => Promise<DeviceLists>} options.list asks the browser
   * @param {() => boolean} options.isCapturing
   * @param {(lists: DeviceLists) => void} options.onChange something was plugged in or out
   * @param {(id: string) => void} options.onSpeaker the remembered loudspeaker is there
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Adds the remembered microphone to a request that leaves the choice to the browser: a wish, since it may be gone.
   *
   * @param {CaptureRequest} wanted
   * @returns {CaptureRequest}
   */
  prefer(wanted) {
    this.#asked = wanted.deviceId;
    return { ...wanted, preferredId: this.#memory.recall("microphone") ?? this.#usedMicrophone };
  }

  /**
   * The microphone that was wanted is open.
   *
   * @param {DeviceLists & {settings: MediaTrackSettings}} opened
   * @param {boolean} isSpeakerChosen the kernel has a loudspeaker chosen already
   */
  open({ settings, microphones, speakers }, isSpeakerChosen) {
    this.#usedMicrophone = settings.deviceId ?? null;
    if (this.#asked !== null) this.#memory.remember("microphone", this.#asked);
    this.#told = JSON.stringify({ microphones, speakers });
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

  /** Follows nothing, until a microphone is open again. */
  rest() {
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
    // The default one plays anyway, and choosing may cost the browser its echo cancellation.
    if (isSpeakerChosen || remembered === null || remembered === DEFAULT_ID) return;
    if (speakers.some(({ id }) => id === remembered)) this.#options.onSpeaker(remembered);
  }

  #follow() {
    if (this.#subscription === null) {
      this.#subscription = new AbortController();
      const { signal } = this.#subscription;
      navigator.mediaDevices.addEventListener("devicechange", () => this.#look(), { signal });
    }
    this.#plan();
  }

  #plan() {
    clearTimeout(this.#timer);
    if (this.#subscription === null || !this.#options.isCapturing()) return;
    this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  #look() {
    if (this.#isLooking) {
      this.#isLookDue = true; // what is under way may be older than the change
      return;
    }
    this.#isLooking = true;
    this.#isLookDue = false;
    this.#options
      .list()
      .then((lists) => this.#tell(lists))
      .catch((error) => console.warn(`micdrop-widget: the devices cannot be listed (${String(error)})`))
      .finally(() => {
        this.#isLooking = false;
        if (this.#isLookDue) this.#look();
        else this.#plan();
      });
  }

  /** @param {DeviceLists} lists */
  #tell({ microphones, speakers }) {
    const told = JSON.stringify({ microphones, speakers });
    if (this.#subscription === null || told === this.#told || !areNamed(microphones)) return;
    this.#told = told;
    this.#options.onChange({ microphones, speakers });
  }
}

/**
 * Browsers that take the permission back name nothing any more: what was known is better.
 *
 * @param {Device[]} devices
 */
function areNamed(devices) {
  return devices.length === 0 || devices.some(({ label }) => label !== "");
}
