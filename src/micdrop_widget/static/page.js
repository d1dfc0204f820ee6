// sources sha256:7faea6fc72131898aa84860fa53ccd5dacb2cf49fd4674ba3b280cad57a162cc
// src/listeners.js
var Listeners = class {
  /** @type {Set<(...values: Values) => void>} */
  #listeners = /* @__PURE__ */ new Set();
  /**
   * Subscribes a function. Bound, so that a class can offer it as its own `on…`.
   *
   * @param {(...values: Values) => void} listener
   * @returns {() => void} ends the subscription
   */
  add = (listener) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
  /** @param {Values} values */
  emit(...values) {
    for (const listener of this.#listeners) listener(...values);
  }
  clear() {
    this.#listeners.clear();
  }
};

// src/session/details.js
var NO_DETAILS = Object.freeze({
  conversation: [],
  partialAssistantMessage: "",
  micDevices: [],
  speakerDevices: [],
  error: null,
  notices: []
});
var ReceivedDetails = class {
  /** @type {Readonly<CallDetails>} */
  #current = NO_DETAILS;
  #isWholeAwaited = false;
  /** Items of the conversation that have not changed stay the same objects. */
  get current() {
    return this.#current;
  }
  /** Notes that the page says hello, which the kernel answers with the whole. */
  awaitWhole() {
    this.#isWholeAwaited = true;
  }
  /**
   * @param {import("../messages/messages.js").Details} message names the fields that have changed
   */
  receiveFields({ fields }) {
    const { error } = this.#current;
    const isSameError = JSON.stringify(fields.error) === JSON.stringify(error);
    this.#current = { ...this.#current, ...fields, ...isSameError ? { error } : {} };
  }
  /**
   * @param {import("../messages/messages.js").Conversation} message replaces the items from a number on
   * @returns {boolean} false: items before those are missing, and the whole is not on its way
   */
  receiveConversation({ from, items }) {
    const { conversation } = this.#current;
    if (from === 0) this.#isWholeAwaited = false;
    if (from > conversation.length) return this.#isWholeAwaited;
    this.#current = { ...this.#current, conversation: [...conversation.slice(0, from), ...items] };
    return true;
  }
};

// src/session/state.js
var INITIAL_TRAITS = Object.freeze({
  isStarting: false,
  isStarted: false,
  isReconnecting: false,
  isMuted: false,
  isPaused: false,
  isListening: false,
  isProcessing: false,
  isUserSpeaking: false,
  isAssistantSpeaking: false,
  isMicStarted: false,
  isMicMuted: false,
  micDeviceId: null,
  speakerDeviceId: null,
  _owner: null,
  _closed: false,
  _ended_by: null
});
var TRAIT_NAMES = (
  /** @type {(keyof CallTraits)[]} */
  Object.keys(INITIAL_TRAITS)
);
var INITIAL_CALL_STATE = Object.freeze({ ...INITIAL_TRAITS, ...NO_DETAILS });

// src/messages/fields.js
var CommError = class extends Error {
};
function text(value) {
  if (typeof value !== "string") throw unexpected("a string", value);
  return value;
}
function flag(value) {
  if (typeof value !== "boolean") throw unexpected("true or false", value);
  return value;
}
function number(value) {
  if (typeof value !== "number") throw unexpected("a number", value);
  return value;
}
function count(value) {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw unexpected("a count", value);
  return value;
}
function object(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unexpected("an object", value);
  return (
    /** @type {Record<string, unknown>} */
    value
  );
}
var anything = (value) => value;
var orNull = (read) => (value) => value === null ? null : read(value);
function listOf(read) {
  return (value) => {
    if (!Array.isArray(value)) throw unexpected("an array", value);
    return value.map(read);
  };
}
function fieldsOf(readers, { optional = false } = {}) {
  return (value) => {
    const fields = object(value);
    const names = Object.keys(readers).filter((name2) => !optional || Object.hasOwn(fields, name2));
    return Object.fromEntries(names.map((name2) => [name2, readField(name2, fields[name2], readers[name2] ?? anything)]));
  };
}
function readField(name2, value, read) {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof CommError) error.message += ` in ${name2}`;
    throw error;
  }
}
function unexpected(expected, value) {
  return new CommError(`expected ${expected}, got ${JSON.stringify(value) ?? "nothing"}`);
}

// src/messages/down.js
var devices = listOf(fieldsOf({ id: text, label: text }));
var ITEMS = {
  tool_call: fieldsOf({ role: text, toolCallId: text, toolName: text, parameters: text }),
  tool_result: fieldsOf({ role: text, toolCallId: text, toolName: text, output: text }),
  user: fieldsOf({ role: text, content: text }),
  assistant: fieldsOf({ role: text, content: text }),
  system: fieldsOf({ role: text, content: text })
};
var explained = fieldsOf({ code: text, message: text, remedy: text });
var details = fieldsOf(
  {
    partialAssistantMessage: text,
    micDevices: devices,
    speakerDevices: devices,
    error: orNull(explained),
    notices: listOf(explained)
  },
  { optional: true }
);
var traits = fieldsOf(
  Object.fromEntries(Object.entries(INITIAL_TRAITS).map(([name2, value]) => [name2, value === null ? orNull(text) : flag])),
  { optional: true }
  // some are a notebook's alone
);
var MESSAGES = {
  open_mic: { request: count, device_id: orNull(text), constraints: object },
  close_mic: { request: count },
  alive: { request: count },
  ack: { request: count, seq: number, least_lag_ms: number, lag_ms: number },
  vad_readout: { probability: orNull(number), level_db: orNull(number) },
  conversation: { from: count, items: listOf(readItem) },
  details: { fields: details },
  play: { epoch: count, position: count, awaits_ack: flag },
  flush: { epoch: count },
  probe: { number: count },
  set_speaker: { device_id: text },
  page_address: { url: text },
  state: { fields: traits },
  bundle: { contents: listOf(anything) }
};
function parseDown(content, buffers, id) {
  const { type, to } = fieldsOf({ type: text, to: orNull(text) })(content);
  if (to !== null && to !== id) return null;
  const readers = Object.hasOwn(MESSAGES, type) ? MESSAGES[type] : void 0;
  if (readers === void 0) throw new CommError(`unknown message ${JSON.stringify(type)}`);
  const fields = Object.entries(readFields(type, readers, content)).map(([name2, value]) => [camelCase(name2), value]);
  const samples = type === "play" ? { samples: readSamples(buffers) } : {};
  return (
    /** @type {DownMessage} */
    { type, ...Object.fromEntries(fields), ...samples }
  );
}
function readState(content) {
  const { type } = fieldsOf({ type: text })(content);
  if (type !== "state") throw new CommError(`expected a state, got ${JSON.stringify(type)}`);
  const { fields } = readFields(type, { fields: traits }, content);
  return { ...INITIAL_TRAITS, ...fields };
}
function readFields(type, readers, content) {
  try {
    return fieldsOf(readers)(content);
  } catch (error) {
    if (error instanceof CommError) error.message = `${type}: ${error.message}`;
    throw error;
  }
}
function readItem(value) {
  const { role } = fieldsOf({ role: text })(value);
  const read = Object.hasOwn(ITEMS, role) ? ITEMS[role] : void 0;
  if (read === void 0) throw new CommError(`unknown role ${JSON.stringify(role)}`);
  return read(value);
}
var camelCase = (name2) => name2.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
function readSamples(buffers) {
  const [view] = buffers;
  if (view === void 0) throw new CommError("expected a buffer with samples, got none");
  if (view.byteLength % 2 !== 0) throw new CommError(`expected whole int16 samples, got ${view.byteLength} bytes`);
  const samples = new Int16Array(view.byteLength / 2);
  for (let index = 0; index < samples.length; index++) samples[index] = view.getInt16(2 * index, true);
  return samples;
}

// src/messages/mu-law.js
var BIAS = 132;
var LARGEST = 32767 - BIAS;
function toMuLaw(samples) {
  const bytes = new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index++) {
    const sample = (
      /** @type {number} */
      samples[index]
    );
    const magnitude = Math.min(Math.abs(sample), LARGEST) + BIAS;
    const exponent = 24 - Math.clz32(magnitude);
    const mantissa = magnitude >> exponent + 3 & 15;
    bytes[index] = ~((sample < 0 ? 128 : 0) | exponent << 4 | mantissa);
  }
  return bytes;
}

// src/messages/up.js
function up(type, from, fields = {}, buffers = []) {
  return { content: { type, from, ...fields }, buffers };
}
var hello = (from) => up("hello", from);
var bye = (from, isPageGone) => up("bye", from, { page_gone: isPageGone });
var command = (from, name2) => up("command", from, { name: name2 });
var chooseDevice = (from, kind, deviceId) => up("choose_device", from, { kind, device_id: deviceId });
var devices2 = (from, { microphones, speakers }) => up("devices", from, { microphones, speakers });
var micPrompting = (from, request, sentMs) => up("mic_prompting", from, { request, sent_ms: sentMs });
function micOpened(from, { request, label: label2, sampleRate, settings, microphones, speakers }) {
  return up("mic_opened", from, { request, label: label2, sample_rate: sampleRate, settings, microphones, speakers });
}
var micFailed = (from, request, reason, detail) => up("mic_failed", from, { request, reason, detail });
var micEnded = (from, request) => up("mic_ended", from, { request });
var micSilent = (from, request, isSilent) => up("mic_silent", from, { request, is_silent: isSilent });
var alive = (from, request) => up("alive", from, { request });
function audio(from, { request, seq, position, dropped, isCompanded, samples }, sentMs) {
  const fields = { request, seq, position, dropped, sent_ms: sentMs };
  if (isCompanded) return up("companded_audio", from, fields, [toMuLaw(samples).buffer]);
  return up("audio", from, fields, [samples.buffer]);
}
function heard(from, { epoch, samples, underruns, heardMs }) {
  return up("heard", from, { epoch, samples, underruns, heard_ms: heardMs });
}
var playReceived = (from, epoch, samples, receivedMs) => up("play_received", from, { epoch, samples, received_ms: receivedMs });
var probed = (from, number2) => up("probed", from, { number: number2 });
var playbackFailed = (from, epoch, reason, detail) => up("playback_failed", from, { epoch, reason, detail });
function bundle(from, messages) {
  const contents = messages.map(({ content }) => content);
  const buffers = messages.flatMap((message) => message.buffers);
  return up("bundle", from, { contents }, buffers);
}
var speakerFailed = (from, deviceId, detail) => up("speaker_failed", from, { device_id: deviceId, detail });

// src/host/frames.js
var LENGTH_BYTES = 4;
var encoder = new TextEncoder();
var decoder = new TextDecoder("utf-8", { fatal: true });
function encodeFrame(content, buffers) {
  const text2 = JSON.stringify(content);
  const [buffer] = buffers;
  if (buffer === void 0) return text2;
  const json = encoder.encode(text2);
  const frame = new Uint8Array(LENGTH_BYTES + json.length + buffer.byteLength);
  new DataView(frame.buffer).setUint32(0, json.length);
  frame.set(json, LENGTH_BYTES);
  frame.set(new Uint8Array(buffer), LENGTH_BYTES + json.length);
  return frame;
}
function decodeFrame(frame) {
  if (typeof frame === "string") return { content: JSON.parse(frame), buffers: [] };
  const end = LENGTH_BYTES + new DataView(frame).getUint32(0);
  const content = JSON.parse(decoder.decode(new Uint8Array(frame, LENGTH_BYTES, end - LENGTH_BYTES)));
  return { content, buffers: [new DataView(frame, end)] };
}

// src/host/websocket.js
var REASONS = { 4e3: "closed", 4401: "refused", 4409: "moved" };
var NotAdmitted = class extends Error {
  /** @param {LostReason} reason */
  constructor(reason) {
    super(`the connection was not admitted: ${reason}`);
    this.reason = reason;
  }
};
function connect(address2, token, open = (url) => new WebSocket(url)) {
  return new Promise((resolve, reject) => {
    const socket = open(address2);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ type: "enter", token }));
    socket.onclose = ({ code }) => reject(new NotAdmitted(REASONS[code] ?? "unreachable"));
    socket.onmessage = ({ data }) => {
      try {
        resolve(new WebSocketHost(socket, readState(decodeFrame(data).content)));
      } catch {
        reject(new NotAdmitted("refused"));
        socket.close();
      }
    };
  });
}
var WebSocketHost = class {
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
  place = (
    /** @type {const} */
    "page"
  );
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
    if (
      /** @type {any} */
      content?.type !== "state"
    ) return this.#messageListeners.emit(content, buffers);
    this.#state = readState(content);
    this.#stateListeners.emit();
  }
  /** @param {LostReason} reason */
  #lose(reason) {
    this.#lostReason = reason;
    this.#lostListeners.emit(reason);
  }
};

// src/clock.js
function nowMs() {
  return performance.timeOrigin + performance.now();
}

// src/errors.js
var AudioFailure = class extends Error {
  /**
   * @param {MicFailureReason} reason
   * @param {string} detail
   */
  constructor(reason, detail) {
    super(detail);
    this.name = "AudioFailure";
    this.reason = reason;
  }
};
function describeError(error) {
  if (error instanceof AudioFailure) return error.message;
  if (error instanceof Error || error instanceof DOMException) return `${error.name}: ${error.message}`;
  return String(error);
}

// src/worklets/framing.js
var FRAME_SAMPLES = 512;
var SAMPLE_RATE = 16e3;
function frameSamplesAt(sampleRate) {
  return Math.round(FRAME_SAMPLES * sampleRate / SAMPLE_RATE);
}

