/**
 * Pure: what the voice activity detection makes of the sound, in words.
 *
 * @param {import("../messages/messages.js").VadReadout | null} readout null: nothing is listened to
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
