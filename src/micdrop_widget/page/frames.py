"""Messages of pages as frames of a WebSocket. Pure; the page's side is `js/src/host/frames.js`.

A message is a text frame, its JSON. One with a buffer is a binary frame: the length of the JSON (uint32, big endian),
the JSON, the buffer.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

from micdrop_widget.browser.messages import Content

__all__ = ["decode_frame", "encode_frame"]

_LENGTH = struct.Struct(">I")


def encode_frame(content: Content, buffers: Sequence[bytes] = ()) -> str | bytes:
    """Return a message as a frame, with the first of its buffers: others only fill messages of Jupyter's carrier."""
    text = json.dumps(content, separators=(",", ":"))
    if not buffers:
        return text
    head = text.encode()
    return b"".join([_LENGTH.pack(len(head)), head, buffers[0]])


def decode_frame(frame: str | bytes) -> tuple[object, list[memoryview]]:
    """Return what a frame holds.

    Raises
    ------
    ValueError
        It is no frame of a page.
    """
    try:
        if isinstance(frame, str):
            return json.loads(frame), []
        (length,) = _LENGTH.unpack_from(frame)
        view, end = memoryview(frame), _LENGTH.size + length
        if end > len(frame):
            raise ValueError(f"expected {length} bytes of JSON, got {len(frame) - _LENGTH.size}")
        return json.loads(bytes(view[_LENGTH.size : end])), [view[end:]]
    except (struct.error, RecursionError) as error:
        raise ValueError(f"expected a message: {error}") from None
