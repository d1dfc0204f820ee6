import { Framer, frameSamplesAt } from "../audio/framing.js";
import { LevelMeter } from "../audio/level.js";

/**
 * The microphone's end of the audio thread: cuts what it hears into frames of 32 ms, at the rate of its context, and posts
 * them.
 *
 * Messages in: {type: "mute", isMuted}, {type: "end"}.
 * Messages out: {type: "frame", position, samples}, {type: "level", rms}.
 */
class CaptureProcessor extends AudioWorkletProcessor {
  #isEnded = false;
  #isMuted = true;
  // Posting clones, so one message object of each kind serves for ever.
  #frameMessage = { type: "frame", position: 0, samples: new Int16Array(0) };
  #levelMessage = { type: "level", rms: 0 };
  #meter = new LevelMeter(2 * frameSamplesAt(sampleRate));
  #framer = new Framer((samples, position) => {
    this.#frameMessage.samples = samples;
    this.#frameMessage.position = position;
    this.port.postMessage(this.#frameMessage);
  }, frameSamplesAt(sampleRate));

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data.type === "mute") this.#isMuted = data.isMuted;
      if (data.type === "end") this.#isEnded = true;
    };
  }

  /**
   * @override
   * @param {Float32Array[][]} inputs
   */
  process(inputs) {
    if (this.#isEnded) return false;
    // No channel: no source is connected yet, which is not silence and does not count.
    const samples = inputs[0]?.[0];
    if (samples === undefined) return true;
    this.#framer.push(samples, this.#isMuted);
    if (this.#isMuted || !this.#meter.push(samples)) return true;
    this.#levelMessage.rms = this.#meter.rms;
    this.port.postMessage(this.#levelMessage);
    return true;
  }
}

registerProcessor("micdrop-capture", CaptureProcessor);
