import { LevelMeter } from "./level.js";
import { PlaybackQueue } from "./playback-queue.js";

/**
 * The loudspeaker's end of the audio thread: plays the queue and reports its progress.
 *
 * Messages in: {type: "play", epoch, position, samples}, {type: "flush", epoch}, {type: "clear"}, {type: "end"}.
 * Messages out: {epoch, samples, underruns, buffered, isPlaying, rms, timeS}, as of that time of the context; with them, transferred, the buffers of what was played. An
 * audio thread makes so little garbage that it hardly ever collects it: they would pile up here for the length of a call.
 */
class PlaybackProcessor extends AudioWorkletProcessor {
  #isEnded = false;
  #queue = new PlaybackQueue();
  #meter = new LevelMeter();
  // Posting clones, so one message object serves for ever.
  #message = { epoch: 0, samples: 0, underruns: 0, buffered: 0, isPlaying: false, rms: 0, timeS: 0 };

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
    const isReportDue = this.#queue.pull(output);
    if (this.#queue.isPlaying) this.#meter.push(output);
    if (isReportDue) this.#report(currentTime + output.length / sampleRate);
    return true;
  }

  /** @param {number} timeS of the context, behind what has been played */
  #report(timeS) {
    this.#message.timeS = timeS;
    this.#message.epoch = this.#queue.epoch;
    this.#message.samples = this.#queue.heardSamples;
    this.#message.underruns = this.#queue.underruns;
    this.#message.buffered = this.#queue.bufferedSamples;
    this.#message.isPlaying = this.#queue.isPlaying;
    const rms = this.#meter.readAndReset();
    this.#message.rms = this.#queue.isPlaying ? rms : 0;
    this.port.postMessage(this.#message, this.#queue.removeSpent());
  }
}

registerProcessor("micdrop-playback", PlaybackProcessor);
