"""The messages from a page to the kernel. Each names the page it is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

from micdrop_widget.audio import Pcm, pcm_from_bytes
from micdrop_widget.browser.messages.decode import MAX_ITEMS, decode, key
from micdrop_widget.browser.messages.mu_law import pcm_from_mu_law
from micdrop_widget.devices import Device, Microphone

__all__ = [
    "Alive",
    "AudioFrame",
    "BrowserMessage",
    "Bye",
    "ChooseDevice",
    "Command",
    "CommandName",
    "CompandedAudioFrame",
    "DevicesChanged",
    "Hello",
    "MicEnded",
    "MicFailed",
    "MicOpened",
    "MicPrompting",
    "MicSettings",
    "MicSilent",
    "PlayReceived",
    "PlaybackFailed",
    "PlaybackProgress",
    "Probed",
    "SpeakerFailed",
    "parse_messages",
]

_MAX_AUDIO_BYTES = 1 << 20
"""Bytes of one message. A page keeps half a second that it cannot send; the fastest microphones have 192 kHz."""

_SAMPLE_RATES = range(8000, 384_001)

CommandName: TypeAlias = Literal["start", "stop", "take_over", "mute", "unmute", "pause", "resume", "open_page"]
DeviceKind: TypeAlias = Literal["microphone", "speaker"]


@dataclass(frozen=True, slots=True)
class _FromPage:
    page_id: str = field(metadata=key("from"))


@dataclass(frozen=True, slots=True)
class Hello(_FromPage):
    """A panel is shown, on a page that knows nothing of the call."""


@dataclass(frozen=True, slots=True)
class Bye(_FromPage):
    """The last panel of a page is gone: removed from the page, or the page itself went (it may come back)."""

    page_gone: bool


@dataclass(frozen=True, slots=True)
class Command(_FromPage):
    """The user pressed a button of the panel."""

    name: CommandName


@dataclass(frozen=True, slots=True)
class ChooseDevice(_FromPage):
    """The user chose another microphone or loudspeaker, now or when the browser last showed a call."""

    kind: DeviceKind
    device_id: str


@dataclass(frozen=True, slots=True)
class DevicesChanged(_FromPage):
    """Something was plugged in or out."""

    microphones: tuple[Device, ...]
    speakers: tuple[Device, ...]

    def __post_init__(self) -> None:
        _set_kinds(self)


@dataclass(frozen=True, slots=True)
class MicPrompting(_FromPage):
    """The page has the request and asks the browser for the microphone."""

    request: int
    sent_ms: float
    """When the page sent it, milliseconds on its own clock."""


@dataclass(frozen=True, slots=True)
class MicSettings:
    """What the browser really applied to a microphone, as far as it says; of `MediaTrackSettings`."""

    device_id: str | None = field(default=None, metadata=key("deviceId"))
    echo_cancellation: bool | str | None = field(default=None, metadata=key("echoCancellation"))
    """A text names which sounds are cancelled."""
    noise_suppression: bool | None = field(default=None, metadata=key("noiseSuppression"))
    auto_gain_control: bool | None = field(default=None, metadata=key("autoGainControl"))


@dataclass(frozen=True, slots=True)
class MicOpened(_FromPage):
    """The microphone captures."""

    request: int
    label: str
    sample_rate: int
    settings: MicSettings
    microphones: tuple[Device, ...]
    speakers: tuple[Device, ...]

    def __post_init__(self) -> None:
        if self.sample_rate not in _SAMPLE_RATES:
            raise ValueError(f"sample_rate: expected a rate in Hz, got {self.sample_rate}")
        _set_kinds(self)

    @property
    def microphone(self) -> Microphone:
        """The microphone as the call knows it."""
        settings = self.settings
        return Microphone(
            device_id=settings.device_id,
            label=self.label,
            sample_rate=self.sample_rate,
            # A browser that does not say is assumed to have done what was asked.
            echo_cancellation=settings.echo_cancellation is not False,
            noise_suppression=settings.noise_suppression,
            auto_gain_control=settings.auto_gain_control,
            mic_devices=self.microphones,
            speaker_devices=self.speakers,
        )


def _set_kinds(listed: DevicesChanged | MicOpened) -> None:
    """Give each device its kind, which on the wire is that of its list."""
    microphones = tuple(replace(device, kind="audioinput") for device in listed.microphones)
    speakers = tuple(replace(device, kind="audiooutput") for device in listed.speakers)
    # frozen and slotted: the only way to store what follows from what was read
    object.__setattr__(listed, "microphones", microphones)
    object.__setattr__(listed, "speakers", speakers)


@dataclass(frozen=True, slots=True)
class MicFailed(_FromPage):
    """The microphone could not be opened."""

    request: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class MicEnded(_FromPage):
    """The microphone went away while it captured."""

    request: int


@dataclass(frozen=True, slots=True)
class MicSilent(_FromPage):
    """The device or the browser has muted the track by itself, or has unmuted it again."""

    request: int
    is_silent: bool


@dataclass(frozen=True, slots=True)
class Alive(_FromPage):
    """The page is still there, and shows a panel; the answer to a message of that type."""

    request: int


@dataclass(frozen=True, slots=True)
class AudioFrame(_FromPage):
    """Samples of the microphone: one frame of 32 ms, or several in a row."""

    request: int
    seq: int
    """Number of the message since the microphone was opened, without gaps."""
    position: int
    """First sample, counted at the microphone's rate since it was opened, muted stretches included."""
    dropped: int
    """Samples that the browser has thrown away since the microphone was opened, because the kernel did not answer."""
    sent_ms: float
    """When the page sent it, milliseconds on its own clock."""
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class CompandedAudioFrame(AudioFrame):
    """The same, sent with 8 bits a sample, because the line cannot carry more."""


