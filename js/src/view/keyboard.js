/**
 * Returns whether a key types a character: a letter, digit, punctuation or space; with Shift too, not with Ctrl, Alt or Meta.
 *
 * @param {{key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean}} event
 * @returns {boolean}
 */
export function isCharacter({ key, ctrlKey, altKey, metaKey }) {
  return key.length === 1 && !ctrlKey && !altKey && !metaKey;
}

/**
 * Keeps typed characters inside an element. JupyterLab takes characters that are typed outside of a text field for commands to
 * the notebook: "d d" on a focused button would delete the cell, and the call in it. All other keys stay the notebook's:
 * Shift+Enter still runs the cell.
 *
 * @param {HTMLElement} root
 */
export function keepCharacters(root) {
  root.addEventListener("keydown", (event) => {
    if (isCharacter(event)) event.stopPropagation();
  });
}
