/**
 * The connection of a page to the kernel, whatever carries the messages. A session needs no more than this.
 *
 * @typedef {object} Host
 * @property {"notebook" | "page"} place where the panel is: in a notebook, or in a page that the kernel serves
 * @property {string | null} hostName of what shows the notebook, where it is one that gives no microphone
 * @property {boolean} offersPage there is no microphone here, but a page that the kernel serves may have one
 * @property {LostReason | null} lostReason why the kernel was lost; null where it was not, or where nobody knows
 * @property {import("../session/state.js").CallTraits} state as the kernel reported it last
 * @property {boolean} isSaved there is no kernel: the panel comes from a saved notebook
 * @property {(listener: () => void) => void} onState the kernel reported its state anew, or `isSaved` has changed
 * @property {(listener: (content: unknown, buffers: DataView[]) => void) => void} onMessage the kernel sent a message
 * @property {(listener: (cause: unknown) => void) => void} onLost the kernel was restarted or shut down, or is out of reach
 * @property {(content: Record<string, unknown>, buffers: ArrayBuffer[]) => void} send never throws: onLost reports a failure
 * @property {() => void} dispose ends all that was subscribed
 */

/**
 * The call was closed; this page was not admitted; another tab has replaced it; or the kernel cannot be reached.
 *
 * @typedef {"closed" | "refused" | "moved" | "unreachable"} LostReason
 */

export {};
