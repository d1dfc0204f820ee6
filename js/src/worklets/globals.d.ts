// What an AudioWorkletGlobalScope has and TypeScript's library lacks.

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  constructor();
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare const sampleRate: number;
/** Seconds, of the first sample of the quantum that is being rendered. */
declare const currentTime: number;

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

// build.mjs bundles the module behind the prefix and hands over its source.
declare module "worklet:*" {
  const source: string;
  export default source;
}
