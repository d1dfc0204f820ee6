"""The messages between the panel in the browser and the kernel: what each means, and how it is written.

`tests/comm_messages.json` holds one golden example of each; the front end's codec is `js/src/comm.js`. State goes
down as synced traits; everything else travels in these custom messages, audio as a binary buffer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from micdrop_widget.audio import Pcm, pcm_from_bytes, pcm_to_bytes
from micdrop_widget.sources import Microphone
from micdrop_widget.state import Device

__all__ = [
    "AudioFrame",
    "BrowserMessage",
    "Bye",
    "Command",
    "Content",
    "HeardReport",
    "Hello",
    "MicEnded",
    "MicFailed",
    "MicOpened",
    "MicPrompting",
    "SpeakerFailed",
    "close_mic",
    "flush",
    "honour_front_end_routing",
    "open_mic",
    "parse_message",
    "play",
    "set_speaker",
]

Content: TypeAlias = dict[str, Any]


# Up: from the browser


@dataclass(frozen=True, slots=True)
class Hello:
    """A panel is shown."""

    front_end: str


@dataclass(frozen=True, slots=True)
class Bye:
    """The last panel of a front end is gone: removed from the page, or the page itself went (it may come back)."""

    front_end: str
    page_gone: bool


@dataclass(frozen=True, slots=True)
class Command:
    """The user pressed something."""

    front_end: str
    name: str


@dataclass(frozen=True, slots=True)
class MicPrompting:
    """The front end has the request and asks the browser for the microphone."""

    front_end: str
    request: int


@dataclass(frozen=True, slots=True)
class MicOpened:
    """The microphone captures."""

    front_end: str
    request: int
    microphone: Microphone


@dataclass(frozen=True, slots=True)
class MicFailed:
    """The browser gave no microphone."""

    front_end: str
    request: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class MicEnded:
    """The microphone went away while it captured."""

    front_end: str
    request: int


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """Samples of the microphone."""

    front_end: str
    request: int
    seq: int
    """Number of the frame since the microphone was opened, without gaps."""
    position: int
    """First sample of the frame, counted since the microphone was opened, muted stretches included."""
    sent_ms: float
    """When the browser sent it, milliseconds since the epoch."""
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class HeardReport:
    """How much of the answer was heard."""

    front_end: str
    epoch: int
    samples: int
    underruns: int


@dataclass(frozen=True, slots=True)
class SpeakerFailed:
    """The browser cannot play on the loudspeaker that was chosen."""

    front_end: str
    device_id: str
    detail: str


BrowserMessage: TypeAlias = (
    Hello | Bye | Command | MicPrompting | MicOpened | MicFailed | MicEnded | AudioFrame | HeardReport | SpeakerFailed
)


def parse_message(content: object, buffers: Sequence[memoryview | bytes] = ()) -> BrowserMessage:
    """Return what a custom message of the front end means.

    Raises
    ------
    ValueError
        It is none that this kernel knows; the message says why.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"expected an object, got {type(content).__name__}")
    front_end = _get(content, "from", str)
    match content.get("type"):
        case "hello":
            return Hello(front_end)
        case "bye":
            return Bye(front_end, _get(content, "page_gone", bool))
        case "command":
            return Command(front_end, _get(content, "name", str))
        case "mic_prompting":
            return MicPrompting(front_end, _get(content, "request", int))
        case "mic_opened":
            return MicOpened(front_end, _get(content, "request", int), _microphone(content))
        case "mic_failed":
            return MicFailed(
                front_end, _get(content, "request", int), _get(content, "reason", str), _get(content, "detail", str)
            )
        case "mic_ended":
            return MicEnded(front_end, _get(content, "request", int))
        case "audio":
            return AudioFrame(
                front_end,
                _get(content, "request", int),
                _get(content, "seq", int),
                _get(content, "position", int),
                float(_get(content, "sent_ms", (int, float))),
                _samples(buffers),
            )
        case "heard":
            return HeardReport(
                front_end, _get(content, "epoch", int), _get(content, "samples", int), _get(content, "underruns", int)
            )
        case "speaker_failed":
            return SpeakerFailed(front_end, _get(content, "device_id", str), _get(content, "detail", str))
        case other:
            raise ValueError(f"unknown message type {other!r}")


def _microphone(content: Mapping[str, Any]) -> Microphone:
    settings = _get(content, "settings", Mapping)
    return Microphone(
        device_id=settings.get("deviceId"),
        # A browser that does not say is taken at its word that it did what was asked.
        echo_cancellation=settings.get("echoCancellation") is not False,
        mic_devices=_devices(content, "microphones"),
        speaker_devices=_devices(content, "speakers"),
    )


def _devices(content: Mapping[str, Any], key: str) -> tuple[Device, ...]:
    return tuple(Device(_get(device, "id", str), _get(device, "label", str)) for device in _get(content, key, list))


def _samples(buffers: Sequence[memoryview | bytes]) -> Pcm:
    if len(buffers) != 1:
        raise ValueError(f"expected one buffer of samples, got {len(buffers)}")
    samples = memoryview(buffers[0]).cast("B")
    if len(samples) % 2:
        raise ValueError(f"expected an even number of bytes, got {len(samples)}")
    return pcm_from_bytes(samples)


def _get(content: Mapping[str, Any], key: str, kind: Any) -> Any:  # noqa: ANN401 - any JSON value
    value = content.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{content.get('type')}: unexpected {key!r}, a {type(value).__name__}")
    return value


# Down: to the browser


def open_mic(to: str, request: int, device_id: str | None) -> Content:
    """Return the request for the microphone; echo cancellation, noise suppression and gain control are on."""
    constraints = {"echoCancellation": True, "noiseSuppression": True, "autoGainControl": True}
    return {"type": "open_mic", "to": to, "request": request, "device_id": device_id, "constraints": constraints}


def close_mic() -> Content:
    """Return the order to every front end to release the microphone."""
    return {"type": "close_mic", "to": None}


def play(to: str, epoch: int, position: int, pcm: Pcm) -> tuple[Content, list[bytes]]:
    """Return samples of an answer and their position in its epoch."""
    return {"type": "play", "to": to, "epoch": epoch, "position": position}, [pcm_to_bytes(pcm)]


def flush(epoch: int) -> Content:
    """Return the order to be silent and to forget every older epoch."""
    return {"type": "flush", "to": None, "epoch": epoch}


def set_speaker(device_id: str) -> Content:
    """Return the order to play on another loudspeaker."""
    return {"type": "set_speaker", "to": None, "device_id": device_id}


def honour_front_end_routing(comm: object) -> None:
    """Let the front end say on which thread its messages are handled.

    ipykernel 7.4 sends a comm's messages to the thread that last sent on it, whatever the front end asked for: after
    any use of the widget in a cell that is the main thread, which is busy for as long as a cell runs. Versions
    without that routing have nothing to override.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
