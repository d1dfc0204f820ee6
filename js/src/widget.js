import captureSource from "worklet:capture-processor.js";
import playbackSource from "worklet:playback-processor.js";
import { JupyterHost } from "./host/jupyter.js";
import { createSession } from "./session/create.js";
import { Panel } from "./view/panel.js";

/** @typedef {import("./host/jupyter.js").Model} Model */
/** @typedef {import("./session/session.js").Session} Session */

/** @type {WeakMap<Model, Session>} */
const sessions = new WeakMap();

/**
 * Jupyter's runtime imports its own copy of this module for each model, and gives every render a new proxy of that model;
 * hosts that share the module pass the model itself. So a model that is not known is the newest one's proxy.
 *
 * @type {Session | null}
 */
let newestSession = null;

/**
 * Once per model and page.
 *
 * @param {{model: Model, signal?: AbortSignal}} context
 * @returns {() => void}
 */
function initialize({ model, signal }) {
  const session = createSession({ host: new JupyterHost(model), workletSources: [captureSource, playbackSource] });
  sessions.set(model, session);
  newestSession = session;
  const dispose = () => session.dispose();
  signal?.addEventListener("abort", dispose);
  return dispose;
}

/**
 * Once per view.
 *
 * @param {{model: Model, el: HTMLElement}} context
 * @returns {() => void}
 */
function render({ model, el }) {
  const session = sessions.get(model) ?? newestSession;
  if (session === null) throw new Error("render was called before initialize");
  const panel = new Panel(el, session);
  return () => panel.dispose();
}

export default { initialize, render };