// src/microphone/failures.js
var REASONS2 = {
  NotAllowedError: "denied",
  SecurityError: "policy",
  NotFoundError: "no_device",
  OverconstrainedError: "no_device",
  NotReadableError: "in_use",
  AbortError: "in_use"
};
var PAGE_REASONS = ["denied", "policy", "insecure_context", "no_audio_worklet"];
function microphoneFailure(error, { isAllowedByPolicy, isVsCode: isVsCode2 }) {
  const reason = reasonOf(error, isAllowedByPolicy);
  const isDueToVsCode = isVsCode2 && PAGE_REASONS.includes(reason);
  return new AudioFailure(isDueToVsCode ? "vs_code" : reason, describeError(error));
}
function reasonOf(error, isAllowedByPolicy) {
  if (error instanceof AudioFailure) return error.reason;
  const name2 = error instanceof Error || error instanceof DOMException ? error.name : "";
  const reason = REASONS2[name2] ?? "error";
  return reason === "denied" && !isAllowedByPolicy ? "policy" : reason;
}
function isVsCode({ protocol: protocol2, hostname, userAgent }) {
  if (protocol2 === "vscode-webview:" || hostname.endsWith(".vscode-cdn.net")) return true;
  return /\b(Code|Code-Insiders|VSCodium|Cursor)\/\d/.test(userAgent) && userAgent.includes("Electron/");
}
function isThisVsCode() {
  return isVsCode({ protocol: location.protocol, hostname: location.hostname, userAgent: navigator.userAgent });
}

// src/microphone/mute-watch.js
var MUTED_MS = 3e3;
var MuteWatch = class {
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
};

// src/microphone/capture.js
var Capture = class {
  #engine;
  #listener;
  #isMuted = false;
  /** @type {OpenMicrophone | null} */
  #microphone = null;
  /** @type {CaptureRequest | null} the request that is open or being opened; an opening that finds another one here gives up */
  #current = null;
  /** The browser has refused to capture into a context at 16 kHz, and would again. */
  #isRateRefused = false;
  /**
   * @param {AudioEngine} engine
   * @param {CaptureListener} listener
   */
  constructor(engine, listener) {
    this.#engine = engine;
    this.#listener = listener;
  }
  get isOpen() {
    return this.#microphone !== null;
  }
  /** True while it is being opened, also while the browser asks the user for permission. */
  get isOpening() {
    return this.#current !== null && this.#microphone === null;
  }
  get isMuted() {
    return this.#isMuted;
  }
  set isMuted(isMuted2) {
    if (isMuted2 === this.#isMuted) return;
    this.#isMuted = isMuted2;
    if (this.#microphone !== null) this.#microphone.isMuted = isMuted2;
    if (isMuted2) this.#listener.onNoAudio();
  }
  /**
   * Opens the microphone; releases one that another request opened. Returns without effect when it is closed or superseded meanwhile.
   *
   * @param {CaptureRequest} wanted
   * @throws {AudioFailure}
   */
  async open(wanted) {
    if (wanted.request === this.#current?.request) return;
    this.close();
    this.#current = wanted;
    try {
      const context = await this.#context();
      if (wanted !== this.#current) return;
      const stream = await requestStream(wanted);
      if (wanted !== this.#current) return stopTracks(stream);
      this.#resumeContexts();
      const microphone = await this.#connect(context, stream);
      if (wanted !== this.#current) return microphone.release();
      this.#microphone = microphone;
      microphone.isMuted = this.#isMuted;
      microphone.onEnd = () => this.#end(wanted.request);
      const devices3 = await listDevices();
      if (this.#microphone !== microphone) return;
      const { label: label2, sampleRate } = microphone;
      const settings = { echoCancellation: wanted.constraints.echoCancellation !== false, ...microphone.settings };
      this.#listener.onOpened(wanted.request, { label: label2, sampleRate, settings, ...devices3 });
      microphone.onSilent = (isSilent) => this.#listener.onSilent(wanted.request, isSilent);
      microphone.listen(this.#listener);
    } catch (error) {
      if (wanted !== this.#current) return;
      this.close();
      throw microphoneFailure(error, {
        isAllowedByPolicy: isMicrophoneAllowedByPolicy(),
        isVsCode: isThisVsCode()
      });
    }
  }
  /** Stops the track and the worklet; also an opening that is under way. */
  close() {
    this.#current = null;
    const microphone = this.#microphone;
    this.#microphone = null;
    if (microphone === null) return;
    microphone.release();
    this.#listener.onNoAudio();
  }
  /** @param {number} request */
  #end(request) {
    this.close();
    this.#listener.onEnded(request);
  }
  async #context() {
    if (!globalThis.isSecureContext || navigator.mediaDevices === void 0) {
      throw new AudioFailure("insecure_context", `this page is ${location.origin}`);
    }
    const context = await this.#engine.start();
    return this.#isRateRefused ? this.#engine.startAtDeviceRate() : context;
  }
  /** Resumes contexts that waited for a click: a page that has the microphone may run them without one. */
  #resumeContexts() {
    this.#engine.start().catch(() => void 0);
  }
  /**
   * Firefox before 153 refuses a track whose rate is not the context's: then it is captured at the device's rate.
   *
   * @param {AudioContext} context
   * @param {MediaStream} stream stopped if it cannot be captured
   */
  async #connect(context, stream) {
    try {
      try {
        return connectMicrophone(context, stream);
      } catch (error) {
        if (!isRateRefusal(error) || this.#isRateRefused) throw error;
        this.#isRateRefused = true;
        return connectMicrophone(await this.#context(), stream);
      }
    } catch (error) {
      stopTracks(stream);
      throw isRateRefusal(error) ? new AudioFailure("sample_rate", describeError(error)) : error;
    }
  }
};
var OpenMicrophone = class {
  #stream;
  #source;
  #node;
  #track;
  #isMuted = true;
  /** @type {MuteWatch | null} */
  #muteWatch = null;
  /**
   * @param {MediaStream} stream
   * @param {MediaStreamAudioSourceNode} source
   * @param {AudioWorkletNode} node
   * @param {MediaStreamTrack} track
   */
  constructor(stream, source, node, track) {
    this.#stream = stream;
    this.#source = source;
    this.#node = node;
    this.#track = track;
  }
  get label() {
    return this.#track.label;
  }
  get sampleRate() {
    return this.#source.context.sampleRate;
  }
  get settings() {
    return this.#track.getSettings();
  }
  /** @param {boolean} isMuted */
  set isMuted(isMuted2) {
    this.#isMuted = isMuted2;
    this.#node.port.postMessage({ type: "mute", isMuted: isMuted2 });
  }
  /** @param {() => void} onEnd the device went away or the audio thread failed */
  set onEnd(onEnd) {
    this.#node.onprocessorerror = onEnd;
    this.#track.onended = onEnd;
  }
  /** @param {(isSilent: boolean) => void} onSilent the device or the browser mutes the track, which the page did not ask for */
  set onSilent(onSilent) {
    this.#muteWatch = new MuteWatch(this.#track, onSilent);
  }
  /** @param {CaptureListener} listener */
  listen(listener) {
    this.#node.port.onmessage = ({ data }) => {
      if (this.#isMuted) return;
      listener.onAudio(data.position, data.samples, data.rms);
    };
  }
  release() {
    this.#muteWatch?.stop();
    this.#track.onended = null;
    this.#node.onprocessorerror = null;
    this.#node.port.onmessage = null;
    stopTracks(this.#stream);
    this.#source.disconnect();
    this.#node.port.postMessage({ type: "end" });
    this.#node.disconnect();
  }
};
function connectMicrophone(context, stream) {
  const [track] = stream.getAudioTracks();
  if (track === void 0) throw new AudioFailure("no_device", "the stream has no audio track");
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "micdrop-capture", {
    channelCount: 1,
    channelCountMode: "explicit",
    outputChannelCount: [1]
  });
  source.connect(node);
  node.connect(context.destination);
  return new OpenMicrophone(stream, source, node, track);
}
function isRateRefusal(error) {
  return error instanceof DOMException && error.name === "NotSupportedError";
}
async function requestStream({ deviceId, preferredId = null, constraints }) {
  const id = deviceId ?? preferredId;
  const device = id === null ? {} : { deviceId: { exact: id } };
  const audio2 = { channelCount: 1, ...constraints };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...audio2, ...device } });
  } catch (error) {
    const isGone = ["OverconstrainedError", "NotFoundError"].includes(
      /** @type {Error} */
      error.name
    );
    if (deviceId !== null || preferredId === null || !isGone) throw error;
    return navigator.mediaDevices.getUserMedia({ audio: audio2 });
  }
}
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}
async function listDevices() {
  const devices3 = await navigator.mediaDevices.enumerateDevices();
  const ofKind = (kind) => devices3.filter((device) => device.kind === kind).map(({ deviceId, label: label2 }) => ({ id: deviceId, label: label2 }));
  return { microphones: ofKind("audioinput"), speakers: ofKind("audiooutput") };
}
function isMicrophoneAllowedByPolicy() {
  const { featurePolicy } = (
    /** @type {{featurePolicy?: {allowsFeature(name: string): boolean}}} */
    /** @type {unknown} */
    document
  );
  return featurePolicy?.allowsFeature("microphone") ?? true;
}

// src/microphone/devices.js
var LIST_INTERVAL_MS = 1500;
var DEFAULT_ID = "default";
var DeviceMemory = class {
  /** @type {Map<DeviceKind, string>} */
  #kept = /* @__PURE__ */ new Map();
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
    }
  }
};
var storageKey = (kind) => `micdrop-widget:${kind}`;
var Devices = class {
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
      this.#isListingDue = true;
      return;
    }
    this.#isListing = true;
    this.#isListingDue = false;
    this.#options.list().then((lists) => this.#report(lists)).catch((error) => console.warn(`micdrop-widget: the devices cannot be listed (${String(error)})`)).finally(() => {
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
};
function areNamed(devices3) {
  return devices3.length === 0 || devices3.some(({ label: label2 }) => label2 !== "");
}

// src/microphone/uplink.js
var HOLD_AFTER_MS = 2e3;
var KEPT_FRAMES = 16;
var BATCHES = [1, 2, 4];
var LATE_MS = 60;
var PROMPT_MS = 40;
var PROMPT_FOR_MS = 2e3;
var OVERLOADED_MS = 250;
var OVERLOADED_FOR_MS = 150;
var RETRY_AFTER_MS = 1e4;
var MAX_RETRY_AFTER_MS = 16e4;
var Uplink = class {
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
    this.#dropped += count2(this.#pieces) + missing;
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
    while (this.#unacknowledged[0] !== void 0 && this.#unacknowledged[0].seq <= seq) this.#unacknowledged.shift();
    this.#adapt(leastLagMs, lagMs);
    if (!this.#isOnHold || this.#isOverdue()) return;
    this.#hold(false);
    this.#sendPieces();
  }
  get #batchFrames() {
    return (
      /** @type {number} */
      BATCHES[this.#batch]
    );
  }
  get #waitingFrames() {
    return count2(this.#pieces) / this.#frameSamples;
  }
  #isOverdue() {
    const oldest = this.#unacknowledged[0];
    return oldest !== void 0 && this.#now() - oldest.sentMs > HOLD_AFTER_MS;
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
    if (isCompanding) this.#batch = BATCHES.length - 1;
    this.#onChange();
  }
  #dropOldest() {
    while (this.#waitingFrames > KEPT_FRAMES) this.#dropped += this.#pieces.shift()?.samples.length ?? 0;
  }
  #sendPieces() {
    const [first] = this.#pieces;
    if (this.#request === null || first === void 0) return;
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
};
function count2(pieces) {
  return pieces.reduce((sum, { samples }) => sum + samples.length, 0);
}
function join(pieces) {
  const [only] = pieces;
  if (pieces.length === 1 && only !== void 0) return only.samples;
  const joined = new Int16Array(count2(pieces));
  let offset = 0;
  for (const { samples } of pieces) {
    joined.set(samples, offset);
    offset += samples.length;
  }
  return joined;
}

// src/microphone/microphone.js
var Microphone = class {
  #pageId;
  #send;
  #now;
  #isSpeakerChosen;
  #watchdog;
  #capture;
  #uplink;
  #devices;
  /** The newest request: an older one that arrives was replayed. */
  #request = 0;
  /** @type {messages.OpenMic | null} the request that the kernel believes to be open or being opened */
  #wanted = null;
  /** The request that the kernel knows to be open. */
  #openedRequest = 0;
  /** Position of the first captured sample: not 0 when the microphone was released and opened again for the same request. */
  #firstPosition = 0;
  #pushed = { position: 0, ms: 0 };
  /** @type {Listeners<[]>} */
  #changeListeners = new Listeners();
  /** @type {Listeners<[rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[]>} */
  #kernelSilentListeners = new Listeners();
  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {import("../speaker/engine.js").AudioEngine} options.engine
   * @param {import("../session/watchdog.js").KernelWatchdog} options.watchdog
   * @param {(message: messages.UpMessage) => void} options.send
   * @param {() => boolean} options.isSpeakerChosen whether the kernel has a loudspeaker chosen already
   * @param {() => number} options.now milliseconds
   */
  constructor({ pageId, engine, watchdog, send, isSpeakerChosen, now }) {
    this.#pageId = pageId;
    this.#send = send;
    this.#now = now;
    this.#isSpeakerChosen = isSpeakerChosen;
    this.#watchdog = watchdog;
    watchdog.onSilent(() => this.#releaseForSilentKernel());
    this.#capture = new Capture(engine, {
      onOpened: (request, opened) => this.#reportOpened(request, opened),
      onAudio: (position, samples, rms) => this.#pushAudio(position, samples, rms),
      onNoAudio: () => this.#levelListeners.emit(0),
      onSilent: (request, isSilent) => send(micSilent(pageId, request, isSilent)),
      onEnded: (request) => this.#reportEnded(request)
    });
    this.#uplink = new Uplink({
      send: (message) => send(audio(pageId, message, now())),
      now,
      onChange: () => this.#changeListeners.emit()
    });
    this.#devices = new Devices({
      list: listDevices,
      isCapturing: () => this.#capture.isOpen,
      onChange: (lists) => send(devices2(pageId, lists)),
      onSpeaker: (speakerId) => send(chooseDevice(pageId, "speaker", speakerId))
    });
  }
  /** Subscribes to changes of `isOpen`, `isOpening`, `isOnHold` and `isCompanding` that nobody asked for by a call of a method. */
  onChange = this.#changeListeners.add;
  /** Subscribes to the level of what is captured. */
  onLevel = this.#levelListeners.add;
  /** Subscribes to the kernel's falling silent, for which the microphone was released. */
  onKernelSilent = this.#kernelSilentListeners.add;
  get isOpen() {
    return this.#capture.isOpen;
  }
  /** True while it is being opened, also while the browser asks the user for permission. */
  get isOpening() {
    return this.#capture.isOpening;
  }
  /** True while the kernel does not acknowledge what is sent. */
  get isOnHold() {
    return this.#uplink.isOnHold;
  }
  /** True while the line to the kernel cannot carry more than telephone quality. */
  get isCompanding() {
    return this.#uplink.isCompanding;
  }
  /** True while the microphone is released because the kernel sends nothing. */
  get isKernelSilent() {
    return this.#watchdog.isSilent;
  }
  /** @param {boolean} isMuted */
  set isMuted(isMuted2) {
    this.#capture.isMuted = isMuted2;
    if (isMuted2) this.#uplink.discard();
  }
  /**
   * @param {messages.OpenMic} message
   * @returns {boolean} false: the request is an old one
   */
  open(message) {
    if (message.request <= this.#request) return false;
    this.#request = message.request;
    this.#wanted = message;
    this.#watchdog.start();
    this.#send(micPrompting(this.#pageId, message.request, this.#now()));
    this.#openCapture(message);
    return true;
  }
  /** @param {messages.CloseMic} message ignored when its request is an old one */
  close({ request }) {
    if (request < this.#request) return;
    this.#request = request;
    this.release();
    this.#changeListeners.emit();
  }
  /** Releases the device, or gives up its opening; the kernel has asked for that, or learns it by another message. */
  release() {
    this.#wanted = null;
    this.releaseForLostKernel();
  }
  /** Releases the device, or gives up its opening, without a report to a kernel out of reach: `confirm` opens it again. */
  releaseForLostKernel() {
    this.#watchdog.stop();
    this.#capture.close();
    this.#uplink.close();
  }
  /** @param {messages.Ack} ack */
  acknowledge(ack) {
    this.#uplink.acknowledge(ack);
  }
  /** The kernel has sent something, whatever it is. */
  noteKernelMessage() {
    this.#watchdog.reset();
  }
  /**
   * Reopens a microphone that was released because the kernel was silent or out of reach: it does not know of the release.
   *
   * @param {number} request that the kernel believes to be open or being opened
   */
  confirm(request) {
    if (request !== this.#request || this.#wanted === null || this.isOpen || this.isOpening) return;
    this.#watchdog.start();
    this.#openCapture(this.#wanted);
  }
  /**
   * @param {import("./devices.js").DeviceKind} kind
   * @param {string} deviceId
   */
  rememberDevice(kind, deviceId) {
    this.#devices.remember(kind, deviceId);
  }
  /** Ends following what is plugged in, until the microphone is open again. */
  unfollowDevices() {
    this.#devices.unfollow();
  }
  /** @param {messages.OpenMic} message */
  #openCapture({ request, deviceId, constraints }) {
    this.#capture.open(this.#devices.prefer({ request, deviceId, constraints })).catch((error) => {
      const { reason, message } = error instanceof AudioFailure ? error : new AudioFailure("error", describeError(error));
      if (request === this.#request) this.#wanted = null;
      this.#send(micFailed(this.#pageId, request, reason, message));
    }).finally(() => this.#changeListeners.emit());
    this.#changeListeners.emit();
  }
  /**
   * @param {number} request
   * @param {import("./capture.js").Opened} opened
   */
  #reportOpened(request, opened) {
    if (request === this.#openedRequest) {
      const missing = Math.round((this.#now() - this.#pushed.ms) * opened.sampleRate / 1e3);
      this.#firstPosition = this.#pushed.position + missing;
      this.#uplink.drop(missing);
      return;
    }
    this.#openedRequest = request;
    this.#firstPosition = 0;
    this.#pushed = { position: 0, ms: this.#now() };
    this.#uplink.open(request, frameSamplesAt(opened.sampleRate));
    this.#send(micOpened(this.#pageId, { request, ...opened }));
    this.#devices.open(opened, this.#isSpeakerChosen());
  }
  /**
   * @param {number} position
   * @param {Int16Array<ArrayBuffer>} samples
   * @param {number} rms
   */
  #pushAudio(position, samples, rms) {
    this.#levelListeners.emit(rms);
    const first = this.#firstPosition + position;
    this.#pushed = { position: first + samples.length, ms: this.#now() };
    this.#uplink.push(first, samples);
    this.#watchdog.check();
  }
  /** @param {number} request */
  #reportEnded(request) {
    this.release();
    this.#send(micEnded(this.#pageId, request));
    this.#changeListeners.emit();
  }
  /** The microphone is not left open for a kernel that may not exist any more. */
  #releaseForSilentKernel() {
    console.warn("micdrop-widget: the kernel does not answer; the microphone is released");
    this.#capture.close();
    this.#uplink.drop(0);
    this.#kernelSilentListeners.emit();
  }
};

