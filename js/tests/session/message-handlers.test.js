import assert from "node:assert/strict";
import { test } from "node:test";

import { messageHandlers } from "../../src/session/message-handlers.js";

const OPEN_MIC = /** @type {any} */ ({ type: "open_mic", request: 1, deviceId: null, constraints: {} });

/** @param {{opens?: boolean, isPresent?: boolean, isContinuous?: boolean}} [options] */
function receivers({ opens = true, isPresent = true, isContinuous = true } = {}) {
  /** @type {unknown[][]} */
  const effects = [];
  const note =
    (/** @type {string} */ name, /** @type {unknown} */ result = undefined) =>
    (/** @type {unknown[]} */ ...values) => {
      effects.push([name, ...values]);
      return result;
    };
  const panelState = { pageUrl: null };
  const handlers = messageHandlers(
    /** @type {any} */ ({
      pageId: "here",
      outbox: { send: note("send") },
      microphone: {
        open: note("open microphone", opens),
        close: note("close microphone"),
        acknowledge: note("acknowledge"),
        confirm: note("confirm"),
      },
      speaker: { play: note("play"), flush: note("flush"), select: note("select"), resume: note("resume") },
      details: { receiveFields: note("fields"), receiveConversation: note("conversation", isContinuous) },
      panelState,
      pendingRequests: { confirmStart: note("confirm start") },
      presence: { isPresent },
      stateEffects: { apply: note("apply"), applyMute: note("mute") },
      changes: { note: note("note") },
      sayHello: note("hello"),
      onVadReadout: note("readout"),
    }),
  );
  return { handlers, effects, panelState };
}

for (const [type, effect] of /** @type {const} */ ([
  ["close_mic", "close microphone"],
  ["ack", "acknowledge"],
  ["play", "play"],
  ["flush", "flush"],
  ["set_speaker", "select"],
  ["vad_readout", "readout"],
])) {
  test(`${type} goes as it is to what ${effect} means`, () => {
    const { handlers, effects } = receivers();
    const message = /** @type {any} */ ({ type });
    handlers[type](message);
    assert.deepEqual(effects, [[effect, message]]);
  });
}

test("a microphone is muted before it is opened, and what opens it confirms the start", () => {
  const { handlers, effects } = receivers();
  handlers.open_mic(OPEN_MIC);
  assert.deepEqual(effects, [["mute"], ["open microphone", OPEN_MIC], ["resume"], ["confirm start"], ["note"]]);
});

test("a request that opens nothing confirms nothing", () => {
  const { handlers, effects } = receivers({ opens: false });
  handlers.open_mic(OPEN_MIC);
  assert.deepEqual(effects, [["mute"], ["open microphone", OPEN_MIC]]);
});

test("a page that shows the call answers the heartbeat; one that does not confirms its microphone alone", () => {
  const present = receivers();
  present.handlers.alive({ type: "alive", request: 7 });
  assert.deepEqual(present.effects, [["confirm", 7], ["send", { content: { type: "alive", from: "here", request: 7 }, buffers: [] }]]);
  const absent = receivers({ isPresent: false });
  absent.handlers.alive({ type: "alive", request: 7 });
  assert.deepEqual(absent.effects, [["confirm", 7]]);
});

test("a probe is answered by its number", () => {
  const { handlers, effects } = receivers();
  handlers.probe(/** @type {any} */ ({ type: "probe", number: 4 }));
  assert.deepEqual(effects, [["send", { content: { type: "probed", from: "here", number: 4 }, buffers: [] }]]);
});

for (const [when, options, expected] of /** @type {const} */ ([
  ["follows on", {}, []],
  ["leaves a gap", { isContinuous: false }, [["hello"]]],
  ["leaves a gap in a page that does not show the call", { isContinuous: false, isPresent: false }, []],
])) {
  test(`a conversation that ${when} ${expected.length > 0 ? "makes the page ask for the whole" : "is applied"}`, () => {
    const { handlers, effects } = receivers(options);
    const message = /** @type {any} */ ({ type: "conversation", from: 3, items: [] });
    handlers.conversation(message);
    assert.deepEqual(effects, [["conversation", message], ...expected, ["apply"]]);
  });
}

test("details are noted, then applied", () => {
  const { handlers, effects } = receivers();
  const message = /** @type {any} */ ({ type: "details", fields: {} });
  handlers.details(message);
  assert.deepEqual(effects, [["fields", message], ["apply"]]);
});

test("of the addresses of a page the panel shows those that a browser opens by HTTP", () => {
  const { handlers, effects, panelState } = receivers();
  handlers.page_address({ type: "page_address", url: "javascript:alert(1)" });
  assert.equal(panelState.pageUrl, null);
  handlers.page_address({ type: "page_address", url: "http://127.0.0.1:8000/" });
  assert.equal(panelState.pageUrl, "http://127.0.0.1:8000/");
  handlers.page_address({ type: "page_address", url: "file:///etc/hosts" });
  assert.equal(panelState.pageUrl, "http://127.0.0.1:8000/");
  assert.deepEqual(effects, [["note"], ["note"], ["note"]]);
});
