/** The offset of μ-law, which makes its smallest step the eighth of a quarter (ITU-T G.711). */
const BIAS = 132;
const LARGEST = 32767 - BIAS;

/**
 * Compands int16 to 8 bits a sample, as telephones do: loud samples are quantized more coarsely than quiet ones. Pure.
 *
 * @param {Int16Array<ArrayBuffer>} samples
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function toMuLaw(samples) {
  const bytes = new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index++) {
    const sample = /** @type {number} */ (samples[index]);
    const magnitude = Math.min(Math.abs(sample), LARGEST) + BIAS;
    const exponent = 24 - Math.clz32(magnitude);
    const mantissa = (magnitude >> (exponent + 3)) & 15;
    bytes[index] = ~((sample < 0 ? 128 : 0) | (exponent << 4) | mantissa);
  }
  return bytes;
}
