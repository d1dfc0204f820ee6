import { connect, NotAdmitted } from "./host/websocket.js";
import { createSession } from "./session/create.js";
import { element, setHidden, setText } from "./view/dom.js";
import { Panel } from "./view/panel.js";

/** @typedef {import("./host/host.js").LostReason} LostReason */

/** From one attempt to connect to the next: a process behind a tunnel that broke may be reached again. */
const RETRY_MS = [500, 1000, 2000, 5000];

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

/** Shows the call until it has ended; after a lost connection it connects again, with a new session. */
async function showCall() {
  let leave = () => undefined;
  for (;;) {
    const connection = await connectPatiently();
    if (connection === null) return;
    leave();
    setHidden(status, true);
    const session = createSession({ host: connection, workletSources });
    const panel = new Panel(document.body, session);
    leave = () => {
      panel.dispose();
      session.dispose();
    };
    await new Promise((resolve) => connection.onLost(resolve));
    if (connection.lostReason !== "unreachable") return; // the panel says why
  }
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
