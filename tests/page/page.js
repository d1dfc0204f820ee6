// A host of anywidgets without Jupyter: models whose other end is the test's process, over one WebSocket.
//
// A message is a frame: the length of its header (uint32, big endian), the header as JSON, its buffers one after the
// other. `?show=MODEL` renders a view of a model as soon as there is one, as often as it is given.
//
// window.__page.show(model)   renders one more view of it
// window.__page.has(model)    whether it is known here
// window.__page.remove(view)  removes a view, counted from 0 in the order of rendering
// window.__page.isReady()     whether every view asked for by the address is there

const HEADER_LENGTH_BYTES = 4;

class Model {
  #id;
  #state;
  #listeners = new Map();

  constructor(id, state) {
    this.#id = id;
    this.#state = state;
  }

  get(name) {
    return this.#state[name];
  }

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  off(event, listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((each) => each !== listener));
  }

  send(content, _callbacks, buffers = []) {
    if (socket.readyState !== WebSocket.OPEN) throw new Error("the connection is closed");
    socket.send(encode({ model: this.#id, content }, buffers));
  }

  update(state) {
    Object.assign(this.#state, state);
    for (const name of Object.keys(state)) this.trigger(`change:${name}`);
    this.trigger("change");
  }

  trigger(event, ...parts) {
    for (const listener of this.#listeners.get(event) ?? []) listener(...parts);
  }
}

const socket = new WebSocket(`ws://${location.host}/comm`);
socket.binaryType = "arraybuffer";
const opened = new Map(); // id -> {model, widget, ended}
const views = []; // {element, dispose}
const awaited = new URLSearchParams(location.search).getAll("show");

function encode(header, buffers) {
  const parts = buffers.map((buffer) => new Uint8Array(buffer));
  const json = new TextEncoder().encode(JSON.stringify({ ...header, buffers: parts.map((part) => part.length) }));
  const length = new DataView(new ArrayBuffer(HEADER_LENGTH_BYTES));
  length.setUint32(0, json.length);
  return new Blob([length, json, ...parts]);
}

function decode(frame) {
  const jsonLength = new DataView(frame).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, HEADER_LENGTH_BYTES, jsonLength)));
  let start = HEADER_LENGTH_BYTES + jsonLength;
  const buffers = header.buffers.map((length) => {
    start += length;
    return new DataView(frame, start - length, length);
  });
  return { header, buffers };
}

async function open(id, state) {
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" })); // as anywidget imports it
  const { default: widget } = await import(url);
  if (document.querySelector("style") === null) {
    document.head.append(Object.assign(document.createElement("style"), { textContent: state._css }));
  }
  const ended = new AbortController();
  const model = new Model(id, state);
  opened.set(id, { model, widget, ended });
  widget.initialize({ model, signal: ended.signal });
  while (awaited[0] === id) show(awaited.shift());
}

function close(id) {
  const { model, ended } = opened.get(id);
  opened.delete(id);
  model.trigger("comm:close");
  views.forEach((view, index) => view.id === id && remove(index));
  model.trigger("destroy");
  ended.abort();
}

function show(id) {
  const { model, widget } = opened.get(id);
  const element = Object.assign(document.createElement("section"), { className: "view" });
  document.body.append(element);
  const ended = new AbortController();
  const dispose = widget.render({ model, el: element, signal: ended.signal });
  views.push({ id, element, dispose: () => { dispose?.(); ended.abort(); } });
}

function remove(index) {
  const { element, dispose } = views[index];
  dispose();
  element.remove();
}

async function receive(frame) {
  const { header, buffers } = decode(frame);
  if (header.type === "open") return open(header.model, header.state);
  if (header.type === "close") return close(header.model);
  const { model } = opened.get(header.model);
  if (header.type === "update") return model.update(header.state);
  return model.trigger("msg:custom", header.content, buffers);
}

let received = Promise.resolve();
socket.onmessage = ({ data }) => {
  received = received.then(() => receive(data)).catch((error) => console.error("page.js:", error));
};

window.__page = { show, remove, has: (id) => opened.has(id), isReady: () => socket.readyState === WebSocket.OPEN && awaited.length === 0 };
