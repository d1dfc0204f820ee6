// Runs before the page's own code. Hears what the page plays, sample for sample, sees what it captures, and what
// its worklets are told. Nothing of it where window.__untapped is set: all that was heard is kept, which costs memory.
//
// window.__tracks        every MediaStreamTrack that getUserMedia handed out, oldest first
// window.__getUserMedia  every call of it: {constraints, error: name | null, settings}
// window.__taps.read()   what was recorded (see Tap in taps.py)
//
// What connects to a context's destination is also connected to a recorder. The recorder's worklet loads before any
// worklet module of the page (the page's addModule waits for it), so whatever the page's worklets play is heard from
// its first sample. Plain nodes that start within the first milliseconds of a context may be missed: compare
// `firstSampleTime`. Sound that does not pass an AudioContext (a bare <audio> element) is not heard.
(() => {
  if (window.__untapped || !("AudioContext" in window) || !navigator.mediaDevices) return; // an insecure page has neither

  const RECORDER = `
    const received = []; // by the page's processors of this context; currentFrame is that of the next quantum
    const { registerProcessor: register } = globalThis;
    globalThis.registerProcessor = (name, Processor) => register(name, class extends Processor {
      constructor(...all) {
        super(...all);
        const handle = this.port.onmessage;
        this.port.onmessage = (event) => {
          const { type, samples } = event.data;
          received.push({ processor: name, type, samples: samples?.length ?? 0, frame: currentFrame });
          handle?.call(this.port, event);
        };
      }
    });
    register("tap-recorder", class extends AudioWorkletProcessor {
      #chunk = new Float32Array(2048); #length = 0; #first = 0; #wallMs = 0;
      constructor() {
        super();
        this.port.onmessage = ({ data }) => {
          this.#send();
          this.port.postMessage({ received: [...received] });
          if (data === "forget") received.length = 0;
        };
      }
      process([channels]) {
        // While a context starts, some quanta may pass without it.
        if (currentFrame !== this.#first + this.#length) this.#send();
        if (this.#length === 0) {
          this.#first = currentFrame;
          this.#wallMs = Date.now(); // the only clock of this thread; the page turns it into its own
        }
        if (channels.length) this.#chunk.set(channels[0], this.#length); // otherwise zeros: nothing is connected
        this.#length += 128;
        if (this.#length === this.#chunk.length) this.#send();
        return true;
      }
      #send() {
        const samples = this.#chunk.slice(0, this.#length);
        if (this.#length) this.port.postMessage({ first: this.#first, wallMs: this.#wallMs, samples });
        this.#chunk.fill(0);
        this.#length = 0;
      }
    });`;
  const moduleUrl = URL.createObjectURL(new Blob([RECORDER], { type: "text/javascript" }));
  const { connect, disconnect } = AudioNode.prototype;
  const { addModule } = AudioWorklet.prototype;
  const { close, createMediaStreamSource } = AudioContext.prototype;
  const taps = [];
  const loaded = new WeakMap(); // AudioContext -> promise of its recorder module
  const worklets = new WeakMap(); // AudioWorklet -> AudioContext
  const playback = new WeakMap(); // AudioContext -> the Tap of its destination

  class Tap {
    chunks = []; first = null; end = 0; rendered = []; received = []; flushed = [];
    constructor(context, kind) {
      this.context = context;
      this.kind = kind;
      this.bus = new GainNode(context, { channelCount: 1, channelCountMode: "explicit" }); // stereo is mixed down
      taps.push(this);
      loaded.get(context).then(() => this.#record()).catch((error) => context.state === "closed" || console.error("tap:", error));
    }
    #record() {
      this.node = new AudioWorkletNode(this.context, "tap-recorder", {
        outputChannelCount: [1], channelCount: 1, channelCountMode: "explicit",
      });
      this.node.port.onmessage = ({ data }) => {
        if (data.received) {
          this.received = data.received;
          return this.flushed.shift()?.();
        }
        if (this.first === null) this.end = this.first = data.first;
        // Earlier than the end: currentFrame was not set anew for a quantum that was rendered all the same.
        let missed = Math.max(0, data.first - this.end);
        if (this.end - this.first === 128) {
          // Nor is it set for the very first quantum: what follows tells where that one was.
          this.first += missed;
          this.rendered[0][0] += missed;
          this.end += missed;
          missed = 0;
        }
        if (missed > 0) this.chunks.push(new Float32Array(missed));
        this.end += missed + data.samples.length;
        this.rendered.push([data.first, performance.now() - (Date.now() - data.wallMs)]);
        this.chunks.push(data.samples);
      };
      connect.call(this.bus, this.node);
      connect.call(this.node, this.context.destination); // silence; only so that it is rendered
    }
    flush(order = "flush") {
      if (!this.node || this.context.state === "closed") return undefined;
      const done = new Promise((resolve) => this.flushed.push(resolve));
      this.node.port.postMessage(order);
      return Promise.race([done, new Promise((resolve) => setTimeout(resolve, 2000))]);
    }
    async read() {
      await this.flush();
      const clock = this.context.getOutputTimestamp();
      return {
        kind: this.kind, state: this.context.state, sampleRate: this.context.sampleRate, firstSample: this.first,
        clockContextTime: clock.contextTime, clockMs: clock.performanceTime,
        rendered: this.rendered, received: this.received,
        samples: await base64(this.chunks),
      };
    }
  }

  async function base64(chunks) {
    const url = await new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(new Blob(chunks));
    });
    return url.split(",")[1] ?? ""; // an empty blob has no comma
  }

  const isDestination = (node, target) => target === node.context.destination && loaded.has(node.context);

  AudioNode.prototype.connect = function (target, ...ports) {
    const connected = connect.call(this, target, ...ports);
    if (isDestination(this, target)) connect.call(this, playback.get(this.context).bus, ports[0] ?? 0);
    return connected;
  };
  AudioNode.prototype.disconnect = function (...all) {
    disconnect.apply(this, all);
    if (isDestination(this, all[0])) disconnect.call(this, playback.get(this.context).bus, ...all.slice(1, 2));
  };
  AudioWorklet.prototype.addModule = async function (...all) {
    await loaded.get(worklets.get(this));
    return addModule.apply(this, all);
  };
  AudioContext.prototype.close = async function () {
    await Promise.all(taps.filter((tap) => tap.context === this).map((tap) => tap.flush()));
    return close.call(this);
  };

  window.AudioContext = class AudioContext extends window.AudioContext {
    constructor(...all) {
      super(...all);
      worklets.set(this.audioWorklet, this);
      loaded.set(this, addModule.call(this.audioWorklet, moduleUrl));
      playback.set(this, new Tap(this, "playback"));
    }
    createMediaStreamSource(stream) {
      return hear(createMediaStreamSource.call(this, stream));
    }
  };
  window.MediaStreamAudioSourceNode = class MediaStreamAudioSourceNode extends window.MediaStreamAudioSourceNode {
    constructor(...all) {
      super(...all);
      hear(this);
    }
  };
  function hear(source) {
    if (window.__tapMicrophone) connect.call(source, new Tap(source.context, "microphone").bus);
    return source;
  }

  window.__tracks = [];
  window.__getUserMedia = [];
  const { getUserMedia } = MediaDevices.prototype;
  MediaDevices.prototype.getUserMedia = async function (constraints) {
    const call = { constraints: structuredClone(constraints), error: null, settings: null };
    window.__getUserMedia.push(call);
    try {
      const stream = await getUserMedia.call(this, constraints);
      window.__tracks.push(...stream.getTracks());
      call.settings = stream.getTracks()[0]?.getSettings() ?? null;
      return stream;
    } catch (error) {
      call.error = error.name;
      throw error;
    }
  };

  window.__taps = {
    read: () => Promise.all(taps.map((tap) => tap.read())),
    forget: () => Promise.all(taps.map(async (tap) => {
      await tap.flush("forget");
      tap.first = null;
      tap.chunks = [];
      tap.rendered = [];
    })),
    sinks: () => taps.filter((tap) => tap.kind === "playback").map((tap) => tap.context.sinkId),
    counts: (kind) => taps.filter((tap) => tap.kind === kind).map((tap) => tap.end - (tap.first ?? tap.end)),
    contexts: () => taps.filter((tap) => tap.kind === "playback").map((tap) => tap.context.state),
  };
})();
