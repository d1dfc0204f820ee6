import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Devices } from "../../src/microphone/devices.js";

const DESK = { id: "desk", label: "Desk" };
const HEADSET = { id: "headset", label: "Headset" };
const LISTS = { microphones: [DESK, HEADSET], speakers: [{ id: "default", label: "Default" }, { id: "room", label: "Room" }] };
const WANTED = { request: 1, deviceId: null, constraints: {} };

/** The part of a browser that is asked: what is plugged in, and a storage. */
function setUp({ lists = LISTS, isCapturing = false } = {}) {
  const listeners = new Set();
  /** @type {any} */
  const world = { lists, reported: [], speakers: [], onDeviceChange: () => listeners.forEach((listener) => listener()) };
  Object.defineProperty(world, "listeners", { get: () => listeners.size });
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    value: {
      mediaDevices: {
        addEventListener: (_, listener, { signal }) => {
          listeners.add(listener);
          signal.addEventListener("abort", () => listeners.delete(listener));
        },
      },
    },
  });
  world.devices = new Devices({
    list: async () => world.lists,
    isCapturing: () => isCapturing,
    onChange: (changed) => world.reported.push(changed),
    onSpeaker: (id) => world.speakers.push(id),
  });
  world.open = (deviceId = "desk", isSpeakerChosen = false) =>
    world.devices.open({ ...world.lists, settings: { deviceId } }, isSpeakerChosen);
  return world;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  const kept = new Map();
  globalThis.localStorage = /** @type {any} */ ({
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
  });
});

test("a microphone asked for by its id is remembered once it is open, and preferred from then on", () => {
  const { devices, open } = setUp();
  assert.equal(devices.prefer(WANTED).preferredId, null);
  devices.prefer({ ...WANTED, deviceId: "headset" });
  assert.equal(setUp().devices.prefer(WANTED).preferredId, null);
  open("headset");
  assert.equal(setUp().devices.prefer(WANTED).preferredId, "headset");
});

test("where storage is blocked, the page remembers", () => {
  globalThis.localStorage = /** @type {any} */ ({
    getItem: () => {
      throw new Error("SecurityError");
    },
    setItem: () => {
      throw new Error("SecurityError");
    },
  });
  const { devices } = setUp();
  devices.remember("microphone", "headset");
  assert.equal(devices.prefer(WANTED).preferredId, "headset");
});

test("the remembered loudspeaker is offered once, if it is there and none was chosen", () => {
  const first = setUp();
  first.devices.remember("speaker", "room");
  first.open();
  first.open();
  assert.deepEqual(first.speakers, ["room"]);
  const chosen = setUp();
  chosen.open("desk", true);
  assert.deepEqual(chosen.speakers, []);
  const gone = setUp({ lists: { ...LISTS, speakers: [] } });
  gone.open();
  assert.deepEqual(gone.speakers, []);
});

test("a device that is plugged in or out is reported once", async () => {
  const world = setUp();
  world.open();
  world.onDeviceChange();
  await settled();
  assert.deepEqual(world.reported, []);
  world.lists = { ...LISTS, microphones: [DESK] };
  world.onDeviceChange();
  world.onDeviceChange();
  await settled();
  assert.deepEqual(world.reported, [{ ...LISTS, microphones: [DESK] }]);
});

test("a list without names, of a page that lost the permission, is not reported", async () => {
  const world = setUp();
  world.open();
  world.lists = { microphones: [{ id: "", label: "" }], speakers: [] };
  world.onDeviceChange();
  await settled();
  assert.deepEqual(world.reported, []);
});

test("devices that are not followed are not reported, until a microphone is open again; no change is reported twice", async () => {
  const world = setUp();
  world.open();
  world.devices.unfollow();
  world.lists = { microphones: [DESK], speakers: [] };
  world.onDeviceChange();
  await settled();
  assert.deepEqual([world.reported, world.listeners], [[], 0]);
  world.open();
  world.open();
  assert.equal(world.listeners, 1);
  world.lists = { microphones: [], speakers: [] };
  world.onDeviceChange();
  await settled();
  assert.deepEqual(world.reported, [{ microphones: [], speakers: [] }]);
});
