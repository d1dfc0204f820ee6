import { LevelMeter } from "../audio/level.js";
import { PlaybackQueue } from "../audio/playback-queue.js";

/**
 * The speaker's end of the audio thread: plays the queue and reports what was heard.
 *
 * Messages in: {type: "play", epoch, position, samples}, {type: "flush", epoch}, {type: "clear"}, {type: "end"}.
 * Messages out: {type: "heard", epoch, samples, underruns}, {type: "level", rms}.
 */
class PlaybackProcessor extends AudioWorkletProcessor {
  #isEnded = false;
  #queue = new PlaybackQueue();
  #meter = new LevelMeter();
  #heardMessage = { type: "heard", epoch: 0, samples: 0, underruns: 0 };
  #levelMessage = { type: "level", rms: 0 };

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data.type === "play") this.#queue.push(data.epoch, data.position, data.samples);
      if (data.type === "flush") this.#queue.flush(data.epoch);
      if (data.type === "clear") this.#queue.clear();
      if (data.type === "end") this.#isEnded = true;
    };
  }

  /**
   * @override
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    if (this.#isEnded) return false;
    const output = outputs[0]?.[0];
    if (output === undefined) return true;
    if (this.#queue.pull(output)) this.#reportHeard();
    if (this.#meter.push(output)) this.#reportLevel();
    return true;
  }

  #reportHeard() {
    this.#heardMessage.epoch = this.#queue.epoch;
    this.#heardMessage.samples = this.#queue.heardSamples;
    this.#heardMessage.underruns = this.#queue.underruns;
    this.port.postMessage(this.#heardMessage);
  }

  #reportLevel() {
    // Silence is said once: an idle player costs the page nothing.
    if (this.#meter.rms === 0 && this.#levelMessage.rms === 0) return;
    this.#levelMessage.rms = this.#meter.rms;
    this.port.postMessage(this.#levelMessage);
  }
}

registerProcessor("micdrop-playback", PlaybackProcessor);