@dataclass(frozen=True, slots=True)
class PlaybackProgress(_FromPage):
    """How much of the answer was heard."""

    epoch: int
    samples: int
    underruns: int
    heard_ms: float
    """When the last of these samples left the loudspeaker, milliseconds on the page's own clock."""


@dataclass(frozen=True, slots=True)
class PlayReceived(_FromPage):
    """How much of an answer has arrived in the page."""

    epoch: int
    samples: int
    received_ms: float
    """When the last of it did, milliseconds on the page's own clock."""


@dataclass(frozen=True, slots=True)
class Probed(_FromPage):
    """The answer to the message `probe` of that number."""

    number: int


@dataclass(frozen=True, slots=True)
class PlaybackFailed(_FromPage):
    """The page cannot play the answer, and has given it up."""

    epoch: int
    reason: Literal["blocked", "failed"]
    """The browser waits for a click before it plays; or something in the page is broken."""
    detail: str


@dataclass(frozen=True, slots=True)
class SpeakerFailed(_FromPage):
    """The browser cannot play on the loudspeaker that was chosen."""

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
    | MicSilent
    | Alive
    | AudioFrame
    | CompandedAudioFrame
    | PlaybackProgress
    | PlayReceived
    | Probed
    | PlaybackFailed
    | SpeakerFailed
)

_TYPES: dict[str, type[BrowserMessage]] = {
    "hello": Hello,
    "bye": Bye,
    "command": Command,
    "choose_device": ChooseDevice,
    "devices": DevicesChanged,
    "mic_prompting": MicPrompting,
    "mic_opened": MicOpened,
    "mic_failed": MicFailed,
    "mic_ended": MicEnded,
    "mic_silent": MicSilent,
    "alive": Alive,
    "audio": AudioFrame,
    "companded_audio": CompandedAudioFrame,
    "heard": PlaybackProgress,
    "play_received": PlayReceived,
    "probed": Probed,
    "playback_failed": PlaybackFailed,
    "speaker_failed": SpeakerFailed,
}
assert set(_TYPES.values()) == set(get_args(BrowserMessage))


def parse_messages(content: object, buffers: Sequence[memoryview | bytes] = ()) -> list[BrowserMessage]:
    """Return what a custom message of a page means: one message, or several that came in one, all or none.

    Raises
    ------
    ValueError
        It is none that this kernel knows; the message says why.
    """
    parts: object = [content]
    if isinstance(content, Mapping) and content.get("type") == "bundle":
        parts = content.get("contents")
        if not isinstance(parts, list) or len(parts) > MAX_ITEMS:
            raise ValueError(f"bundle: expected a list of {MAX_ITEMS} messages at most in contents")
    assert isinstance(parts, list)
    return [_parse(part, buffers) for part in parts]


def _parse(content: object, buffers: Sequence[memoryview | bytes]) -> BrowserMessage:
    name = content.get("type") if isinstance(content, Mapping) else None
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"unknown message type {name!r:.40}")
    samples = {"pcm": _samples(kind, buffers)} if issubclass(kind, AudioFrame) else {}
    try:
        return decode(kind, content, **samples)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _samples(kind: type[AudioFrame], buffers: Sequence[memoryview | bytes]) -> Pcm:
    if len(buffers) != 1:
        raise ValueError(f"expected one buffer of samples, got {len(buffers)}")
    samples = memoryview(buffers[0]).cast("B")
    if len(samples) > _MAX_AUDIO_BYTES:
        raise ValueError(f"expected {_MAX_AUDIO_BYTES} bytes at most, got {len(samples)}")
    if kind is CompandedAudioFrame:
        return pcm_from_mu_law(samples)
    if len(samples) % 2:
        raise ValueError(f"expected an even number of bytes, got {len(samples)}")
    return pcm_from_bytes(samples)
