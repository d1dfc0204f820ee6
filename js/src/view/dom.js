/**
 * Creates an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children] strings become text, never markup
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className, attributes = {}, children = []) {
  const created = document.createElement(tag);
  if (className !== "") created.className = className;
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.append(...children);
  return created;
}

/**
 * Hides or shows only where that changes something: setting an attribute, even to the same value, makes the browser recompute styles.
 *
 * @param {HTMLElement} target
 * @param {boolean} isHidden
 */
export function setHidden(target, isHidden) {
  if (target.hidden !== isHidden) target.hidden = isHidden;
}

/**
 * Sets the text only when it differs, so that screen readers announce changes only.
 *
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
