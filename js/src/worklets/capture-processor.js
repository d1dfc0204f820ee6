import { Framer, frameSamplesAt } from "./framing.js";
import { Pairing } from "./pairing.js";

/**
 * The microphone's end of the audio thread: cuts the captured samples into frames of 32 ms, at the rate of its context, and posts
 * them, in pairs while the line is quiet.
 *
 * Messages in: {type: "mute", isMuted}, {type: "end"}.
 * Messages out: {position, samples, rms}.
 */
class CaptureProcessor extends AudioWorkletProcessor {
  #isEnded = false;
  #isMuted = true;
  // Posting clones, so one message object serves for ever.
  #message = { position: 0, samples: new Int16Array(0), rms: 0 };
  #pairing = new Pairing((samples, position, rms) => {
    this.#message.samples = samples;
    this.#message.position = position;
    this.#message.rms = rms;
    this.port.postMessage(this.#message);
  }, frameSamplesAt(sampleRate));
  #framer = new Framer((samples, position) => this.#pairing.push(samples, position), frameSamplesAt(sampleRate));

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data.type === "mute") this.#mute(data.isMuted);
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
    return true;
  }

  /** @param {boolean} isMuted */
  #mute(isMuted) {
    this.#isMuted = isMuted;
    if (isMuted) this.#pairing.discard();
  }
}

registerProcessor("micdrop-capture", CaptureProcessor);
