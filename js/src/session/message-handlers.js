import * as messages from "../messages/messages.js";

/**
 * What the handlers work with: of the session's collaborators those that a message reaches, and the session's own part.
 *
 * @typedef {Pick<import("./session.js").Collaborators, "pageId" | "outbox" | "microphone" | "speaker" | "details" | "panelState"
 *   | "pendingRequests" | "presence" | "stateEffects" | "changes">} Receivers
 *
 * @typedef {object} SessionCallbacks
 * @property {() => void} sayHello asks the kernel for the whole state
 * @property {(readout: messages.VadReadout) => void} onVadReadout
 */

/**
 * Returns what this page does at each message of the kernel.
 *
 * @param {Receivers & SessionCallbacks} receivers
 * @returns {import("./kernel-messages.js").Handlers}
 */
export function messageHandlers(receivers) {
  const { pageId, outbox, microphone, speaker, details, stateEffects } = receivers;
  return {
    open_mic: (message) => openMicrophone(receivers, message),
    close_mic: (message) => microphone.close(message),
    ack: (message) => microphone.acknowledge(message),
    play: (message) => speaker.play(message),
    flush: (message) => speaker.flush(message),
    set_speaker: (message) => speaker.select(message),
    probe: ({ number }) => outbox.send(messages.probed(pageId, number)),
    alive: ({ request }) => answerHeartbeat(receivers, request),
    vad_readout: (message) => receivers.onVadReadout(message),
    conversation: (message) => receiveConversation(receivers, message),
    details: (message) => {
      details.receiveFields(message);
      stateEffects.apply();
    },
    page_address: ({ url }) => showPageAddress(receivers, url),
  };
}

/**
 * @param {Receivers} receivers
 * @param {messages.OpenMic} message
 */
function openMicrophone({ microphone, speaker, pendingRequests, stateEffects, changes }, message) {
  stateEffects.applyMute();
  if (!microphone.open(message)) return;
  speaker.resume();
  pendingRequests.confirmStart();
  changes.note();
}

/**
 * @param {Receivers} receivers
 * @param {number} request that the kernel believes to be open or being opened
 */
function answerHeartbeat({ pageId, outbox, microphone, presence }, request) {
  microphone.confirm(request);
  if (presence.isPresent) outbox.send(messages.alive(pageId, request));
}

/**
 * @param {Receivers & SessionCallbacks} receivers
 * @param {messages.Conversation} message
 */
function receiveConversation({ details, presence, stateEffects, sayHello }, message) {
  if (!details.receiveConversation(message) && presence.isPresent) sayHello();
  stateEffects.apply();
}

/**
 * @param {Receivers} receivers
 * @param {string} url
 */
function showPageAddress({ panelState, changes }, url) {
  if (new URL(url).protocol === "http:") panelState.pageUrl = url;
  changes.note();
}
