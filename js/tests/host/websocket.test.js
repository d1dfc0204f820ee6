import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, NotAdmitted } from "../../src/host/websocket.js";
import { INITIAL_TRAITS } from "../../src/session/state.js";

/** A socket whose other end is the test. */
class FakeSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;

  /** @type {unknown[]} */
  sent = [];
  readyState = FakeSocket.CONNECTING + 0;
  binaryType = "";
  onopen = () => undefined;
  /** @type {(event: {data: unknown}) => void} */
  onmessage = () => undefined;
  /** @type {(event: {code: number}) => void} */
  onclose = () => undefined;

  open() {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  /** @param {unknown} content */
  receive(content) {
    this.onmessage({ data: JSON.stringify(content) });
  }

  /** @param {unknown} frame */
  send(frame) {
    this.sent.push(typeof frame === "string" ? JSON.parse(frame) : frame);
  }

  close(code = 1000) {
    if (this.readyState === FakeSocket.CLOSED) return;
    this.readyState = FakeSocket.CLOSED;
    this.onclose({ code });
  }
}

globalThis.WebSocket = /** @type {any} */ (FakeSocket);

const stateOf = (changes = {}) => ({ type: "state", to: null, fields: { ...INITIAL_TRAITS, ...changes } });

async function admitted() {
  const socket = new FakeSocket();
  const connecting = connect("ws://here/call", "secret", () => /** @type {any} */ (socket));
  socket.open();
  socket.receive(stateOf({ isMuted: true }));
  const host = await connecting;
  /** @type {unknown[]} */
  const events = [];
  host.onState(() => events.push("state"));
  host.onMessage((content) => events.push(content));
  host.onLost((cause) => events.push(["lost", cause]));
  return { socket, host, events };
}

test("the token goes first, and the state is the answer", async () => {
  const { socket, host } = await admitted();
  assert.deepEqual(socket.sent, [{ type: "enter", token: "secret" }]);
  assert.equal(socket.binaryType, "arraybuffer");
  assert.deepEqual([host.state.isMuted, host.state.isStarted], [true, false]);
});

test("states are kept, every other message is passed on", async () => {
  const { socket, host, events } = await admitted();
  socket.receive(stateOf({ isStarted: true }));
  socket.receive({ type: "flush", to: null, epoch: 3 });
  assert.deepEqual(events, ["state", { type: "flush", to: null, epoch: 3 }]);
  assert.equal(host.state.isStarted, true);
});

for (const [code, reason] of [[4000, "closed"], [4401, "refused"], [4409, "moved"], [1006, "unreachable"]]) {
  test(`a connection that ends with ${code} was ${reason}, and is reported once`, async () => {
    const { socket, host, events } = await admitted();
    socket.close(/** @type {number} */ (code));
    host.send({ type: "bye" }, []);
    assert.deepEqual([host.lostReason, events], [reason, [["lost", reason]]]);
  });

  test(`one that ends with ${code} before it was admitted is ${reason}`, async () => {
    const socket = new FakeSocket();
    const connecting = connect("ws://here/call", "secret", () => /** @type {any} */ (socket));
    socket.open();
    socket.close(/** @type {number} */ (code));
    await assert.rejects(connecting, (error) => error instanceof NotAdmitted && error.reason === reason);
  });
}

test("a process of another version is refused", async () => {
  const socket = new FakeSocket();
  const connecting = connect("ws://here/call", "secret", () => /** @type {any} */ (socket));
  socket.open();
  socket.receive({ type: "state", to: null, fields: { isStarted: "yes" } });
  await assert.rejects(connecting, (error) => error instanceof NotAdmitted && error.reason === "refused");
  assert.equal(socket.readyState, FakeSocket.CLOSED);
});

test("what is sent over a connection that is being closed is dropped: its end says why", async () => {
  const { socket, host, events } = await admitted();
  socket.readyState = FakeSocket.CLOSING;
  host.send({ type: "alive" }, []);
  assert.deepEqual([host.lostReason, events, socket.sent.length], [null, [], 1]);
  socket.close(4409);
  assert.deepEqual([host.lostReason, events], ["moved", [["lost", "moved"]]]);
});
