"""The messages from the kernel to the pages. Each names the page it is for; None is for all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError
from micdrop_widget.protocol import ConversationItem, item_to_json
from micdrop_widget.state import Notice

__all__ = [
    "Constraints",
    "Content",
    "ack",
    "alive",
    "bundle",
    "close_mic",
    "conversation",
    "details",
    "flush",
    "open_mic",
    "page_address",
    "play",
    "probe",
    "set_speaker",
    "state",
    "vad_readout",
]

Content: TypeAlias = dict[str, Any]


class Constraints(TypedDict):
    """What the browser is asked to do with the microphone's sound, by the names of `MediaTrackConstraints`."""

    echoCancellation: bool
    noiseSuppression: bool
    autoGainControl: bool


def open_mic(to: str, request: int, device_id: str | None, constraints: Constraints) -> Content:
    """Return the request for the microphone. Request numbers grow; one that is no larger than the last is a replay."""
    return {"type": "open_mic", "to": to, "request": request, "device_id": device_id, "constraints": constraints}


def close_mic(request: int) -> Content:
    """Return the order to every page to release the microphone of this request and of all before it."""
    return {"type": "close_mic", "to": None, "request": request}


def alive(to: str | None, request: int) -> Content:
    """Return the heartbeat, for the owner or for all pages; a page that shows a panel answers with the same message."""
    return {"type": "alive", "to": to, "request": request}


def ack(to: str, request: int, seq: int, least_lag_ms: float, lag_ms: float) -> Content:
    """Return the acknowledgement of the microphone's messages up to a number.

    The lags are how late the promptest and the worst were of all that came since the acknowledgement before.
    """
    return {"type": "ack", "to": to, "request": request, "seq": seq, "least_lag_ms": least_lag_ms, "lag_ms": lag_ms}


def conversation(start: int, items: Sequence[ConversationItem], to: str | None = None) -> Content:
    """Return the items that replace all items of the conversation from a number on."""
    return {"type": "conversation", "to": to, "from": start, "items": [item_to_json(item) for item in items]}


def details(fields: Mapping[str, object], to: str | None = None) -> Content:
    """Return the new values of some fields of `MicdropState` that are no synced traits."""
    return {"type": "details", "to": to, "fields": {name: _detail(value) for name, value in fields.items()}}


def _detail(value: object) -> object:
    match value:
        case MicdropError() | Notice():
            return {"code": str(value.code), "message": value.message, "remedy": value.remedy}
        case Device():
            return {"id": value.id, "label": value.label}
        case tuple():
            return [_detail(item) for item in value]
        case _:
            return value


def vad_readout(probability: float, level_db: float) -> Content:
    """Return the detected probability of speech and the level; NaN stands for a value that no detector knows."""
    known = {"probability": probability, "level_db": level_db}
    return {
        "type": "vad_readout",
        "to": None,
        **{name: value if math.isfinite(value) else None for name, value in known.items()},
    }


def play(to: str, epoch: int, position: int, pcm: Pcm, *, awaits_ack: bool = False) -> tuple[Content, list[bytes]]:
    """Return samples of an answer and their position in its epoch; the page may have to say that they have arrived."""
    content = {"type": "play", "to": to, "epoch": epoch, "position": position, "awaits_ack": awaits_ack}
    return content, [pcm_to_bytes(pcm)]


def flush(epoch: int, to: str | None = None) -> Content:
    """Return the order to be silent, and to drop every older epoch and all that waits of this one."""
    return {"type": "flush", "to": to, "epoch": epoch}


def probe(to: str, number: int) -> Content:
    """Return the question how fast the line is: the page answers at once, whatever buffer comes with it."""
    return {"type": "probe", "to": to, "number": number}


def bundle(contents: Sequence[Content], to: str | None = None) -> Content:
    """Return several messages without buffers as one: each message costs kernel, server and page the same.

    The page draws once, when it has applied all of them.
    """
    return contents[0] if len(contents) == 1 else {"type": "bundle", "to": to, "contents": list(contents)}


def set_speaker(device_id: str) -> Content:
    """Return the order to play on another loudspeaker."""
    return {"type": "set_speaker", "to": None, "device_id": device_id}


def page_address(to: str, url: str) -> Content:
    """Return the address of a page that this process serves for the call; it holds the token that lets a browser in."""
    return {"type": "page_address", "to": to, "url": url}


def state(fields: Mapping[str, object], to: str | None = None) -> Content:
    """Return the values of the synced traits, for a carrier that synchronizes none."""
    return {"type": "state", "to": to, "fields": dict(fields)}