// src/speaker/engine.js
var BLOCKED_AFTER_MS = 400;
var AudioEngine = class _AudioEngine {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Promise<AudioContext> | null} */
  #ready = null;
  /** @type {string | null} the selected loudspeaker; null selects none, since a selection may end echo cancellation */
  #speakerId = null;
  #isBlocked = false;
  #workletSources;
  #sampleRate;
  /** @type {AudioEngine | null} */
  #atDeviceRate = null;
  /** @type {Listeners<[]>} */
  #blockedListeners = new Listeners();
  /** @type {Listeners<[deviceId: string]>} */
  #speakerUsedListeners = new Listeners();
  /** @type {Listeners<[deviceId: string, error: unknown]>} */
  #speakerFailedListeners = new Listeners();
  /**
   * @param {object} options
   * @param {readonly (string | URL)[]} options.workletSources JavaScript that each context's audio thread runs, or where it is
   * @param {number | null} [options.sampleRate] null: the device's own
   */
  constructor({ workletSources: workletSources2, sampleRate = SAMPLE_RATE }) {
    this.#workletSources = workletSources2;
    this.#sampleRate = sampleRate;
  }
  /** Subscribes to changes of `isBlocked`. */
  onBlockedChange = this.#blockedListeners.add;
  /** Subscribes to a selected loudspeaker's being in use. */
  onSpeakerUsed = this.#speakerUsedListeners.add;
  /** Subscribes to a selected loudspeaker's failure; the usual one plays. */
  onSpeakerFailed = this.#speakerFailedListeners.add;
  /**
   * True while the browser waits for a click before it runs the context.
   *
   * @returns {boolean}
   */
  get isBlocked() {
    return this.#isBlocked || (this.#atDeviceRate?.isBlocked ?? false);
  }
  /**
   * Creates or resumes the context. Call it synchronously from a click: that is the gesture the browser asks for.
   *
   * @returns {Promise<AudioContext>} the context with its worklets; rejects with an AudioFailure
   */
  start() {
    this.#atDeviceRate?.start().catch(() => void 0);
    this.#ready ??= this.#create();
    const context = this.#context;
    if (context !== null && context.state !== "running") {
      context.resume().catch(() => this.#checkBlocked(context));
      setTimeout(() => this.#checkBlocked(context), BLOCKED_AFTER_MS);
    }
    return this.#ready;
  }
  /**
   * Creates or resumes a second context, at the device's rate, beside the first; from now on every start does.
   *
   * @returns {Promise<AudioContext>} as of start()
   */
  startAtDeviceRate() {
    this.#atDeviceRate ??= this.#createAtDeviceRate();
    return this.#atDeviceRate.start();
  }
  /**
   * Plays on another loudspeaker, now and in every later context. Whether it can be used is known once there is a context.
   *
   * @param {string} deviceId
   */
  selectSpeaker(deviceId) {
    this.#speakerId = deviceId;
    if (this.#context !== null) void this.#useSpeaker(this.#context);
  }
  /** Closes the context; the next start makes a new one. */
  close() {
    const context = this.#context;
    this.#context = null;
    this.#ready = null;
    this.#setBlocked(false);
    this.#atDeviceRate?.close();
    context?.close().catch(() => void 0);
  }
  #createAtDeviceRate() {
    const engine = new _AudioEngine({ workletSources: this.#workletSources, sampleRate: null });
    engine.onBlockedChange(() => this.#blockedListeners.emit());
    return engine;
  }
  #create() {
    const ready = this.#load();
    ready.catch(() => {
      if (this.#ready === ready) this.close();
    });
    return ready;
  }
  async #load() {
    const context = newContext(this.#sampleRate);
    this.#context = context;
    context.addEventListener("statechange", () => this.#checkBlocked(context));
    await this.#useSpeaker(context);
    await Promise.all(this.#workletSources.map((source) => addModule(context, source)));
    return context;
  }
  /**
   * A loudspeaker that is gone is no reason to be silent: the usual one plays.
   *
   * @param {AudioContext} context
   */
  async #useSpeaker(context) {
    const deviceId = this.#speakerId;
    if (deviceId === null) return;
    try {
      await setSink(context, deviceId);
      this.#speakerUsedListeners.emit(deviceId);
    } catch (error) {
      if (context !== this.#context) return;
      if (this.#speakerId === deviceId) this.#speakerId = null;
      this.#speakerFailedListeners.emit(deviceId, error);
    }
  }
  /** @param {AudioContext} context */
  #checkBlocked(context) {
    if (context !== this.#context) return;
    this.#setBlocked(context.state !== "running");
  }
  /** @param {boolean} isBlocked */
  #setBlocked(isBlocked) {
    if (isBlocked === this.#isBlocked) return;
    this.#isBlocked = isBlocked;
    this.#blockedListeners.emit();
  }
};
function newContext(sampleRate) {
  if (!globalThis.isSecureContext) throw new AudioFailure("insecure_context", "this page is not a secure context");
  if (typeof AudioContext === "undefined" || typeof AudioWorkletNode === "undefined") {
    throw new AudioFailure("no_audio_worklet", "this browser has no AudioWorklet");
  }
  try {
    const context = new AudioContext({ latencyHint: "interactive", ...sampleRate === null ? {} : { sampleRate } });
    if (sampleRate === null || context.sampleRate === sampleRate) return context;
    context.close().catch(() => void 0);
    throw new AudioFailure("sample_rate", `asked for ${sampleRate} Hz, got ${context.sampleRate} Hz`);
  } catch (error) {
    if (error instanceof AudioFailure) throw error;
    throw new AudioFailure("sample_rate", describeError(error));
  }
}
async function setSink(context, deviceId) {
  const { setSinkId } = (
    /** @type {{setSinkId?: (id: string) => Promise<void>}} */
    /** @type {unknown} */
    context
  );
  if (setSinkId === void 0) throw new Error("this browser cannot choose the loudspeaker");
  await setSinkId.call(context, deviceId === "default" ? "" : deviceId);
}
async function addModule(context, source) {
  if (source instanceof URL) return addServedModule(context, source);
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    await context.audioWorklet.addModule(url);
  } catch (blobError) {
    try {
      await context.audioWorklet.addModule(`data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`);
    } catch {
      throw new AudioFailure("no_audio_worklet", describeError(blobError));
    }
  } finally {
    URL.revokeObjectURL(url);
  }
}
async function addServedModule(context, address2) {
  try {
    await context.audioWorklet.addModule(address2.href);
  } catch (error) {
    throw new AudioFailure("no_audio_worklet", describeError(error));
  }
}

// src/speaker/playback-watchdog.js
var CHECK_INTERVAL_MS = 1e3;
var STALLED_CHECKS = 10;
var PlaybackWatchdog = class {
  /** @type {Listeners<[]>} */
  #stalledListeners = new Listeners();
  /** @type {ReturnType<typeof setInterval> | undefined} set while progress is expected */
  #timer;
  #checks = 0;
  /** Subscribes to a stall: there was no progress for 10 s. */
  onStalled = this.#stalledListeners.add;
  /** True from the first audio that is buffered until all of it was played or given up. */
  get isExpecting() {
    return this.#timer !== void 0;
  }
  /** Expects progress from now on: audio was buffered. */
  start() {
    this.#timer ??= setInterval(() => this.#check(), CHECK_INTERVAL_MS);
  }
  /** Notes progress, after which more is expected. */
  reset() {
    this.#checks = 0;
  }
  /** Expects no progress: all was played, or given up. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = void 0;
    this.#checks = 0;
  }
  #check() {
    if (!this.isExpecting || ++this.#checks < STALLED_CHECKS) return;
    this.stop();
    this.#stalledListeners.emit();
  }
};

// src/speaker/player.js
function extrapolate(progress, ms) {
  const more = Math.min(Math.round(ms * SAMPLE_RATE / 1e3), progress.buffered);
  return {
    ...progress,
    samples: progress.samples + more,
    buffered: progress.buffered - more,
    heardMs: progress.heardMs + more * 1e3 / SAMPLE_RATE
  };
}
var Player = class {
  #engine;
  #now;
  #epoch = 0;
  /** Nothing was played since the player fell silent: levels that still arrive are of earlier audio. */
  #isSilent = true;
  #isHeld = false;
  /** The epoch of the latest progress. */
  #progressEpoch = -1;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** Grows at each close, so that an opening that takes longer notices it. */
  #generation = 0;
  /** @type {Play[]} chunks that arrived while the worklet was loading */
  #waiting = [];
  /** @type {Listeners<[progress: PlaybackProgress, isUrgent: boolean]>} */
  #progressListeners = new Listeners();
  /** @type {Listeners<[rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[fault: PlaybackFault]>} */
  #faultListeners = new Listeners();
  #watchdog = new PlaybackWatchdog();
  /**
   * @param {AudioEngine} engine
   * @param {() => number} now milliseconds, by the page's clock
   */
  constructor(engine, now) {
    this.#engine = engine;
    this.#now = now;
    this.#watchdog.onStalled(() => this.#reportStall());
  }
  /** Subscribes to the progress of playback; it is urgent where an epoch begins and where playing ends. */
  onProgress = this.#progressListeners.add;
  /** Subscribes to the level of what is played. */
  onLevel = this.#levelListeners.add;
  /** Subscribes to faults: what was to be played is given up. */
  onFault = this.#faultListeners.add;
  /** @param {Play} chunk its samples are transferred */
  play(chunk) {
    if (this.#isHeld) return;
    if (chunk.epoch < this.#epoch) return;
    if (chunk.epoch > this.#epoch) this.flush(chunk.epoch);
    this.#isSilent = false;
    this.#watchdog.start();
    if (this.#node !== null) {
      this.#node.port.postMessage(chunk, [chunk.samples.buffer]);
      return;
    }
    this.#waiting.push(chunk);
    this.#opening ??= this.#open();
  }
  /** @param {number} epoch ignored when it is older than the current one */
  flush(epoch) {
    this.#isHeld = false;
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    this.#fallSilent({ type: "flush", epoch });
  }
  /** Falls silent at once and plays nothing more, until it is resumed or flushed. */
  hold() {
    this.#isHeld = true;
    this.#fallSilent({ type: "clear" });
  }
  /** Plays again what arrives from now on. */
  resume() {
    this.#isHeld = false;
  }
  /**
   * Gives up what was not played, if anything, and ends the worklet.
   *
   * @param {string} detail why
   */
  abandon(detail) {
    if (this.#watchdog.isExpecting) this.#fail(detail);
    else this.close();
  }
  /** Ends the worklet; the next chunk starts a new one. */
  close() {
    this.#watchdog.stop();
    this.#generation++;
    const node = this.#node;
    this.#node = null;
    this.#opening = null;
    this.#waiting.length = 0;
    this.#isSilent = true;
    if (node === null) return;
    node.port.onmessage = null;
    node.port.postMessage({ type: "end" });
    node.disconnect();
    this.#levelListeners.emit(0);
  }
  /** @param {{type: "flush", epoch: number} | {type: "clear"}} message */
  #fallSilent(message) {
    this.#watchdog.stop();
    this.#waiting.length = 0;
    this.#node?.port.postMessage(message);
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#levelListeners.emit(0);
  }
  async #open() {
    const generation = this.#generation;
    try {
      const context = await this.#engine.start();
      if (generation !== this.#generation) return;
      this.#node = this.#createNode(context);
      this.#node.port.postMessage({ type: "flush", epoch: this.#epoch });
    } catch (error) {
      if (generation !== this.#generation) return;
      this.#fail(describeError(error));
      return;
    }
    for (const chunk of this.#waiting.splice(0)) this.play(chunk);
  }
  /** @param {boolean} isMoreToCome */
  #noteProgress(isMoreToCome) {
    if (isMoreToCome) this.#watchdog.reset();
    else this.#watchdog.stop();
  }
  #reportStall() {
    if (!this.#engine.isBlocked) return this.#fail("nothing is played");
    this.#fallSilent({ type: "clear" });
    this.#faultListeners.emit({ epoch: this.#epoch, reason: "blocked", detail: "the browser waits for a click" });
  }
  /** @param {string} detail */
  #fail(detail) {
    this.close();
    this.#faultListeners.emit({ epoch: this.#epoch, reason: "failed", detail });
  }
  /** @param {AudioContext} context */
  #createNode(context) {
    const node = new AudioWorkletNode(context, "micdrop-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }) => {
      const { epoch, samples, underruns, buffered, isPlaying, rms, timeS } = data;
      const heardMs = this.#now() - (context.currentTime - timeS) * 1e3;
      if (epoch === this.#epoch) this.#noteProgress(isPlaying || buffered > 0);
      this.#reportProgress(context, { epoch, samples, underruns, buffered, heardMs }, epoch !== this.#progressEpoch || !isPlaying);
      this.#progressEpoch = epoch;
      if (!this.#isSilent && epoch === this.#epoch) this.#levelListeners.emit(rms);
    };
    node.onprocessorerror = () => {
      this.#fail("the playback worklet failed");
    };
    node.connect(context.destination);
    return node;
  }
  /**
   * Reports progress when the samples are heard: they leave the loudspeaker a little after they have left the audio graph.
   *
   * @param {AudioContext} context
   * @param {PlaybackProgress} progress
   * @param {boolean} isUrgent
   */
  #reportProgress(context, progress, isUrgent) {
    const latencyMs = 1e3 * (context.outputLatency || context.baseLatency || 0);
    const heard2 = { ...progress, heardMs: progress.heardMs + latencyMs };
    setTimeout(() => this.#progressListeners.emit(heard2, isUrgent), latencyMs);
  }
};

// src/speaker/speaker.js
var Speaker = class {
  #pageId;
  #engine;
  #outbox;
  #now;
  #player;
  /** The end of the latest audio that has arrived. */
  #received = { epoch: 0, samples: 0, ms: 0 };
  #isAckPending = false;
  /** @type {Listeners<[problem: string]>} */
  #problemListeners = new Listeners();
  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {import("./engine.js").AudioEngine} options.engine
   * @param {import("../session/outbox.js").Outbox} options.outbox
   * @param {() => number} options.now milliseconds
   */
  constructor({ pageId, engine, outbox, now }) {
    this.#pageId = pageId;
    this.#engine = engine;
    this.#outbox = outbox;
    this.#now = now;
    this.#player = new Player(engine, now);
    this.onLevel = this.#player.onLevel;
    this.onUsed = engine.onSpeakerUsed;
    this.#player.onProgress((progress, isUrgent) => this.#reportProgress(progress, isUrgent));
    this.#player.onFault((fault) => this.#reportFault(fault));
    engine.onSpeakerFailed((deviceId, error) => this.#reportFailed(deviceId, error));
  }
  /** Subscribes to problems, in words for the user. */
  onProblem = this.#problemListeners.add;
  /** @param {messages.Play} chunk its samples are transferred */
  play(chunk) {
    if (chunk.awaitsAck) this.#acknowledge(chunk);
    this.#player.play(chunk);
  }
  /** @param {messages.Flush} message what was sent before its epoch is not played */
  flush({ epoch }) {
    this.#player.flush(epoch);
  }
  /** @param {messages.SetSpeaker} message */
  select({ deviceId }) {
    this.#engine.selectSpeaker(deviceId);
  }
  /** Falls silent at once and plays nothing more, until it is resumed or flushed. */
  hold() {
    this.#player.hold();
  }
  /** Plays again what arrives from now on. */
  resume() {
    this.#player.resume();
  }
  /**
   * Closes and reports to the kernel what is given up, if anything.
   *
   * @param {string} detail why
   */
  abandon(detail) {
    this.#player.abandon(detail);
  }
  /** Plays nothing until the next chunk. */
  close() {
    this.#player.close();
  }
  /** @param {messages.Play} chunk several in a row are acknowledged by one message */
  #acknowledge({ epoch, position, samples }) {
    this.#received = { epoch, samples: position + samples.length, ms: this.#now() };
    if (this.#isAckPending) return;
    this.#isAckPending = true;
    this.#outbox.sendDeferred(() => {
      this.#isAckPending = false;
      return playReceived(this.#pageId, this.#received.epoch, this.#received.samples, this.#received.ms);
    });
  }
  /**
   * @param {import("./player.js").PlaybackProgress} progress
   * @param {boolean} isUrgent
   */
  #reportProgress(progress, isUrgent) {
    if (isUrgent) this.#outbox.send(heard(this.#pageId, progress));
    else this.#outbox.sendDeferred((delayMs) => heard(this.#pageId, extrapolate(progress, delayMs)));
  }
  /** @param {import("./player.js").PlaybackFault} fault */
  #reportFault({ epoch, reason, detail }) {
    this.#problemListeners.emit(`The answer cannot be played (${detail}).`);
    this.#outbox.send(playbackFailed(this.#pageId, epoch, reason, detail));
  }
  /**
   * @param {string} deviceId
   * @param {unknown} error
   */
  #reportFailed(deviceId, error) {
    const detail = describeError(error);
    this.#problemListeners.emit(`The loudspeaker cannot be used (${detail}). The usual one plays on.`);
    this.#outbox.send(speakerFailed(this.#pageId, deviceId, detail));
  }
};

// src/session/changes.js
var Changes = class {
  /** @type {Listeners<[]>} */
  #listeners = new Listeners();
  #isScheduled = false;
  /** Subscribes to changes; a listener is called once per turn of the event loop in which something changed. */
  onChange = this.#listeners.add;
  /** Notes that something has changed; the listeners are called when this turn of the event loop is over. */
  note() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#listeners.emit();
    });
  }
  /** Ends all subscriptions. */
  clear() {
    this.#listeners.clear();
  }
};

// src/session/commands.js
var Commands = class {
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
  constructor({ pageId, host, outbox, audio: audio2, microphone, pendingRequests }) {
    this.#pageId = pageId;
    this.#host = host;
    this.#outbox = outbox;
    this.#audio = audio2;
    this.#microphone = microphone;
    this.#pendingRequests = pendingRequests;
  }
  /** Subscribes to commands that are pending, and about to be sent. */
  onPending = this.#pendingListeners.add;
  /** Starts the call. Call it synchronously from a click. */
  start() {
    this.#audio.resume();
    this.send("start");
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
  send(name2) {
    this.#pendingRequests.add(name2);
    this.#pendingListeners.emit(name2);
    this.#outbox.send(command(this.#pageId, name2));
  }
  /**
   * Uses another device, in whatever page has microphone and loudspeaker.
   *
   * @param {"microphone" | "speaker"} kind
   * @param {string} deviceId
   */
  chooseDevice(kind, deviceId) {
    if (!this.#host.state.isMicStarted) this.#microphone.rememberDevice(kind, deviceId);
    this.#outbox.send(chooseDevice(this.#pageId, kind, deviceId));
  }
};

// src/session/idle-release.js
var RELEASE_AFTER_MS = 5e3;
function isAudioNeeded(state) {
  const isOwner = state._owner === null || state._owner === state.pageId;
  const isInCall = isOwner && (state.isStarted || state.isStarting);
  return isInCall || state.isStartRequested || state.hasMicrophone || state.isMicrophoneOpening;
}
var IdleRelease = class {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Listeners<[]>} */
  #dueListeners = new Listeners();
  /** Subscribes to the end of the time: 5 s have passed since the last restart. */
  onDue = this.#dueListeners.add;
  /** Begins the time anew: something has changed. */
  restart() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#dueListeners.emit(), RELEASE_AFTER_MS);
  }
  dispose() {
    clearTimeout(this.#timer);
  }
};

// src/session/outbox.js
var MAX_DELAY_MS = 100;
var Outbox = class {
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
  constructor({ send, bundle: bundle2, now }) {
    this.#send = send;
    this.#bundle = bundle2;
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
    if (only !== void 0) this.#send(all.length === 1 ? only : this.#bundle(all));
  }
  #clearDeferred() {
    clearTimeout(this.#timer);
    this.#timer = void 0;
    return this.#deferred.splice(0);
  }
};

// src/session/page-audio.js
var PageAudio = class {
  #engine;
  #microphone;
  #speaker;
  /** @type {Listeners<[]>} */
  #closedListeners = new Listeners();
  /** @type {Listeners<[problem: string]>} */
  #problemListeners = new Listeners();
  /**
   * @param {object} options
   * @param {import("../speaker/engine.js").AudioEngine} options.engine
   * @param {import("../microphone/microphone.js").Microphone} options.microphone
   * @param {import("../speaker/speaker.js").Speaker} options.speaker
   */
  constructor({ engine, microphone, speaker }) {
    this.#engine = engine;
    this.#microphone = microphone;
    this.#speaker = speaker;
  }
  /** Subscribes to the end of playback and of the audio context. */
  onClosed = this.#closedListeners.add;
  /** Subscribes to problems, in words for the user. */
  onProblem = this.#problemListeners.add;
  /** Creates or resumes the audio context. Call it synchronously from a click. */
  start() {
    this.#engine.start().catch(() => void 0);
  }
  /** Lets a suspended audio context run. Call it synchronously from a click. */
  allow() {
    this.#engine.start().catch((error) => {
      this.#problemListeners.emit(`The browser gives no audio (${describeError(error)}).`);
    });
  }
  /** Plays the audio that arrives from now on. */
  resume() {
    this.#speaker.resume();
  }
  /** Releases the microphone, and plays nothing until `resume`. */
  hold() {
    this.#microphone.release();
    this.#speaker.hold();
  }
  /** Releases everything. */
  release() {
    this.#microphone.release();
    this.close();
  }
  /** Releases the microphone of a kernel that is out of reach: it is opened again when the kernel still wants it then. */
  releaseForLostKernel() {
    this.#microphone.releaseForLostKernel();
    this.close();
  }
  /** Gives up the audio that was not played: the kernel is silent. */
  abandon() {
    this.#speaker.abandon("the kernel was silent");
    this.close();
  }
  /** Ends playback, and the audio context. */
  close() {
    this.#speaker.close();
    this.#engine.close();
    this.#closedListeners.emit();
  }
};

// src/session/panel-state.js
var PagePanelState = class {
  #pageId;
  #host;
  #engine;
  #microphone;
  #pendingRequests;
  #details;
  isKernelLost = false;
  wasStarted = false;
  /** @type {string | null} */
  problem = null;
  /** @type {string | null} */
  pageUrl = null;
  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {import("../host/host.js").Host} options.host
   * @param {import("../speaker/engine.js").AudioEngine} options.engine
   * @param {import("../microphone/microphone.js").Microphone} options.microphone
   * @param {import("./pending-requests.js").PendingRequests} options.pendingRequests
   * @param {import("./details.js").ReceivedDetails} options.details
   */
  constructor({ pageId, host, engine, microphone, pendingRequests, details: details2 }) {
    this.#pageId = pageId;
    this.#host = host;
    this.#engine = engine;
    this.#microphone = microphone;
    this.#pendingRequests = pendingRequests;
    this.#details = details2;
  }
  /** @returns {import("./state.js").CallState} the call's state as the kernel sent it */
  get call() {
    return { ...this.#host.state, ...this.#details.current };
  }
  /** @returns {PanelState} all of it, as it is now */
  get current() {
    const { isStartRequested, isStopRequested, isMuteRequested, isPauseRequested } = this.#pendingRequests;
    const { hasStartFailed, isKernelSlow } = this.#pendingRequests;
    return {
      ...this.call,
      pageId: this.#pageId,
      isStartRequested,
      isStopRequested,
      hasStartFailed,
      isKernelSlow,
      isKernelLost: this.isKernelLost,
      lostReason: this.#host.lostReason,
      isSaved: this.#host.isSaved,
      place: this.#host.place,
      hostName: this.#host.hostName,
      offersPage: this.#host.offersPage,
      pageUrl: this.pageUrl,
      isMuteRequested,
      isPauseRequested,
      isAudioBlocked: this.#engine.isBlocked,
      hasMicrophone: this.#microphone.isOpen,
      isMicrophoneOpening: this.#microphone.isOpening,
      isOnHold: this.#microphone.isOnHold,
      isLineSlow: this.#microphone.isCompanding,
      isKernelSilent: this.#microphone.isKernelSilent,
      wasStarted: this.wasStarted,
      problem: this.problem
    };
  }
};

// src/session/pending-requests.js
var SLOW_AFTER_MS = 1500;
var PendingRequests = class {
  isStartRequested = false;
  isStopRequested = false;
  isMuteRequested = false;
  isPauseRequested = false;
  /** The latest start ended with an error before the call was up. */
  hasStartFailed = false;
  isKernelSlow = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #call = INITIAL_CALL_STATE;
  /** A call was asked for, or is starting, and has not been up since. */
  #isAwaitingCall = false;
  /** @type {Listeners<[]>} */
  #slowListeners = new Listeners();
  /** Subscribes to the kernel's being slow to confirm a request. */
  onSlow = this.#slowListeners.add;
  /** True while a pending request keeps the microphone shut. */
  get mutesMicrophone() {
    return this.isMuteRequested || this.isPauseRequested;
  }
  /** @param {import("../messages/messages.js").CommandName} name */
  add(name2) {
    if (name2 === "start" || name2 === "take_over" || name2 === "stop") {
      this.isStartRequested = name2 !== "stop";
      this.hasStartFailed = false;
      this.#isAwaitingCall = name2 !== "stop";
      this.isStopRequested = name2 === "stop" && (this.#call.isStarted || this.#call.isStarting);
    }
    if (name2 === "mute" || name2 === "unmute") this.isMuteRequested = name2 === "mute";
    if (name2 === "pause" || name2 === "resume") this.isPauseRequested = name2 === "pause";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#checkSlow(), SLOW_AFTER_MS);
  }
  /**
   * Drops the requests that the kernel's state confirms or refuses.
   *
   * @param {CallState} call
   */
  settle(call) {
    const isNewError = call.error !== this.#call.error && call.error !== null;
    const isInCall = call.isStarting || call.isStarted;
    const hasEnded2 = !isInCall && (this.#call.isStarting || this.#call.isStarted);
    if (isInCall || hasEnded2 || isNewError) this.isStartRequested = false;
    if (!isInCall) this.isStopRequested = false;
    if (call.isMuted) this.isMuteRequested = false;
    if (call.isPaused) this.isPauseRequested = false;
    if (call.isStarting) this.#isAwaitingCall = true;
    if (call.isStarted) this.#isAwaitingCall = false;
    this.hasStartFailed = this.#isAwaitingCall && !isInCall && !this.isStartRequested && call.error !== null;
    this.#call = call;
    if (!this.#isAnyPending) this.isKernelSlow = false;
  }
  /** The kernel asks for the microphone, which confirms the start. */
  confirmStart() {
    this.isStartRequested = false;
    this.isKernelSlow = false;
  }
  dispose() {
    clearTimeout(this.#timer);
  }
  get #isAnyPending() {
    return this.isStartRequested || this.isStopRequested || this.mutesMicrophone;
  }
  #checkSlow() {
    if (!this.#isAnyPending) return;
    this.isKernelSlow = true;
    this.#slowListeners.emit();
  }
};

// src/session/presence.js
var LEAVE_AFTER_MS = 500;
var Presence = class {
  #page;
  /** @type {Listeners<[]>} */
  #arriveListeners = new Listeners();
  /** @type {Listeners<[isPageGone: boolean]>} */
  #leaveListeners = new Listeners();
  #viewCount = 0;
  #isPresent = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} of the listeners on the page, which are there only while there is a view */
  #pageListeners = null;
  /** @param {EventTarget} page says when it is left and when it is back: the window */
  constructor(page) {
    this.#page = page;
  }
  /** Subscribes to the page's showing the call, for the first time or again. */
  onArrive = this.#arriveListeners.add;
  /** Subscribes to the page's no longer showing the call. True: the page is gone, and may come back; false: it has no view left. */
  onLeave = this.#leaveListeners.add;
  get isPresent() {
    return this.#isPresent;
  }
  /**
   * Counts a view in.
   *
   * @returns {() => void} counts it out
   */
  enter() {
    this.#viewCount++;
    this.#listenToPage();
    this.#arrive();
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#viewCount--;
      if (this.#viewCount > 0) return;
      this.#timer = setTimeout(() => this.leave(), LEAVE_AFTER_MS);
    };
  }
  /** Leaves at once, whatever views there are. */
  leave() {
    this.#pageListeners?.abort();
    this.#pageListeners = null;
    this.#leave(false);
  }
  #listenToPage() {
    if (this.#pageListeners !== null) return;
    this.#pageListeners = new AbortController();
    const { signal } = this.#pageListeners;
    this.#page.addEventListener("pagehide", () => this.#leave(true), { signal });
    this.#page.addEventListener("pageshow", () => this.#arrive(), { signal });
  }
  #arrive() {
    if (this.#viewCount === 0) return;
    clearTimeout(this.#timer);
    if (this.#isPresent) return;
    this.#isPresent = true;
    this.#arriveListeners.emit();
  }
  /** @param {boolean} isPageGone */
  #leave(isPageGone) {
    clearTimeout(this.#timer);
    if (!this.#isPresent) return;
    this.#isPresent = false;
    this.#leaveListeners.emit(isPageGone);
  }
};

// src/session/kernel-messages.js
var KernelMessages = class {
  #pageId;
  #handlers;
  #onProblem;
  /**
   * @param {object} options
   * @param {string} options.pageId
   * @param {Handlers} options.handlers
   * @param {(problem: string) => void} options.onProblem called with words for the user when a message cannot be read
   */
  constructor({ pageId, handlers, onProblem }) {
    this.#pageId = pageId;
    this.#handlers = handlers;
    this.#onProblem = onProblem;
  }
  /**
   * @param {unknown} content
   * @param {DataView[]} buffers
   */
  receive(content, buffers) {
    try {
      const message = parseDown(content, buffers, this.#pageId);
      if (message !== null) this.#handle(message);
    } catch (error) {
      this.#onProblem(`The kernel sent something this panel does not understand (${describeError(error)}). Reload the page.`);
    }
  }
  /** @param {DownMessage} message */
  #handle(message) {
    if (message.type === "bundle") return message.contents.forEach((content) => this.receive(content, []));
    if (message.type === "state") throw new CommError("a state is not for this panel");
    const handle = (
      /** @type {(message: DownMessage) => unknown} */
      this.#handlers[message.type]
    );
    return handle(message);
  }
};

// src/session/message-handlers.js
function messageHandlers(receivers) {
  const { pageId, outbox, microphone, speaker, details: details2, stateEffects } = receivers;
  return {
    open_mic: (message) => openMicrophone(receivers, message),
    close_mic: (message) => microphone.close(message),
    ack: (message) => microphone.acknowledge(message),
    play: (message) => speaker.play(message),
    flush: (message) => speaker.flush(message),
    set_speaker: (message) => speaker.select(message),
    probe: ({ number: number2 }) => outbox.send(probed(pageId, number2)),
    alive: ({ request }) => answerHeartbeat(receivers, request),
    vad_readout: (message) => receivers.onVadReadout(message),
    conversation: (message) => receiveConversation(receivers, message),
    details: (message) => {
      details2.receiveFields(message);
      stateEffects.apply();
    },
    page_address: ({ url }) => showPageAddress(receivers, url)
  };
}
function openMicrophone({ microphone, speaker, pendingRequests, stateEffects, changes }, message) {
  stateEffects.applyMute();
  if (!microphone.open(message)) return;
  speaker.resume();
  pendingRequests.confirmStart();
  changes.note();
}
function answerHeartbeat({ pageId, outbox, microphone, presence }, request) {
  microphone.confirm(request);
  if (presence.isPresent) outbox.send(alive(pageId, request));
}
function receiveConversation({ details: details2, presence, stateEffects, sayHello }, message) {
  if (!details2.receiveConversation(message) && presence.isPresent) sayHello();
  stateEffects.apply();
}
function showPageAddress({ panelState, changes }, url) {
  if (new URL(url).protocol === "http:") panelState.pageUrl = url;
  changes.note();
}

// src/session/session.js
var Session = class {
  #pageId;
  #host;
  #outbox;
  #engine;
  #microphone;
  #speaker;
  #audio;
  #pendingRequests;
  #presence;
  #idleRelease;
  #stateEffects;
  #changes;
  /** @type {Listeners<[meter: "microphone" | "speaker", rms: number]>} */
  #levelListeners = new Listeners();
  /** @type {Listeners<[readout: messages.VadReadout]>} */
  #readoutListeners = new Listeners();
  #details;
  #panelState;
  #kernelMessages;
  #isDisposed = false;
  /** @param {Collaborators} collaborators */
  constructor(collaborators) {
    const { pageId, host, outbox, engine, microphone, speaker } = collaborators;
    this.#pageId = pageId;
    this.#host = host;
    this.#outbox = outbox;
    this.#engine = engine;
    this.#microphone = microphone;
    this.#speaker = speaker;
    this.#audio = collaborators.audio;
    this.commands = collaborators.commands;
    this.#details = collaborators.details;
    this.#panelState = collaborators.panelState;
    this.#pendingRequests = collaborators.pendingRequests;
    this.#presence = collaborators.presence;
    this.#idleRelease = collaborators.idleRelease;
    this.#stateEffects = collaborators.stateEffects;
    this.#changes = collaborators.changes;
    this.onChange = this.#changes.onChange;
    this.#kernelMessages = new KernelMessages({
      pageId,
      handlers: messageHandlers({
        ...collaborators,
        sayHello: () => this.#sayHello(),
        onVadReadout: (readout) => this.#readoutListeners.emit(readout)
      }),
      onProblem: (problem) => this.#showProblem(problem)
    });
    this.#subscribe();
    this.#receiveState();
  }
  /** Subscribes to the levels of what is captured and of what is played. */
  onLevel = this.#levelListeners.add;
  /** Subscribes to the readouts of the kernel's voice activity detection. */
  onVadReadout = this.#readoutListeners.add;
  /** @returns {PanelState} */
  get state() {
    return this.#panelState.current;
  }
  /**
   * Counts a view in; the first one says hello to the kernel, the last one goodbye.
   *
   * @returns {() => void} counts it out
   */
  enter() {
    return this.#presence.enter();
  }
  /** Ends the session for good: releases everything, ends all subscriptions. */
  dispose() {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#presence.leave();
    this.#audio.release();
    this.#idleRelease.dispose();
    this.#pendingRequests.dispose();
    this.#outbox.close();
    this.#microphone.unfollowDevices();
    this.#host.dispose();
    this.#changes.clear();
    this.#levelListeners.clear();
    this.#readoutListeners.clear();
  }
  #subscribe() {
    this.#host.onState(() => this.#receiveState());
    this.#host.onMessage((content, buffers) => this.#receive(content, buffers));
    this.#host.onLost((cause) => this.#loseKernel(cause));
    this.#engine.onBlockedChange(() => this.#changes.note());
    this.#microphone.onChange(() => this.#stateEffects.restartIdleTime());
    this.#microphone.onLevel((rms) => this.#levelListeners.emit("microphone", rms));
    this.#microphone.onKernelSilent(() => this.#audio.abandon());
    this.#speaker.onUsed((deviceId) => this.#microphone.rememberDevice("speaker", deviceId));
    this.#speaker.onLevel((rms) => this.#levelListeners.emit("speaker", rms));
    this.#speaker.onProblem((problem) => this.#showProblem(problem));
    this.#audio.onClosed(() => this.#changes.note());
    this.#audio.onProblem((problem) => this.#showProblem(problem));
    this.commands.onPending((name2) => this.#notePending(name2));
    this.#pendingRequests.onSlow(() => this.#changes.note());
    this.#presence.onArrive(() => this.#sayHello());
    this.#presence.onLeave((isPageGone) => this.#sayGoodbye(isPageGone));
    this.#idleRelease.onDue(() => {
      if (!isAudioNeeded(this.state)) this.#audio.close();
    });
  }
  #receiveState() {
    this.#panelState.isKernelLost = false;
    this.#microphone.noteKernelMessage();
    this.#stateEffects.apply();
  }
  #sayHello() {
    this.#details.awaitWhole();
    this.#outbox.send(hello(this.#pageId));
  }
  /**
   * @param {unknown} content
   * @param {DataView[]} buffers
   */
  #receive(content, buffers) {
    this.#panelState.isKernelLost = false;
    this.#microphone.noteKernelMessage();
    this.#kernelMessages.receive(content, buffers);
  }
  /** @param {messages.CommandName} name */
  #notePending(name2) {
    if (name2 === "start") this.#panelState.problem = null;
    this.#stateEffects.applyMute();
    this.#changes.note();
  }
  /**
   * No microphone stays open for a call that may not exist any more. Whatever the kernel sends next shows that it does.
   *
   * @param {unknown} cause
   */
  #loseKernel(cause) {
    if (!this.#panelState.isKernelLost) console.warn(`micdrop-widget: the kernel is out of reach (${describeError(cause)})`);
    this.#panelState.isKernelLost = true;
    this.#audio.releaseForLostKernel();
  }
  /** @param {boolean} isPageGone */
  #sayGoodbye(isPageGone) {
    this.#audio.release();
    this.#outbox.send(bye(this.#pageId, isPageGone));
    if (!isPageGone) this.#microphone.unfollowDevices();
  }
  /** @param {string} problem */
  #showProblem(problem) {
    console.error(`micdrop-widget: ${problem}`);
    this.#panelState.problem = problem;
    this.#changes.note();
  }
};

