import { connect, NotAdmitted } from "./host/websocket.js";
import { createSession } from "./session/create.js";
import { element, setHidden, setText } from "./view/dom.js";
import { isWaitingForPage } from "./view/labels.js";
import { Panel } from "./view/panel.js";

/** @typedef {import("./host/host.js").LostReason} LostReason */
/** @typedef {import("./session/session.js").Session} Session */

/** From one attempt to connect to the next: a process behind a tunnel that broke may be reached again. */
const RETRY_MS = [500, 1000, 2000, 5000];

/** So soon after its connection broke, the page goes on with its call by itself; later, a microphone would come as a surprise. */
const REJOIN_MS = 30_000;

/** @type {Partial<Record<LostReason, string>>} the texts of a page that has no panel */
const WORDS = {
  closed: "This call was closed.",
  refused: "This address is not, or no more, that of a call. Open the page again from Python.",
  moved: "This call was opened in another tab or browser. Reload this page to have it here.",
};

const { protocol, host: name, hash } = location;
const address = `${protocol === "https:" ? "wss" : "ws"}://${name}/call`;
// Served as files, so that the page needs no scripts from anywhere else.
const workletSources = ["capture", "playback"].map((kind) => new URL(`/${kind}-processor.js`, location.href));

const status = element("p", "micdrop-page-status", { role: "status" }, ["Connecting to Python…"]);
document.body.append(status);

/** Shows the call until it has ended; after a lost connection it connects again, with a new session, and goes on. */
async function showCall() {
  let leave = () => undefined;
  let rejoinsUntil = -Infinity;
  for (;;) {
    const connection = await connectPatiently();
    if (connection === null) return;
    leave();
    setHidden(status, true);
    const session = createSession({ host: connection, workletSources });
    const panel = new Panel(document.body, session);
    rejoin(session, rejoinsUntil - Date.now());
    leave = () => {
      panel.dispose();
      session.dispose();
    };
    await new Promise((resolve) => connection.onLost(resolve));
    const { isStarted, isStopRequested, _owner, pageId } = session.state;
    rejoinsUntil = isStarted && !isStopRequested && _owner === pageId ? Date.now() + REJOIN_MS : -Infinity;
    if (connection.lostReason !== "unreachable") return; // the panel says why
  }
}

/**
 * Goes on with the call that this page had when the connection broke, unless another page has it by then.
 *
 * The process may notice later than this page that the former connection is gone.
 *
 * @param {Session} session
 * @param {number} withinMs
 */
function rejoin(session, withinMs) {
  if (withinMs <= 0) return;
  const attempt = () => {
    if (!isWaitingForPage(session.state)) return;
    end();
    session.commands.takeOver();
  };
  const unsubscribe = session.onChange(attempt);
  const timer = setTimeout(() => end(), withinMs);
  const end = () => {
    unsubscribe();
    clearTimeout(timer);
  };
  attempt();
}

/** @returns {Promise<import("./host/websocket.js").WebSocketHost | null>} null: there is no call for this page */
async function connectPatiently() {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect(address, hash.slice(1));
    } catch (error) {
      const words = error instanceof NotAdmitted ? WORDS[error.reason] : undefined;
      if (words !== undefined) {
        for (const panel of document.querySelectorAll(".micdrop")) panel.remove();
        setHidden(status, false);
        setText(status, words);
        return null;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
  }
}

// Another address of the same page is another call.
window.addEventListener("hashchange", () => location.reload());
showCall().catch((error) => {
  setHidden(status, false);
  setText(status, `This page has failed (${error}). Reload it.`);
  console.error("micdrop-widget:", error);
});
