import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as comm from "../../src/messages/messages.js";

const golden = JSON.parse(readFileSync(new URL("../../../tests/comm_messages.json", import.meta.url), "utf8"));

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const samples = (hex) => new Int16Array(bytes(hex).buffer);

/** A view that starts at an odd address, as Jupyter's do. */
function unalignedView(hex) {
  const content = bytes(hex);
  const padded = new Uint8Array(content.length + 3);
  padded.set(content, 1);
  return new DataView(padded.buffer, 1, content.length);
}

const builders = {
  hello: ({ from }) => comm.hello(from),
  bye: ({ from, page_gone: isPageGone }) => comm.bye(from, isPageGone),
  command: ({ from, name }) => comm.command(from, name),
  choose_device: ({ from, kind, device_id: deviceId }) => comm.chooseDevice(from, kind, deviceId),
  devices: ({ from, microphones, speakers }) => comm.devices(from, { microphones, speakers }),
  mic_prompting: ({ from, request, sent_ms: sentMs }) => comm.micPrompting(from, request, sentMs),
  mic_opened: ({ from, request, label, sample_rate: sampleRate, settings, microphones, speakers }) =>
    comm.micOpened(from, { request, label, sampleRate, settings, microphones, speakers }),
  mic_failed: ({ from, request, reason, detail }) => comm.micFailed(from, request, reason, detail),
  mic_ended: ({ from, request }) => comm.micEnded(from, request),
  mic_silent: ({ from, request, is_silent }) => comm.micSilent(from, request, is_silent),
  alive: ({ from, request }) => comm.alive(from, request),
  audio: ({ from, request, seq, position, dropped, sent_ms: sentMs }, buffer) =>
    comm.audio(from, { request, seq, position, dropped, isCompanded: false, samples: samples(buffer) }, sentMs),
  companded_audio: ({ from, request, seq, position, dropped, sent_ms: sentMs }) =>
    comm.audio(from, { request, seq, position, dropped, isCompanded: true, samples: samples("0100ffff0080ff7f") }, sentMs),
  heard: ({ from, epoch, samples: count, underruns, heard_ms: heardMs }) =>
    comm.heard(from, { epoch, samples: count, underruns, heardMs }),
  play_received: ({ from, epoch, samples: count, received_ms: receivedMs }) => comm.playReceived(from, epoch, count, receivedMs),
  probed: ({ from, number }) => comm.probed(from, number),
  playback_failed: ({ from, epoch, reason, detail }) => comm.playbackFailed(from, epoch, reason, detail),
  speaker_failed: ({ from, device_id: deviceId, detail }) => comm.speakerFailed(from, deviceId, detail),
  bundle: ({ from, contents }, buffer) =>
    comm.bundle(
      from,
      contents.map((content) => builders[content.type](content, buffer)),
    ),
};

for (const { content, buffer } of golden.up) {
  test(`${content.type}${content.name ? ` ${content.name}` : ""} is built as in the golden file`, () => {
    const message = builders[content.type](content, buffer);
    assert.deepEqual(message.content, content);
    assert.deepEqual(message.buffers.map((part) => Buffer.from(part).toString("hex")), buffer === undefined ? [] : [buffer]);
  });
}

const parsed = {
  open_mic: ({ type, request, device_id: deviceId, constraints }) => ({ type, request, deviceId, constraints }),
  close_mic: ({ type, request }) => ({ type, request }),
  alive: ({ type, request }) => ({ type, request }),
  ack: ({ type, request, seq, least_lag_ms: leastLagMs, lag_ms: lagMs }) => ({ type, request, seq, leastLagMs, lagMs }),
  vad_readout: ({ type, probability, level_db: levelDb }) => ({ type, probability, levelDb }),
  conversation: ({ type, from, items }) => ({ type, from, items }),
  details: ({ type, fields }) => ({ type, fields }),
  play: ({ type, epoch, position, awaits_ack: awaitsAck }, buffer) => ({ type, epoch, position, awaitsAck, samples: samples(buffer) }),
  probe: ({ type, number }) => ({ type, number }),
  flush: ({ type, epoch }) => ({ type, epoch }),
  set_speaker: ({ type, device_id: deviceId }) => ({ type, deviceId }),
  page_address: ({ type, url }) => ({ type, url }),
  state: ({ type, fields }) => ({ type, fields }),
  bundle: ({ type, contents }) => ({ type, contents }),
};

for (const { content, buffer } of golden.down) {
  const buffers = buffer === undefined ? [] : [unalignedView(buffer)];

  test(`${content.type} of the golden file is understood`, () => {
    assert.deepEqual(comm.parseDown(content, buffers, "f1"), parsed[content.type](content, buffer));
  });

  test(`${content.type} is understood also with a buffer more, which only fills it`, () => {
    const filled = [...buffers, unalignedView("00".repeat(9))];
    assert.deepEqual(comm.parseDown(content, filled, "f1"), parsed[content.type](content, buffer));
  });

  test(`${content.type} for another page is ignored`, () => {
    assert.equal(comm.parseDown({ ...content, to: "f2" }, buffers, "f1"), null);
  });

  test(`${content.type} with a field missing is refused`, () => {
    for (const name of Object.keys(content)) {
      const { [name]: _, ...rest } = content;
      assert.throws(() => comm.parseDown(rest, buffers, "f1"), comm.CommError, name);
    }
  });
}

test("what is not in the contract is refused with its name", () => {
  assert.throws(() => comm.parseDown({ type: "dance", to: null }, [], "f1"), /unknown message "dance"/);
  assert.throws(() => comm.parseDown(null, [], "f1"), comm.CommError);
  assert.throws(() => comm.parseDown({ type: "flush", to: null, epoch: "3" }, [], "f1"), /flush: expected a count, got "3" in epoch/);
  assert.throws(() => comm.parseDown({ type: "play", to: null, epoch: 0, position: 0, awaits_ack: false }, [unalignedView("010203")], "f1"), /3 bytes/);
  const item = (fields) => ({ type: "conversation", to: null, from: 0, items: [fields] });
  assert.throws(() => comm.parseDown(item({ role: "parrot", content: "" }), [], "f1"), /unknown role "parrot" in items/);
  assert.throws(() => comm.parseDown(item({ role: "tool_call", content: "" }), [], "f1"), /expected a string, got nothing in toolCallId/);
  assert.throws(() => comm.parseDown({ type: "details", to: null, fields: { error: "no" } }, [], "f1"), /in error in fields/);
  assert.throws(() => comm.parseDown({ type: "toString", to: null }, [], "f1"), /unknown message "toString"/);
});
