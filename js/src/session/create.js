import { nowMs } from "../clock.js";
import { bundle } from "../messages/messages.js";
import { Microphone } from "../microphone/microphone.js";
import { AudioEngine } from "../speaker/engine.js";
import { Speaker } from "../speaker/speaker.js";
import { Changes } from "./changes.js";
import { Commands } from "./commands.js";
import { ReceivedDetails } from "./details.js";
import { IdleRelease } from "./idle-release.js";
import { Outbox } from "./outbox.js";
import { PageAudio } from "./page-audio.js";
import { PagePanelState } from "./panel-state.js";
import { PendingRequests } from "./pending-requests.js";
import { Presence } from "./presence.js";
import { Session } from "./session.js";
import { StateEffects } from "./state-effects.js";
import { KernelWatchdog } from "./watchdog.js";

/**
 * Builds a session with all that it works with.
 *
 * @param {object} options
 * @param {import("../host/host.js").Host} options.host
 * @param {readonly (string | URL)[]} options.workletSources JavaScript for the audio thread, or where it is
 * @returns {Session}
 */
export function createSession({ host, workletSources }) {
  const pageId = randomId();
  const outbox = new Outbox({
    send: ({ content, buffers }) => host.send(content, buffers),
    bundle: (messages) => bundle(pageId, messages),
    now: nowMs,
  });
  const engine = new AudioEngine({ workletSources });
  const microphone = new Microphone({
    pageId,
    engine,
    watchdog: new KernelWatchdog(nowMs),
    send: (message) => outbox.send(message),
    isSpeakerChosen: () => host.state.speakerDeviceId !== null,
    now: nowMs,
  });
  const speaker = new Speaker({ pageId, engine, outbox, now: nowMs });
  const audio = new PageAudio({ engine, microphone, speaker });
  const pendingRequests = new PendingRequests();
  const details = new ReceivedDetails();
  const panelState = new PagePanelState({ pageId, host, engine, microphone, pendingRequests, details });
  const idleRelease = new IdleRelease();
  const changes = new Changes();
  const stateEffects = new StateEffects({ host, microphone, speaker, audio, pendingRequests, panelState, idleRelease, changes });
  return new Session({
    pageId,
    host,
    outbox,
    engine,
    microphone,
    speaker,
    audio,
    commands: new Commands({ pageId, host, outbox, audio, microphone, pendingRequests }),
    details,
    panelState,
    pendingRequests,
    presence: new Presence(window),
    idleRelease,
    stateEffects,
    changes,
  });
}

/** Unlike crypto.randomUUID, works on pages that are not secure contexts: they too have to say what is missing. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
