/**
 * The choices of a device picker; pure.
 *
 * @typedef {import("../session/state.js").Device} Device
 *
 * @typedef {object} Choices
 * @property {Device[]} devices each with a label
 * @property {string} selectedId "" = none of them: the placeholder is shown
 * @property {string} placeholder
 * @property {boolean} isEnabled
 */

const DEFAULT_ID = "default";

/**
 * @param {readonly Device[]} devices as the browser lists them
 * @param {string | null} currentId null: nobody has chosen one
 * @param {string} noun names a device without a label
 * @returns {Choices}
 */
export function describeChoices(devices, currentId, noun) {
  const labelled = devices.map(({ id, label }, index) => ({ id, label: label === "" ? `${noun} ${index + 1}` : label }));
  const wantedId = currentId ?? DEFAULT_ID;
  const isListed = labelled.some(({ id }) => id === wantedId);
  return {
    devices: labelled,
    selectedId: isListed ? wantedId : "",
    placeholder: currentId === null || currentId === DEFAULT_ID || labelled.length === 0 ? "Default" : "Not plugged in",
    isEnabled: labelled.length > 0,
  };
}