// src/session/state-effects.js
var StateEffects = class {
  #host;
  #microphone;
  #speaker;
  #audio;
  #pendingRequests;
  #panelState;
  #idleRelease;
  #changes;
  /**
   * @param {object} options
   * @param {import("../host/host.js").Host} options.host
   * @param {import("../microphone/microphone.js").Microphone} options.microphone
   * @param {import("../speaker/speaker.js").Speaker} options.speaker
   * @param {import("./page-audio.js").PageAudio} options.audio
   * @param {import("./pending-requests.js").PendingRequests} options.pendingRequests
   * @param {import("./panel-state.js").PagePanelState} options.panelState
   * @param {import("./idle-release.js").IdleRelease} options.idleRelease
   * @param {import("./changes.js").Changes} options.changes
   */
  constructor({ host, microphone, speaker, audio: audio2, pendingRequests, panelState, idleRelease, changes }) {
    this.#host = host;
    this.#microphone = microphone;
    this.#speaker = speaker;
    this.#audio = audio2;
    this.#pendingRequests = pendingRequests;
    this.#panelState = panelState;
    this.#idleRelease = idleRelease;
    this.#changes = changes;
  }
  /** Follows the call's state as it is now. */
  apply() {
    const { call } = this.#panelState;
    this.#pendingRequests.settle(call);
    if (call.isStarted || call.conversation.length > 0) this.#panelState.wasStarted = true;
    if (!call.isStarted && !call.isStarting) this.#speaker.resume();
    if (call._closed) this.#audio.release();
    this.applyMute();
    this.restartIdleTime();
  }
  /** Mutes the microphone when the kernel says so, or when a request that it has not confirmed does. */
  applyMute() {
    this.#microphone.isMuted = this.#host.state.isMicMuted || this.#pendingRequests.mutesMicrophone;
  }
  /** Begins the time anew after which audio that nobody needs is released: something has changed. */
  restartIdleTime() {
    this.#idleRelease.restart();
    this.#changes.note();
  }
};

