// A browser's audio without sound: contexts, worklet nodes, tracks, and a user who is asked for the microphone.

/** The state of the fake browser, anew for each test: `installAudio()` returns it. */
class FakeAudio {
  /** @type {FakeAudioContext[]} oldest first */
  contexts = [];
  /** @type {FakeAudioWorkletNode[]} */
  nodes = [];
  /** @type {FakeTrack[]} */
  tracks = [];
  /** @type {Prompt[]} questions for the microphone that the user has not answered */
  prompts = [];
  /** @type {any[]} what getUserMedia was asked for */
  constraints = [];
  /** @type {{kind: string, deviceId: string, label: string}[]} */
  devices = [{ kind: "audioinput", deviceId: "default", label: "Built-in" }, { kind: "audiooutput", deviceId: "default", label: "Default" }];
  /** False: the user has to allow the microphone by `prompts[0].allow()`. */
  isAllowed = false;
  /** What a context's state is when it is made, and after resume. */
  contextState = "running";
  /** @type {(url: string) => Promise<void>} */
  addModule = async () => undefined;
  /** @type {((context: FakeAudioContext, id: string) => Promise<void>) | undefined} */
  setSinkId = async () => undefined;
  /** @type {(context: FakeAudioContext) => void} throws where a browser refuses the track */
  checkSource = () => undefined;
  /** The rate of the sound card. */
  deviceRate = 48_000;

  /** What all tracks share, to be changed by a test and given back. */
  get trackPrototype() {
    return FakeTrack.prototype;
  }

  get openContexts() {
    return this.contexts.filter(({ state }) => state !== "closed");
  }

  get liveTracks() {
    return this.tracks.filter(({ readyState }) => readyState === "live");
  }

  /**
   * Returns the newest node of a worklet.
   *
   * @param {string} name
   */
  node(name) {
    return this.nodes.filter((node) => node.name === name).at(-1);
  }
}

class FakeAudioContext extends EventTarget {
  /** @type {FakeAudio} */
  static audio;
  outputLatency = 0;
  baseLatency = 0;
  currentTime = 0;
  destination = {};
  /** @type {string | null} */
  sinkId = null;
  resumes = 0;

  constructor({ sampleRate = FakeAudioContext.audio.deviceRate } = {}) {
    super();
    this.sampleRate = sampleRate;
    this.state = FakeAudioContext.audio.contextState;
    FakeAudioContext.audio.contexts.push(this);
    this.audioWorklet = { addModule: (/** @type {string} */ url) => FakeAudioContext.audio.addModule(url) };
    if (FakeAudioContext.audio.setSinkId !== undefined) {
      this.setSinkId = async (/** @type {string} */ id) => {
        await FakeAudioContext.audio.setSinkId?.(this, id);
        this.sinkId = id;
      };
    }
  }

  async resume() {
    this.resumes++;
    this.#become(FakeAudioContext.audio.contextState);
  }

  async close() {
    if (this.state === "closed") throw new DOMException("closed", "InvalidStateError");
    this.#become("closed");
  }

  /** @param {FakeStream} stream */
  createMediaStreamSource(stream) {
    if (this.state === "closed") throw new DOMException("closed", "InvalidStateError");
    FakeAudioContext.audio.checkSource(this);
    return { context: this, stream, connect: () => undefined, disconnect: () => undefined };
  }

  /** @param {string} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

class FakeAudioWorkletNode {
  /** @type {any[]} what the page has posted to the audio thread */
  posted = [];
  /** @type {(() => void) | null} */
  onprocessorerror = null;
  isConnected = false;

  /**
   * @param {FakeAudioContext} context
   * @param {string} name
   */
  constructor(context, name) {
    this.context = context;
    this.name = name;
    /** @type {{postMessage: (message: unknown) => void, onmessage: ((event: {data: any}) => void) | null}} */
    this.port = { postMessage: (message) => this.posted.push(message), onmessage: null };
    FakeAudioContext.audio.nodes.push(this);
  }

  connect() {
    this.isConnected = true;
  }

  disconnect() {
    this.isConnected = false;
  }

  /**
   * The audio thread posts a message to the page.
   *
   * @param {Record<string, unknown>} data
   */
  post(data) {
    this.port.onmessage?.({ data });
  }
}

class FakeTrack {
  readyState = "live";
  /** @type {(() => void) | null} */
  onended = null;
  muted = false;
  /** @type {(() => void) | null} */
  onmute = null;
  /** @type {(() => void) | null} */
  onunmute = null;

  /**
   * @param {string} deviceId
   * @param {string} label
   */
  constructor(deviceId, label) {
    this.deviceId = deviceId;
    this.label = label;
    FakeAudioContext.audio.tracks.push(this);
  }

  getSettings() {
    return { deviceId: this.deviceId, echoCancellation: true };
  }

  stop() {
    this.readyState = "ended";
  }

  /**
   * The device, or the browser, mutes the track or no longer does.
   *
   * @param {boolean} isMuted
   */
  mute(isMuted) {
    this.muted = isMuted;
    if (isMuted) this.onmute?.();
    else this.onunmute?.();
  }

  /** The device is unplugged. */
  end() {
    this.stop();
    this.onended?.();
  }
}

class FakeStream {
  /** @param {FakeTrack[]} tracks */
  constructor(tracks) {
    this.tracks = tracks;
  }

  getTracks() {
    return this.tracks;
  }

  getAudioTracks() {
    return this.tracks;
  }
}

/** The browser's question for the microphone. */
class Prompt {
  #resolve;
  #reject;

  /**
   * @param {(stream: FakeStream) => void} resolve
   * @param {(error: Error) => void} reject
   */
  constructor(resolve, reject) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  allow(deviceId = "default", label = "Built-in") {
    this.#close();
    this.#resolve(new FakeStream([new FakeTrack(deviceId, label)]));
  }

  refuse(name = "NotAllowedError", message = "Permission denied") {
    this.#close();
    this.#reject(new DOMException(message, name));
  }

  #close() {
    const { prompts } = FakeAudioContext.audio;
    prompts.splice(prompts.indexOf(this), 1);
  }
}

/** @param {string} name @param {unknown} value */
function define(name, value) {
  Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
}

/**
 * Gives the global scope a fresh fake of all that a page has of audio.
 *
 * @returns {FakeAudio}
 */
export function installAudio() {
  const audio = new FakeAudio();
  FakeAudioContext.audio = audio;
  const stored = new Map();
  const mediaDevices = Object.assign(new EventTarget(), {
    getUserMedia: (/** @type {any} */ constraints) =>
      new Promise((resolve, reject) => {
        audio.constraints.push(constraints.audio);
        const prompt = new Prompt(resolve, reject);
        audio.prompts.push(prompt);
        if (audio.isAllowed) prompt.allow(constraints.audio.deviceId?.exact);
      }),
    enumerateDevices: async () => audio.devices,
  });
  define("AudioContext", FakeAudioContext);
  define("AudioWorkletNode", FakeAudioWorkletNode);
  define("navigator", { mediaDevices, userAgent: "node" });
  define("location", { protocol: "http:", hostname: "localhost", origin: "http://localhost:8888" });
  define("isSecureContext", true);
  define("document", globalThis.document ?? {});
  define("localStorage", {
    getItem: (/** @type {string} */ key) => stored.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => stored.set(key, value),
  });
  return audio;
}
