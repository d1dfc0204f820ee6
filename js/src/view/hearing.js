/**
 * Pure: what the voice activity detection hears, in words.
 *
 * @param {import("../messages/messages.js").Hearing | null} hearing null: nothing is listened to
 * @returns {string} "" = nothing is known
 */
export function describeHearing(hearing) {
  if (hearing === null) return "";
  const { levelDb, probability } = hearing;
  const words = [];
  if (levelDb !== null) words.push(`${Math.round(levelDb).toString().replace("-", "−")} dB`);
  if (probability !== null) words.push(`speech ${Math.round(100 * probability)} %`);
  return words.join(", ");
}