// src/session/watchdog.js
var SILENT_AFTER_MS = 4e3;
var CHECK_INTERVAL_MS2 = 500;
var MIN_CHECKS = 4;
var KernelWatchdog = class {
  #now;
  /** @type {Listeners<[]>} */
  #silentListeners = new Listeners();
  /** @type {ReturnType<typeof setInterval> | undefined} set while the watchdog runs */
  #timer;
  #messageMs = 0;
  #checkMs = 0;
  #checks = 0;
  #isSilent = false;
  /** @param {() => number} now milliseconds */
  constructor(now) {
    this.#now = now;
  }
  /** Subscribes to the kernel's falling silent: nothing came from it for 4 s. */
  onSilent = this.#silentListeners.add;
  /** True from the kernel's falling silent until the next start or stop. */
  get isSilent() {
    return this.#isSilent;
  }
  /** Expects messages of the kernel from now on. */
  start() {
    this.stop();
    this.reset();
    this.#timer = setInterval(() => this.check(), CHECK_INTERVAL_MS2);
  }
  /** Notes that the kernel has sent a message, whatever it is. */
  reset() {
    this.#messageMs = this.#checkMs = this.#now();
    this.#checks = 0;
  }
  /** Checks the time. To be called whenever something happens: the timers of a hidden page may be a minute late. */
  check() {
    if (this.#timer === void 0 || this.#now() - this.#checkMs < CHECK_INTERVAL_MS2) return;
    this.#checkMs = this.#now();
    this.#checks++;
    if (this.#checks < MIN_CHECKS || this.#now() - this.#messageMs < SILENT_AFTER_MS) return;
    this.#clearTimer();
    this.#isSilent = true;
    this.#silentListeners.emit();
  }
  /** Expects nothing any more: the microphone is closed. */
  stop() {
    this.#clearTimer();
    this.#isSilent = false;
  }
  #clearTimer() {
    clearInterval(this.#timer);
    this.#timer = void 0;
  }
};

// src/session/create.js
function createSession({ host, workletSources: workletSources2 }) {
  const pageId = randomId();
  const outbox = new Outbox({
    send: ({ content, buffers }) => host.send(content, buffers),
    bundle: (messages) => bundle(pageId, messages),
    now: nowMs
  });
  const engine = new AudioEngine({ workletSources: workletSources2 });
  const microphone = new Microphone({
    pageId,
    engine,
    watchdog: new KernelWatchdog(nowMs),
    send: (message) => outbox.send(message),
    isSpeakerChosen: () => host.state.speakerDeviceId !== null,
    now: nowMs
  });
  const speaker = new Speaker({ pageId, engine, outbox, now: nowMs });
  const audio2 = new PageAudio({ engine, microphone, speaker });
  const pendingRequests = new PendingRequests();
  const details2 = new ReceivedDetails();
  const panelState = new PagePanelState({ pageId, host, engine, microphone, pendingRequests, details: details2 });
  const idleRelease = new IdleRelease();
  const changes = new Changes();
  const stateEffects = new StateEffects({ host, microphone, speaker, audio: audio2, pendingRequests, panelState, idleRelease, changes });
  return new Session({
    pageId,
    host,
    outbox,
    engine,
    microphone,
    speaker,
    audio: audio2,
    commands: new Commands({ pageId, host, outbox, audio: audio2, microphone, pendingRequests }),
    details: details2,
    panelState,
    pendingRequests,
    presence: new Presence(window),
    idleRelease,
    stateEffects,
    changes
  });
}
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// src/view/dom.js
function element(tag, className, attributes = {}, children = []) {
  const created = document.createElement(tag);
  if (className !== "") created.className = className;
  for (const [name2, value] of Object.entries(attributes)) created.setAttribute(name2, value);
  created.append(...children);
  return created;
}
function setHidden(target, isHidden) {
  if (target.hidden !== isHidden) target.hidden = isHidden;
}
function setText(target, text2) {
  if (target.textContent !== text2) target.textContent = text2;
}

// src/view/labels.js
var STATES = [
  [(s) => s.isSaved, label("saved", "Saved panel", "ended", "off")],
  [(s) => s._closed, label("closed", "Call closed", "ended", "off")],
  [(s) => s.isKernelLost && s.lostReason === "moved", label("moved", "Open in another tab", "ended", "off")],
  [(s) => s.isKernelLost && s.place === "page", label("disconnected", "No connection to Python", "warning", "off")],
  [(s) => s.isKernelLost, label("disconnected", "No connection to the kernel", "warning", "off")],
  [(s) => s.isStopRequested, label("stopping", "Stopping…", "wait", "wait")],
  [(s) => s.isStarting && !s.isMicStarted, label("waiting-microphone", "Waiting for the microphone…", "microphone", "wait")],
  [(s) => s.isStarting, label("connecting", "Connecting…", "wait", "wait")],
  [(s) => s.isStartRequested && !s.isStarted, label("starting", "Starting…", "wait", "wait")],
  [(s) => s.isKernelSilent, label("silent", "No answer from the kernel", "warning", "off")],
  [(s) => s.isOnHold, label("on-hold", "On hold: the kernel is busy", "wait", "off")],
  [(s) => s.isReconnecting, label("reconnecting", "Reconnecting…", "reconnect", "wait")],
  [(s) => !s.isStarted && s.isMicStarted && isMuted(s), label("muted", "Muted", "microphoneOff", "off")],
  [(s) => !s.isStarted && s.isMicStarted, label("microphone-only", "Microphone is on, no call", "microphone", "listen")],
  [(s) => !s.isStarted && s.hasStartFailed, label("failed", "Could not start", "warning", "error")],
  [(s) => !s.isStarted && hasEnded(s), label("ended", "Call ended", "ended", "idle")],
  [(s) => !s.isStarted, label("not-started", "Not started", "call", "idle")],
  [(s) => isPaused(s), label("paused", "Paused", "pause", "off")],
  [(s) => s.isUserSpeaking, label("user-speaking", "You are speaking", "waves", "listen")],
  [(s) => s.isAssistantSpeaking, label("assistant-speaking", "Assistant is speaking", "speaker", "speak")],
  [(s) => s.isProcessing, label("thinking", "Thinking…", "thinking", "wait")],
  [(s) => isMuted(s), label("muted", "Muted", "microphoneOff", "off")],
  [(s) => !s.isMicStarted, label("microphone-off", "Microphone is off", "microphoneOff", "off")],
  [(s) => s.isMicMuted, label("microphone-on-hold", "Microphone is on hold", "microphoneOff", "off")],
  [(s) => s.isListening, label("listening", "Listening", "microphone", "listen")]
];
var CONNECTED = label("connected", "Connected", "call", "idle");
function describeState(state) {
  return STATES.find(([holds]) => holds(state))?.[1] ?? CONNECTED;
}
function describeControls(state) {
  const isInCall = isReachable(state) && (state.isStarted || state.isStarting || state.isStartRequested);
  return {
    start: isInCall ? control("Stop", "stop", "stop", { isEnabled: !state.isStopRequested }) : control(state._ended_by !== null ? "Start again" : "Start", "call", "start", { isEnabled: canStart(state) }),
    mute: isMuted(state) ? control("Unmute the microphone", "microphoneOff", "unmute", { isEnabled: canMute(state), isPressed: true }) : control("Mute the microphone", "microphone", "mute", { isEnabled: canMute(state) }),
    pause: isPaused(state) ? control("Resume the call", "play", "resume", { isEnabled: canPause(state), isPressed: true }) : control("Pause the call", "pause", "pause", { isEnabled: canPause(state) })
  };
}
function describeTakeOver(state) {
  if (!canTakeOver(state)) return null;
  if (isElsewhere(state)) return state.isMicStarted || state.isStarted ? "Use the microphone here" : null;
  return isMicrophoneMissing(state) && (state._owner === null || state.error !== null) ? "Rejoin with the microphone" : null;
}
function isWaitingForPage(state) {
  return canTakeOver(state) && isMicrophoneMissing(state) && state._owner === null && state.error === null;
}
function canTakeOver(state) {
  return isReachable(state) && !state.isStartRequested && !state.isStopRequested && !state.isKernelSilent;
}
function isMicrophoneMissing(state) {
  return state.isStarted && !state.isMicStarted;
}
var WORDS = {
  notebook: {
    closed: "This call was closed: run the cell again.",
    lost: "The kernel was restarted or shut down, or cannot be reached. The microphone is released. Run the cell again.",
    moved: "",
    silent: "The microphone is released. When the kernel answers again, the call goes on by itself. If it was restarted or shut down, run the cell again."
  },
  page: {
    closed: "This call was closed, and so was the page. Open it again from Python.",
    lost: "The Python process has ended, or cannot be reached. The microphone is released. As soon as it can be reached, this page shows the call again.",
    moved: "Another tab or browser has this call now. The microphone is released here. Reload this page to have the call here.",
    silent: "The microphone is released. When Python answers again, the call goes on by itself."
  }
};
function describePage(state) {
  if (!isReachable(state) || state.place === "page") return null;
  const { hostName, offersPage, pageUrl } = state;
  if (pageUrl === null) {
    if (!offersPage) return null;
    return { words: `Call from a page of its own: ${hostName ?? "this page"} gives no microphone`, url: null };
  }
  return { words: `Open ${new URL(pageUrl).host} in a browser`, url: pageUrl };
}
var ENDED_BY = {
  cell_run_again: "The call of this cell ended because the cell ran again. Start again to go on.",
  panel_removed: "The call ended because its panel was removed from the page. Start again to go on."
};
function describeNote(state) {
  if (state.isSaved) return "This panel was saved with the notebook, without its call. Run the cell again.";
  const words = WORDS[state.place];
  if (state._closed) return words.closed;
  if (state.isKernelLost) return state.lostReason === "moved" ? words.moved : words.lost;
  if (state.isKernelSilent) return words.silent;
  if (state.isOnHold) {
    return "What you say now is lost. The call goes on by itself when the kernel answers again.";
  }
  if (state.isKernelSlow) return "The kernel has not answered yet. It may be busy with a cell.";
  if (state.isMicStarted && isElsewhere(state)) return "The microphone is used in another tab.";
  if (state._ended_by !== null && !isMicrophoneInUse(state)) return ENDED_BY[state._ended_by];
  if (state.isLineSlow) return "The line is slow: your voice is sent in telephone quality.";
  if (isMuted(state) && !isMicrophoneInUse(state)) return "You are still muted, also in the next call.";
  return "";
}
function describeNotices(state) {
  if (!isReachable(state)) return [];
  return state.notices.map(({ code, message, remedy }) => ({ code, words: `${message} ${remedy}` }));
}
function describeError2(state) {
  if (state.error !== null) return { message: state.error.message, remedy: state.error.remedy };
  if (state.problem !== null) return { message: state.problem, remedy: "" };
  return null;
}
function label(id, words, icon2, tone) {
  return Object.freeze({ id, words, icon: icon2, tone });
}
function control(text2, icon2, action, { isEnabled, isPressed = false }) {
  return { label: text2, icon: icon2, action, isEnabled, isPressed };
}
var isMuted = (state) => state.isMuted || state.isMuteRequested;
var isPaused = (state) => state.isPaused || state.isPauseRequested;
var isReachable = (state) => !state._closed && !state.isKernelLost && !state.isSaved;
var isElsewhere = (state) => state._owner !== null && state._owner !== state.pageId;
var isMicrophoneInUse = (state) => state.isStarted || state.isStarting || state.isMicStarted;
var canMute = (state) => isReachable(state) && (isMicrophoneInUse(state) || isMuted(state));
var canStart = (state) => !state._closed && !state.isSaved && !(state.isKernelLost && state.place === "page");
var canPause = (state) => isReachable(state) && state.isStarted;
var hasEnded = (state) => state.wasStarted || state._ended_by !== null || state.conversation.length > 0;

// src/view/icons.js
var PATHS = {
  call: "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
  devices: "M4 7h9M19 7h1M13 4.500v5M16 4.500v5M13 4.500h3v5h-3zM4 17h1M11 17h9M5 14.500h3v5H5zM8 14.500h3v5H8z",
  ended: "M4 14.5v-2.2c4.6-4.4 11.4-4.4 16 0v2.2a1 1 0 0 1-1.2 1l-3-.7a1 1 0 0 1-.8-1v-2a10 10 0 0 0-6 0v2a1 1 0 0 1-.8 1l-3 .7a1 1 0 0 1-1.2-1z",
  microphone: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7",
  microphoneOff: "M4 4l16 16M9 9v2a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.8-1M5.5 11a6.5 6.5 0 0 0 10.7 5M18.5 11a6.5 6.5 0 0 1-.6 2.7M12 17.5V21M8.5 21h7",
  pause: "M9 5.5v13M15 5.5v13",
  play: "M8 5.5v13l10.5-6.5z",
  reconnect: "M20 11a8 8 0 0 0-14.3-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14.3 4L20 15M20 20v-5h-5",
  speaker: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.500zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a7.8 7.8 0 0 1 0 11",
  stop: "M7 7h10v10H7z",
  thinking: "M5.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M11.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M17.4 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  tool: "M14.5 6.500a4 4 0 0 0-5.3 5L4 16.7 7.3 20l5.2-5.200a4 4 0 0 0 5-5.300L15 12l-3-3z",
  wait: "M12 7v5l3.2 2M12 3.500a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17z",
  warning: "M12 4.5 21 20H3zM12 10v4.500M12 17.200h.01",
  waves: "M4 10v4M8 7v10M12 4v16M16 7v10M20 10v4"
};
var NAMESPACE = "http://www.w3.org/2000/svg";
function icon(name2) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("class", "micdrop-icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(NAMESPACE, "path"));
  setIcon(svg, name2);
  return svg;
}
function setIcon(svg, name2) {
  if (svg.dataset.icon === name2) return;
  svg.dataset.icon = name2;
  svg.firstElementChild?.setAttribute("d", PATHS[name2]);
}

// src/view/conversation.js
var END_SLACK_PX = 32;
var DRAWN = 50;
var MORE = 25;
var SPEAKERS = { user: "You", assistant: "Assistant" };
var ConversationView = class {
  #list = element("div", "micdrop-conversation", {
    "data-testid": "conversation",
    role: "log",
    // The assistant is heard; a screen reader that reads it too would talk over it.
    "aria-live": "off",
    "aria-label": "Conversation",
    tabindex: "0"
  });
  #earlier = element("button", "micdrop-earlier", { type: "button", hidden: "" });
  #toEnd = element("button", "micdrop-to-end", { type: "button", hidden: "" }, ["Latest ↓"]);
  #partial = utterance("assistant", "");
  /** @type {readonly ConversationItem[]} */
  #items = [];
  /** Index of the first item that is drawn. */
  #first = 0;
  /** @type {Element[]} */
  #rows = [];
  #isWhole = false;
  #isFollowing = true;
  #resizeObserver = new ResizeObserver(() => this.#adaptToSize());
  constructor() {
    this.root = element("div", "micdrop-conversation-frame", { hidden: "" }, [this.#list, this.#toEnd]);
    this.#partial.classList.add("micdrop-partial");
    this.#list.append(this.#earlier);
    this.#earlier.addEventListener("click", () => this.#showWhole());
    this.#list.addEventListener("scroll", () => this.#watchScroll(), { passive: true });
    this.#toEnd.addEventListener("click", () => this.#scrollToEnd());
    this.#resizeObserver.observe(this.#list);
  }
  dispose() {
    this.#resizeObserver.disconnect();
  }
  /**
   * @param {readonly ConversationItem[]} items those that have not changed are the same objects as before
   * @param {string} partial "" = none
   */
  update(items, partial) {
    const isItemsChanged = this.#updateItems(items);
    const isPartialChanged = this.#updatePartial(partial);
    setHidden(this.root, items.length === 0 && partial === "");
    if ((isItemsChanged || isPartialChanged) && this.#isFollowing) this.#scrollToEnd();
  }
  /** @param {readonly ConversationItem[]} items */
  #updateItems(items) {
    const before = this.#items;
    if (items === before) return false;
    let same = 0;
    while (same < items.length && items[same] === before[same]) same++;
    this.#items = items;
    if (same < this.#first || same === 0) this.#isWhole = false;
    this.#draw(same < this.#first ? 0 : this.#first, same);
    return true;
  }
  /**
   * @param {number} first index of the item to begin with, if they are not too many
   * @param {number} same how many items have not changed
   */
  #draw(first, same) {
    const isTooLong = this.#items.length - first > DRAWN + MORE;
    if (isTooLong && this.#isFollowing && !this.#isWhole) first = this.#items.length - DRAWN;
    const kept = first < this.#first ? [] : this.#rows.slice(first - this.#first, Math.max(0, same - this.#first));
    const isKept = new Set(kept);
    for (const row of this.#rows) if (!isKept.has(row)) row.remove();
    const fresh = this.#items.slice(first + kept.length).map(drawItem);
    if (this.#partial.isConnected) this.#partial.before(...fresh);
    else this.#list.append(...fresh);
    this.#rows = [...kept, ...fresh];
    this.#first = first;
    setHidden(this.#earlier, first === 0);
    setText(this.#earlier, `Earlier (${first})`);
  }
  /** Draws the whole conversation, and keeps the visible items where they are. */
  #showWhole() {
    const { scrollHeight, scrollTop } = this.#list;
    this.#isWhole = true;
    this.#draw(0, 0);
    this.#list.scrollTop = scrollTop + this.#list.scrollHeight - scrollHeight;
  }
  /** @param {string} partial */
  #updatePartial(partial) {
    const words = (
      /** @type {Element} */
      this.#partial.lastElementChild
    );
    if (words.textContent === partial) return false;
    setText(words, partial);
    if (partial === "") this.#partial.remove();
    else this.#list.append(this.#partial);
    return true;
  }
  #watchScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    this.#isFollowing = scrollHeight - scrollTop - clientHeight < END_SLACK_PX;
    setHidden(this.#toEnd, this.#isFollowing);
  }
  /** A narrower list is a longer one, which moves its end out of view without a scroll event. */
  #adaptToSize() {
    if (this.#isFollowing) this.#scrollToEnd();
    else this.#watchScroll();
  }
  #scrollToEnd() {
    this.#isFollowing = true;
    setHidden(this.#toEnd, true);
    this.#list.scrollTop = this.#list.scrollHeight;
  }
};
function drawItem(item) {
  if (item.role === "tool_call") return toolItem(`Calls ${item.toolName}`, item.parameters);
  if (item.role === "tool_result") return toolItem(`Result of ${item.toolName}`, item.output);
  if (item.role === "user" || item.role === "assistant") return utterance(item.role, item.content);
  return element("p", "micdrop-system", {}, [element("span", "micdrop-hidden", {}, ["System: "]), item.content]);
}
function utterance(role, content) {
  return element("div", `micdrop-utterance micdrop-${role}`, { "data-role": role }, [
    element("span", "micdrop-speaker", {}, [SPEAKERS[role]]),
    element("p", "micdrop-words", {}, [content])
  ]);
}
function toolItem(title, json) {
  const summary = element("summary", "micdrop-tool-title", {}, [icon("tool"), element("span", "", {}, [title])]);
  return element("details", "micdrop-tool", {}, [summary, element("pre", "", {}, [indented(json)])]);
}
function indented(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

// src/view/choices.js
var DEFAULT_ID2 = "default";
function describeChoices(devices3, currentId, noun) {
  const labelled = devices3.map(({ id, label: label2 }, index) => ({ id, label: label2 === "" ? `${noun} ${index + 1}` : label2 }));
  const wantedId = currentId ?? DEFAULT_ID2;
  const isListed = labelled.some(({ id }) => id === wantedId);
  return {
    devices: labelled,
    selectedId: isListed ? wantedId : "",
    placeholder: currentId === null || currentId === DEFAULT_ID2 || labelled.length === 0 ? "Default" : "Not plugged in",
    isEnabled: labelled.length > 0
  };
}

// src/view/device-picker.js
var pickerCount = 0;
var DevicePicker = class {
  #microphone;
  #speaker;
  #isSuggested = false;
  #isUnfoldedByUser = false;
  #hint = element("p", "micdrop-devices-hint", {}, ["The devices are listed once the microphone is on."]);
  /** @param {(kind: DeviceKind, id: string) => void} onChoose */
  constructor(onChoose) {
    const id = `micdrop-devices-${pickerCount++}`;
    const label2 = "Microphone and speaker";
    this.#microphone = new DeviceSelect("microphone", "Microphone", onChoose);
    this.#speaker = new DeviceSelect("speaker", "Speaker", onChoose);
    this.button = element(
      "button",
      "micdrop-button micdrop-flat",
      { type: "button", "aria-expanded": "false", "aria-controls": id, "aria-label": label2, title: label2, "data-testid": "devices" },
      [icon("devices")]
    );
    this.root = element(
      "div",
      "micdrop-devices",
      { id, hidden: "", role: "group", "aria-label": label2, "data-lm-suppress-shortcuts": "true" },
      [this.#microphone.root, this.#speaker.root, this.#hint]
    );
    this.button.addEventListener("click", () => this.#show(this.root.hidden === true));
    this.root.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      this.#show(false);
      this.button.focus();
    });
  }
  /** @param {PanelState} state */
  update(state) {
    const canChoose = isReachable(state);
    this.#microphone.update(state.micDevices, state.micDeviceId, canChoose, state.error);
    this.#speaker.update(state.speakerDevices, state.speakerDeviceId, canChoose, state.problem);
    setHidden(this.#hint, state.micDevices.length > 0);
  }
  /**
   * Unfolds the lists while another device may help, and folds them afterwards unless the user has unfolded them.
   *
   * @param {boolean} isSuggested
   */
  suggest(isSuggested) {
    if (isSuggested === this.#isSuggested) return;
    this.#isSuggested = isSuggested;
    if (isSuggested && this.root.hidden === true) {
      this.#show(true);
      this.#isUnfoldedByUser = false;
    } else if (!isSuggested && !this.#isUnfoldedByUser) this.#show(false);
  }
  /** @param {boolean} isShown */
  #show(isShown) {
    this.#isUnfoldedByUser = isShown;
    setHidden(this.root, !isShown);
    this.button.setAttribute("aria-expanded", String(isShown));
    this.button.classList.toggle("micdrop-open", isShown);
  }
};
var DeviceSelect = class {
  #noun;
  #select;
  #drawn = "";
  /** @type {{id: string, over: string | null, failure: unknown} | null} a choice that the kernel has not confirmed yet */
  #pendingChoice = null;
  /** @type {string | null} */
  #currentId = null;
  /** @type {unknown} */
  #failure = null;
  /**
   * @param {DeviceKind} kind
   * @param {string} noun
   * @param {(kind: DeviceKind, id: string) => void} onChoose
   */
  constructor(kind, noun, onChoose) {
    this.#noun = noun;
    this.#select = element("select", "micdrop-select", { "data-testid": `${kind}-device` });
    this.root = element("label", "micdrop-device", {}, [icon(kind), element("span", "", {}, [noun]), this.#select]);
    this.#select.addEventListener("change", () => {
      const id = this.#select.value;
      this.#pendingChoice = { id, over: this.#currentId, failure: this.#failure };
      onChoose(kind, id);
    });
  }
  /**
   * @param {readonly import("../session/state.js").Device[]} devices
   * @param {string | null} currentId
   * @param {boolean} isReachable
   * @param {unknown} failure a new one refuses the pending choice
   */
  update(devices3, currentId, isReachable2, failure) {
    this.#currentId = currentId;
    this.#failure = failure;
    const isAnswered = this.#pendingChoice !== null && (currentId !== this.#pendingChoice.over || failure !== this.#pendingChoice.failure);
    if (isAnswered || !isReachable2) this.#pendingChoice = null;
    const choices = describeChoices(devices3, this.#pendingChoice?.id ?? currentId, this.#noun);
    this.#draw(choices);
    this.#select.disabled = !choices.isEnabled || !isReachable2;
    if (this.#select.value !== choices.selectedId) this.#select.value = choices.selectedId;
    this.#select.title = this.#select.selectedOptions[0]?.label ?? "";
  }
  /** @param {import("./choices.js").Choices} choices */
  #draw({ devices: devices3, selectedId, placeholder }) {
    const drawn = JSON.stringify([devices3, selectedId === "" && placeholder]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const options = devices3.map(({ id, label: label2 }) => element("option", "", { value: id }, [label2]));
    if (selectedId === "") options.unshift(element("option", "", { value: "", disabled: "", hidden: "" }, [placeholder]));
    this.#select.replaceChildren(...options);
  }
};

// src/view/keyboard.js
function isCharacter({ key, ctrlKey, altKey, metaKey }) {
  return key.length === 1 && !ctrlKey && !altKey && !metaKey;
}
function keepCharacters(root) {
  root.addEventListener("keydown", (event) => {
    if (isCharacter(event)) event.stopPropagation();
  });
}

// src/view/drawing.js
var INTERVAL_MS = 250;
var GRACE_MS = 40;
var Drawing = class {
  /** @type {Set<() => void>} */
  #waiting = /* @__PURE__ */ new Set();
  #dueAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /**
   * Calls a function once, at the next drawing: now, if one is due.
   *
   * @param {() => void} draw
   */
  request(draw) {
    this.#waiting.add(draw);
    const leftMs = this.#dueAt - performance.now();
    if (leftMs <= 0) this.#draw();
    else this.#timer ??= setTimeout(() => this.#draw(), leftMs + GRACE_MS);
  }
  dispose() {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }
  #draw() {
    clearTimeout(this.#timer);
    this.#timer = void 0;
    this.#dueAt = performance.now() + INTERVAL_MS;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const draw of waiting) draw();
  }
};

// src/worklets/level.js
function deflection(rms) {
  if (rms <= 0) return 0;
  const dbfs = 20 * Math.log10(rms);
  return Math.min(1, Math.max(0, (dbfs + 60) / 54));
}

// src/view/vad-readout.js
function describeVadReadout(readout) {
  if (readout === null) return "";
  const { levelDb, probability } = readout;
  const words = [];
  if (levelDb !== null) words.push(`${Math.round(levelDb).toString().replace("-", "−")} dB`);
  if (probability !== null) words.push(`speech ${Math.round(100 * probability)} %`);
  return words.join(", ");
}

// src/view/meter.js
var WORDS_INTERVAL_MS = 500;
var FALL = 0.75;
var LEVEL_STEPS = 24;
var SPEECH_STEPS = 10;
var Meter = class {
  #fill = element("span", "micdrop-meter-fill");
  #speech = element("span", "micdrop-meter-speech", { hidden: "" });
  #label;
  /** @type {import("../messages/messages.js").VadReadout | null} */
  #readout = null;
  #latest = 0;
  /** @type {number | null} since the last drawing; null: there was none */
  #loudest = null;
  #shown = 0;
  #drawnLevel = 0;
  #drawnSpeech = 0;
  #isPointedAt = false;
  #wordsAt = -Infinity;
  #drawing;
  #onShow;
  /**
   * @param {import("./drawing.js").Drawing} drawing
   * @param {IconName} name
   * @param {string} label
   * @param {(shown: number) => void} [onShow] follows the deflection, in [0, 1]
   */
  constructor(drawing, name2, label2, onShow = () => void 0) {
    this.#drawing = drawing;
    this.#onShow = onShow;
    this.#label = label2;
    this.root = element("span", "micdrop-meter", { title: label2, "aria-hidden": "true" }, [
      icon(name2),
      element("span", "micdrop-meter-bars", {}, [
        element("span", "micdrop-meter-track", {}, [this.#fill]),
        this.#speech
      ])
    ]);
    this.root.addEventListener("pointerenter", () => this.#point(true));
    this.root.addEventListener("pointerleave", () => this.#point(false));
  }
  /**
   * Shows a readout of the voice activity detection, as a line below the level, and in words.
   *
   * @param {import("../messages/messages.js").VadReadout | null} readout null: the call ignores the microphone
   */
  showReadout(readout) {
    if (readout === this.#readout) return;
    this.#readout = readout;
    if (readout === null) this.#wordsAt = -Infinity;
    this.#requestDraw();
  }
  /** @param {number} rms */
  push(rms) {
    this.#latest = deflection(rms);
    this.#loudest = Math.max(this.#loudest ?? 0, this.#latest);
    this.#requestDraw();
  }
  #requestDraw() {
    this.#drawing.request(this.#draw);
  }
  #draw = () => {
    this.#drawLevel();
    this.#drawReadout();
  };
  #drawLevel() {
    const target = this.#loudest ?? this.#latest;
    this.#loudest = null;
    this.#shown = Math.max(target, this.#shown + (target - this.#shown) * FALL);
    if (this.#shown - target >= 0.5 / LEVEL_STEPS || target > this.#latest) this.#requestDraw();
    else this.#shown = target;
    const level = Math.round(this.#shown * LEVEL_STEPS) / LEVEL_STEPS;
    const isSmall = Math.abs(level - this.#drawnLevel) < 1.5 / LEVEL_STEPS;
    if (level === this.#drawnLevel || isSmall && level !== 0) return;
    this.#drawnLevel = level;
    this.#fill.style.transform = `scaleX(${level})`;
    this.#onShow(level);
  }
  #drawReadout() {
    const probability = this.#readout?.probability ?? null;
    setHidden(this.#speech, probability === null);
    const speech = Math.round((probability ?? 0) * SPEECH_STEPS) / SPEECH_STEPS;
    if (speech !== this.#drawnSpeech) this.#speech.style.transform = `scaleX(${speech})`;
    this.#drawnSpeech = speech;
    if (this.#isPointedAt && performance.now() - this.#wordsAt >= WORDS_INTERVAL_MS) this.#describe();
  }
  /** @param {boolean} isPointedAt */
  #point(isPointedAt) {
    this.#isPointedAt = isPointedAt;
    if (isPointedAt) this.#describe();
  }
  #describe() {
    const words = describeVadReadout(this.#readout);
    const title = words === "" ? this.#label : `${this.#label}: ${words}`;
    if (title !== this.root.title) this.root.title = title;
    this.#wordsAt = performance.now();
  }
};

// src/view/notices.js
var Notices = class {
  root = element("div", "micdrop-notices", { hidden: "", role: "status", "data-testid": "notices" });
  #drawn = "";
  /** @param {readonly {code: string, words: string}[]} notices */
  update(notices) {
    const drawn = JSON.stringify(notices);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    setHidden(this.root, notices.length === 0);
    this.root.replaceChildren(
      ...notices.map(
        ({ code, words }) => element("p", "micdrop-notice", { "data-notice": code }, [icon("warning"), element("span", "", {}, [words])])
      )
    );
  }
};

// src/view/panel.js
var Panel = class {
  #session;
  #root;
  #badge = element("span", "micdrop-badge");
  #badgeIcon = icon("call");
  #state = element("div", "micdrop-state", { "data-testid": "state", role: "status", "aria-live": "polite" });
  #start = new ControlButton("start", "micdrop-primary", true);
  #mute = new ControlButton("mute");
  #pause = new ControlButton("pause");
  #drawing = new Drawing();
  #microphone = new Meter(this.#drawing, "microphone", "Microphone level", (shown) => this.#pulse("listen", shown));
  #speaker = new Meter(this.#drawing, "speaker", "Assistant level", (shown) => this.#pulse("speak", shown));
  #devices = new DevicePicker((kind, id) => this.#session.commands.chooseDevice(kind, id));
  #isListening = false;
  #note = element("p", "micdrop-note", { hidden: "", role: "status", "data-testid": "note" });
  #notices = new Notices();
  #allowAudio = offer("allow-audio", "speaker", "Click to allow audio");
  #takeOverWords = element("span", "");
  #takeOver = offer("take-over", "microphone", this.#takeOverWords);
  #pageWords = element("span", "");
  #openPage = offer("open-page", "call", this.#pageWords);
  #pageLink = element("a", "micdrop-page-link", { hidden: "", target: "_blank", rel: "noopener noreferrer", "data-testid": "page-link" });
  #errorMessage = element("strong", "");
  #errorRemedy = element("span", "");
  #error = element("div", "micdrop-error", { hidden: "", role: "alert", "data-testid": "error" });
  #conversation = new ConversationView();
  #leave;
  /**
   * @param {HTMLElement} host
   * @param {Session} session
   */
  constructor(host, session) {
    this.#session = session;
    this.#root = this.#build();
    const unsubscribe = [
      session.onChange(() => this.#update()),
      session.onLevel((meter, rms) => (meter === "microphone" ? this.#microphone : this.#speaker).push(rms)),
      session.onVadReadout((readout) => this.#microphone.showReadout(this.#isListening ? readout : null)),
      session.enter()
    ];
    this.#leave = () => unsubscribe.forEach((end) => end());
    this.#update();
    host.append(this.#root);
  }
  dispose() {
    this.#leave();
    this.#drawing.dispose();
    this.#conversation.dispose();
    this.#root.remove();
  }
  #build() {
    this.#badge.append(this.#badgeIcon);
    this.#error.append(icon("warning"), element("div", "", {}, [this.#errorMessage, this.#errorRemedy]));
    this.#allowAudio.addEventListener("click", () => this.#session.commands.allowAudio());
    this.#takeOver.addEventListener("click", () => this.#session.commands.takeOver());
    this.#openPage.addEventListener("click", () => this.#session.commands.openPage());
    for (const button of [this.#start, this.#mute, this.#pause]) button.onAction = (action) => this.#act(action);
    const meters = element("div", "micdrop-meters", {}, [this.#microphone.root, this.#speaker.root]);
    const controls = element("div", "micdrop-controls", { role: "group", "aria-label": "Call controls" }, [
      this.#devices.button,
      this.#mute.root,
      this.#pause.root,
      this.#start.root
    ]);
    const head = element("div", "micdrop-head", {}, [
      this.#badge,
      element("div", "micdrop-headline", {}, [this.#state, meters]),
      controls
    ]);
    const root = element("section", "micdrop", { "aria-label": "Voice call" }, [
      head,
      this.#notices.root,
      this.#devices.root,
      this.#allowAudio,
      this.#takeOver,
      this.#openPage,
      this.#pageLink,
      this.#note,
      this.#error,
      this.#conversation.root
    ]);
    keepCharacters(root);
    return root;
  }
  /** @param {Control["action"]} action */
  #act(action) {
    if (action === "start") return this.#session.commands.start();
    if (action === "stop") return this.#session.commands.stop();
    this.#session.commands.send(action);
  }
  #update() {
    const state = this.#session.state;
    const { id, words, icon: name2, tone } = describeState(state);
    this.#root.dataset.state = id;
    this.#root.dataset.tone = tone;
    setText(this.#state, words);
    setIcon(this.#badgeIcon, name2);
    const controls = describeControls(state);
    this.#start.update(controls.start);
    this.#mute.update(controls.mute);
    this.#pause.update(controls.pause);
    this.#devices.update(state);
    this.#isListening = state.isMicStarted && !state.isMicMuted && !state.isMuteRequested && !state.isPauseRequested;
    if (!this.#isListening) this.#microphone.showReadout(null);
    const note = describeNote(state);
    setHidden(this.#note, note === "");
    setText(this.#note, note);
    const notices = describeNotices(state);
    this.#notices.update(notices);
    this.#devices.suggest(notices.some(({ code }) => code === "SilentMicrophone"));
    setHidden(this.#allowAudio, !state.isAudioBlocked);
    const takeOver = describeTakeOver(state);
    setHidden(this.#takeOver, takeOver === null);
    setText(this.#takeOverWords, takeOver ?? "");
    this.#showPage(describePage(state));
    const error = describeError2(state);
    setHidden(this.#error, error === null);
    setText(this.#errorMessage, error?.message ?? "");
    setText(this.#errorRemedy, error?.remedy ?? "");
    this.#conversation.update(state.conversation, state.partialAssistantMessage);
  }
  /** @param {ReturnType<typeof describePage>} page */
  #showPage(page) {
    setHidden(this.#openPage, page === null || page.url !== null);
    setHidden(this.#pageLink, page === null || page.url === null);
    if (page?.url === null) setText(this.#pageWords, page.words);
    else if (page !== null && this.#pageLink.getAttribute("href") !== page.url) {
      this.#pageLink.setAttribute("href", page.url);
      setText(this.#pageLink, page.words);
    }
  }
  /**
   * Lets the badge pulse with the level of the voice that the state is about.
   *
   * @param {"listen" | "speak"} tone
   * @param {number} shown
   */
  #pulse(tone, shown) {
    if (this.#root.dataset.tone !== tone) return;
    this.#badge.style.setProperty("--micdrop-pulse", String(shown));
  }
};
function offer(testId, name2, words) {
  const attributes = { type: "button", hidden: "", "data-testid": testId };
  return element("button", "micdrop-button micdrop-offer", attributes, [icon(name2), words]);
}
var ControlButton = class {
  #icon = icon("call");
  #words = element("span", "");
  /** @type {Control["action"] | null} */
  #action = null;
  /** @type {(action: Control["action"]) => void} */
  onAction = () => void 0;
  /**
   * @param {string} testId
   * @param {string} [className]
   * @param {boolean} [isWorded] the label is visible text; otherwise it is a tooltip
   */
  constructor(testId, className = "", isWorded = false) {
    this.isWorded = isWorded;
    this.root = element("button", `micdrop-button ${className}`.trim(), { type: "button", "data-testid": testId });
    this.root.append(this.#icon);
    if (isWorded) this.root.append(this.#words);
    this.root.addEventListener("click", () => {
      if (this.#action !== null) this.onAction(this.#action);
    });
  }
  /** @param {Control} control */
  update({ label: label2, icon: name2, isPressed, isEnabled, action }) {
    this.#action = action;
    this.root.disabled = !isEnabled;
    this.root.dataset.action = action;
    setIcon(this.#icon, name2);
    if (this.isWorded) {
      setText(this.#words, label2);
      return;
    }
    this.root.classList.toggle("micdrop-pressed", isPressed);
    this.root.setAttribute("aria-label", label2);
    this.root.title = label2;
  }
};

// src/page.js
var RETRY_MS = [500, 1e3, 2e3, 5e3];
var REJOIN_MS = 3e4;
var WORDS2 = {
  closed: "This call was closed.",
  refused: "This address is not, or no more, that of a call. Open the page again from Python.",
  moved: "This call was opened in another tab or browser. Reload this page to have it here."
};
var { protocol, host: name, hash } = location;
var address = `${protocol === "https:" ? "wss" : "ws"}://${name}/call`;
var workletSources = ["capture", "playback"].map((kind) => new URL(`/${kind}-processor.js`, location.href));
var status = element("p", "micdrop-page-status", { role: "status" }, ["Connecting to Python…"]);
document.body.append(status);
async function showCall() {
  let leave = () => void 0;
  let rejoinsUntil = -Infinity;
  for (; ; ) {
    const connection = await connectPatiently();
    if (connection === null) return;
    leave();
    setHidden(status, true);
    const session = createSession({ host: connection, workletSources });
    const panel = new Panel(document.body, session);
    rejoin(session, rejoinsUntil - Date.now());
    leave = () => {
      panel.dispose();
      session.dispose();
    };
    await new Promise((resolve) => connection.onLost(resolve));
    const { isStarted, isStopRequested, _owner, pageId } = session.state;
    rejoinsUntil = isStarted && !isStopRequested && _owner === pageId ? Date.now() + REJOIN_MS : -Infinity;
    if (connection.lostReason !== "unreachable") return;
  }
}
function rejoin(session, withinMs) {
  if (withinMs <= 0) return;
  const attempt = () => {
    if (!isWaitingForPage(session.state)) return;
    end();
    session.commands.takeOver();
  };
  const unsubscribe = session.onChange(attempt);
  const timer = setTimeout(() => end(), withinMs);
  const end = () => {
    unsubscribe();
    clearTimeout(timer);
  };
  attempt();
}
async function connectPatiently() {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect(address, hash.slice(1));
    } catch (error) {
      const words = error instanceof NotAdmitted ? WORDS2[error.reason] : void 0;
      if (words !== void 0) {
        for (const panel of document.querySelectorAll(".micdrop")) panel.remove();
        setHidden(status, false);
        setText(status, words);
        return null;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
  }
}
window.addEventListener("hashchange", () => location.reload());
showCall().catch((error) => {
  setHidden(status, false);
  setText(status, `This page has failed (${error}). Reload it.`);
  console.error("micdrop-widget:", error);
});
