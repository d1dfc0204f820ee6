"""What the browser tells the kernel. Each message says from which front end it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from micdrop_widget.audio import Pcm, pcm_from_bytes
from micdrop_widget.devices import Device, Microphone

__all__ = [
    "Alive",
    "AudioFrame",
    "BrowserMessage",
    "Bye",
    "ChooseDevice",
    "Command",
    "DevicesChanged",
    "HeardReport",
    "Hello",
    "MicEnded",
    "MicFailed",
    "MicOpened",
    "MicPrompting",
    "SpeakerFailed",
    "parse_messages",
]

DeviceKind: TypeAlias = Literal["microphone", "speaker"]


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
class ChooseDevice:
    """The user chose another microphone or loudspeaker, now or when the browser last showed a call."""

    front_end: str
    kind: DeviceKind
    device_id: str


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """Something was plugged in or out."""

    front_end: str
    mic_devices: tuple[Device, ...]
    speaker_devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class MicPrompting:
    """The front end has the request and asks the browser for the microphone."""

    front_end: str
    request: int
    sent_ms: float
    """When the browser sent it, milliseconds on its own clock."""


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
class Alive:
    """The page that has the microphone is still there."""

    front_end: str
    request: int


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """Samples of the microphone: one frame of 32 ms, or several in a row."""

    front_end: str
    request: int
    seq: int
    """Number of the message since the microphone was opened, without gaps."""
    position: int
    """First sample, counted at the microphone's rate since it was opened, muted stretches included."""
    dropped: int
    """Samples that the browser has thrown away since the microphone was opened, because the kernel did not answer."""
    sent_ms: float
    """When the browser sent it, milliseconds on its own clock."""
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
    Hello
    | Bye
    | Command
    | ChooseDevice
    | DevicesChanged
    | MicPrompting
    | MicOpened
    | MicFailed
    | MicEnded
    | Alive
    | AudioFrame
    | HeardReport
    | SpeakerFailed
)


def parse_messages(content: object, buffers: Sequence[memoryview | bytes] = ()) -> list[BrowserMessage]:
    """Return what a custom message of the front end means: one message, or several that came in one, all or none.

    Raises
    ------
    ValueError
        It is none that this kernel knows; the message says why.
    """
    parts = [content]
    if isinstance(content, Mapping) and content.get("type") == "bundle":
        parts = _get(content, "contents", list)
    return [_parse(part, buffers) for part in parts]


def _parse(  # noqa: PLR0912 - one case a message
    content: object, buffers: Sequence[memoryview | bytes]
) -> BrowserMessage:
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
        case "choose_device":
            return ChooseDevice(front_end, _kind(content), _get(content, "device_id", str))
        case "devices":
            return DevicesChanged(front_end, _devices(content, "microphones"), _devices(content, "speakers"))
        case "mic_prompting":
            return MicPrompting(front_end, _get(content, "request", int), _number(content, "sent_ms"))
        case "mic_opened":
            return MicOpened(front_end, _get(content, "request", int), _microphone(content))
        case "mic_failed":
            return MicFailed(
                front_end, _get(content, "request", int), _get(content, "reason", str), _get(content, "detail", str)
            )
        case "mic_ended":
            return MicEnded(front_end, _get(content, "request", int))
        case "alive":
            return Alive(front_end, _get(content, "request", int))
        case "audio":
            return AudioFrame(
                front_end,
                _get(content, "request", int),
                _get(content, "seq", int),
                _get(content, "position", int),
                _get(content, "dropped", int),
                _number(content, "sent_ms"),
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
        label=_get(content, "label", str),
        sample_rate=_get(content, "sample_rate", int),
        # A browser that does not say is taken at its word that it did what was asked.
        echo_cancellation=settings.get("echoCancellation") is not False,
        noise_suppression=settings.get("noiseSuppression"),
        auto_gain_control=settings.get("autoGainControl"),
        mic_devices=_devices(content, "microphones"),
        speaker_devices=_devices(content, "speakers"),
    )


def _devices(content: Mapping[str, Any], key: str) -> tuple[Device, ...]:
    return tuple(Device(_get(device, "id", str), _get(device, "label", str)) for device in _get(content, key, list))


def _kind(content: Mapping[str, Any]) -> DeviceKind:
    kind: DeviceKind = _get(content, "kind", str)
    if kind not in get_args(DeviceKind):
        raise ValueError(f"choose_device: unexpected kind {kind!r}")
    return kind


def _number(content: Mapping[str, Any], key: str) -> float:
    return float(_get(content, key, (int, float)))


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
