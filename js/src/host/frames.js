// Messages as frames of a WebSocket; the kernel's side is `page/frames.py`. Pure.
//
// A message is a text frame, its JSON. One with a buffer is a binary frame: the length of the JSON (uint32, big endian), the JSON,
// the buffer.

const LENGTH_BYTES = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * @param {Record<string, unknown>} content
 * @param {readonly ArrayBuffer[]} buffers one, or none
 * @returns {string | Uint8Array<ArrayBuffer>}
 */
export function encodeFrame(content, buffers) {
  const text = JSON.stringify(content);
  const [buffer] = buffers;
  if (buffer === undefined) return text;
  const json = encoder.encode(text);
  const frame = new Uint8Array(LENGTH_BYTES + json.length + buffer.byteLength);
  new DataView(frame.buffer).setUint32(0, json.length);
  frame.set(json, LENGTH_BYTES);
  frame.set(new Uint8Array(buffer), LENGTH_BYTES + json.length);
  return frame;
}

/**
 * @param {string | ArrayBuffer} frame
 * @returns {{content: unknown, buffers: DataView[]}}
 * @throws {Error} when it is no message
 */
export function decodeFrame(frame) {
  if (typeof frame === "string") return { content: JSON.parse(frame), buffers: [] };
  const end = LENGTH_BYTES + new DataView(frame).getUint32(0);
  const content = JSON.parse(decoder.decode(new Uint8Array(frame, LENGTH_BYTES, end - LENGTH_BYTES)));
  return { content, buffers: [new DataView(frame, end)] };
}
