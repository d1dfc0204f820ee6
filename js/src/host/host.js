/**
 * What connects a page to the kernel, whatever carries the messages. A session needs no more than this.
 *
 * @typedef {object} Host
 * @property {import("../session/state.js").CallTraits} state as the kernel reported it last
 * @property {boolean} isSaved there is no kernel: the panel comes from a saved notebook
 * @property {(listener: () => void) => void} onState the kernel reported its state anew, or `isSaved` has changed
 * @property {(listener: (content: unknown, buffers: DataView[]) => void) => void} onMessage the kernel sent a message
 * @property {(listener: (cause: unknown) => void) => void} onLost the kernel was restarted or shut down, or is out of reach
 * @property {(content: Record<string, unknown>, buffers: ArrayBuffer[]) => void} send never throws: onLost reports a failure
 * @property {() => void} dispose ends all that was subscribed
 */

export {};
