import { element, setHidden, setText } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../session/state.js").ConversationItem} ConversationItem */

/** A list that is scrolled nearer to its end than this follows the end. */
const END_SLACK_PX = 32;

/**
 * How many items are drawn, and how many more may be before the oldest are removed, in one go. A page keeps kilobytes of each, and
 * items that come and go one by one fragment the browser's heap.
 */
const DRAWN = 50;
const MORE = 25;

const SPEAKERS = { user: "You", assistant: "Assistant" };

/**
 * The view of the conversation: keeps the drawn items, and follows the end unless the user has scrolled away from it. Of a long
 * conversation it draws the end; the rest is a click away.
 */
export class ConversationView {
  #list = element("div", "micdrop-conversation", {
    "data-testid": "conversation",
    role: "log",
    // The assistant is heard; a screen reader that reads it too would talk over it.
    "aria-live": "off",
    "aria-label": "Conversation",
    tabindex: "0",
  });
  #earlier = element("button", "micdrop-earlier", { type: "button", hidden: "" });
  #toEnd = element("button", "micdrop-to-end", { type: "button", hidden: "" }, ["Latest ↓"]);
  #partial = utterance("assistant", "");
  /** @type {readonly ConversationItem[]} */
  #items = [];
  /** Index of the first item that is drawn. */
  #first = 0;
  /** @type {Element[]} */
  #rows = [];
  #isWhole = false;
  #isFollowing = true;
  #resizeObserver = new ResizeObserver(() => this.#adaptToSize());

  constructor() {
    this.root = element("div", "micdrop-conversation-frame", { hidden: "" }, [this.#list, this.#toEnd]);
    this.#partial.classList.add("micdrop-partial");
    this.#list.append(this.#earlier);
    this.#earlier.addEventListener("click", () => this.#showWhole());
    this.#list.addEventListener("scroll", () => this.#watchScroll(), { passive: true });
    this.#toEnd.addEventListener("click", () => this.#scrollToEnd());
    this.#resizeObserver.observe(this.#list);
  }

  dispose() {
    this.#resizeObserver.disconnect();
  }

  /**
   * @param {readonly ConversationItem[]} items those that have not changed are the same objects as before
   * @param {string} partial "" = none
   */
  update(items, partial) {
    const isItemsChanged = this.#updateItems(items);
    const isPartialChanged = this.#updatePartial(partial);
    setHidden(this.root, items.length === 0 && partial === "");
    if ((isItemsChanged || isPartialChanged) && this.#isFollowing) this.#scrollToEnd();
  }

  /** @param {readonly ConversationItem[]} items */
  #updateItems(items) {
    const before = this.#items;
    if (items === before) return false;
    let same = 0;
    while (same < items.length && items[same] === before[same]) same++;
    this.#items = items;
    if (same < this.#first || same === 0) this.#isWhole = false; // another conversation
    this.#draw(same < this.#first ? 0 : this.#first, same);
    return true;
  }

  /**
   * @param {number} first index of the item to begin with, if they are not too many
   * @param {number} same how many items have not changed
   */
  #draw(first, same) {
    const isTooLong = this.#items.length - first > DRAWN + MORE;
    if (isTooLong && this.#isFollowing && !this.#isWhole) first = this.#items.length - DRAWN;
    const kept = first < this.#first ? [] : this.#rows.slice(first - this.#first, Math.max(0, same - this.#first));
    const isKept = new Set(kept);
    for (const row of this.#rows) if (!isKept.has(row)) row.remove();
    const fresh = this.#items.slice(first + kept.length).map(drawItem);
    if (this.#partial.isConnected) this.#partial.before(...fresh);
    else this.#list.append(...fresh);
    this.#rows = [...kept, ...fresh];
    this.#first = first;
    setHidden(this.#earlier, first === 0);
    setText(this.#earlier, `Earlier (${first})`);
  }

  /** Draws the whole conversation, and keeps the visible items where they are. */
  #showWhole() {
    const { scrollHeight, scrollTop } = this.#list;
    this.#isWhole = true;
    this.#draw(0, 0);
    this.#list.scrollTop = scrollTop + this.#list.scrollHeight - scrollHeight;
  }

  /** @param {string} partial */
  #updatePartial(partial) {
    const words = /** @type {Element} */ (this.#partial.lastElementChild);
    if (words.textContent === partial) return false;
    setText(words, partial);
    if (partial === "") this.#partial.remove();
    else this.#list.append(this.#partial);
    return true;
  }

  #watchScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    this.#isFollowing = scrollHeight - scrollTop - clientHeight < END_SLACK_PX;
    setHidden(this.#toEnd, this.#isFollowing);
  }

  /** A narrower list is a longer one, which moves its end out of view without a scroll event. */
  #adaptToSize() {
    if (this.#isFollowing) this.#scrollToEnd();
    else this.#watchScroll();
  }

  #scrollToEnd() {
    this.#isFollowing = true;
    setHidden(this.#toEnd, true);
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}

/** @param {ConversationItem} item */
function drawItem(item) {
  if (item.role === "tool_call") return toolItem(`Calls ${item.toolName}`, item.parameters);
  if (item.role === "tool_result") return toolItem(`Result of ${item.toolName}`, item.output);
  if (item.role === "user" || item.role === "assistant") return utterance(item.role, item.content);
  return element("p", "micdrop-system", {}, [element("span", "micdrop-hidden", {}, ["System: "]), item.content]);
}

/**
 * @param {"user" | "assistant"} role
 * @param {string} content
 */
function utterance(role, content) {
  return element("div", `micdrop-utterance micdrop-${role}`, { "data-role": role }, [
    element("span", "micdrop-speaker", {}, [SPEAKERS[role]]),
    element("p", "micdrop-words", {}, [content]),
  ]);
}

/**
 * @param {string} title
 * @param {string} json as the server sent it
 */
function toolItem(title, json) {
  const summary = element("summary", "micdrop-tool-title", {}, [icon("tool"), element("span", "", {}, [title])]);
  return element("details", "micdrop-tool", {}, [summary, element("pre", "", {}, [indented(json)])]);
}

/** @param {string} json */
function indented(json) {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
