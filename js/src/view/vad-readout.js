/**
 * Puts a readout of the voice activity detection into words. Pure.
 *
 * @param {import("../messages/messages.js").VadReadout | null} readout null: the call ignores the microphone
 * @returns {string} "" = nothing is known
 */
export function describeVadReadout(readout) {
  if (readout === null) return "";
  const { levelDb, probability } = readout;
  const words = [];
  if (levelDb !== null) words.push(`${Math.round(levelDb).toString().replace("-", "−")} dB`);
  if (probability !== null) words.push(`speech ${Math.round(100 * probability)} %`);
  return words.join(", ");
}
