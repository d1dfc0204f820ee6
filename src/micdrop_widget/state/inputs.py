"""Everything that can happen to a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError
from micdrop_widget.protocol import ServerFrame
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state.effects import Timer
from micdrop_widget.state.snapshot import Settings

__all__ = [
    "ChangeMicDevice",
    "ChangeSpeakerDevice",
    "ClearConversation",
    "Completion",
    "ConnectionClosed",
    "ConnectionFailed",
    "ConnectionOpened",
    "DetectionChanged",
    "DevicesListed",
    "Input",
    "MicrophoneEnded",
    "MicrophoneFailed",
    "MicrophoneMoved",
    "MicrophoneOpened",
    "MicrophoneSilent",
    "MicrophoneStalled",
    "Mute",
    "Pause",
    "PlaybackFailed",
    "PlaybackProgress",
    "Received",
    "RecordingFailed",
    "Resume",
    "RoundTripMeasured",
    "SpeakerFailed",
    "Start",
    "StartFailed",
    "StartMic",
    "Stop",
    "TimerFired",
    "TurnDetectionChanged",
    "TurnPredicted",
    "Unmute",
]

# What the user asks for


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a call."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The start failed before anything was opened: the file of the recording cannot be written, or the like."""

    error: MicdropError


@dataclass(frozen=True, slots=True)
class StartMic:
    """Open the microphone without a call."""

    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeMicDevice:
    """Use another microphone, now or from the next time one is opened."""

    device_id: str


@dataclass(frozen=True, slots=True)
class DetectionChanged:
    """The detectors or the audio processing were changed: an open microphone is opened again with the new ones."""


@dataclass(frozen=True, slots=True)
class TurnDetectionChanged:
    """The turn detector was changed, or how long a turn that is not complete stays open."""

    detects_turns: bool
    turn_max_wait_ms: float


@dataclass(frozen=True, slots=True)
class MicrophoneMoved:
    """Another page owns the microphone now: it is opened there, and an open one is released first."""


@dataclass(frozen=True, slots=True)
class ChangeSpeakerDevice:
    """Use another loudspeaker."""

    device_id: str


@dataclass(frozen=True, slots=True)
class ClearConversation:
    """Forget what was said so far; the server does not learn of it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the call; graceful: when the assistant has been heard to the end."""

    graceful: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop listening and playing; the connection stays."""


@dataclass(frozen=True, slots=True)
class Resume:
    """End the pause."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Stop listening; answers go on playing."""


@dataclass(frozen=True, slots=True)
class Unmute:
    """Listen again."""


# What the microphone reports


@dataclass(frozen=True, slots=True)
class MicrophoneOpened:
    """The microphone that was requested captures."""

    request: int
    device_id: str | None = None
    echo_cancellation: bool = True
    mic_devices: tuple[Device, ...] = ()
    speaker_devices: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True)
class MicrophoneFailed:
    """The microphone that was requested cannot be opened."""

    request: int
    error: MicdropError


@dataclass(frozen=True, slots=True)
class MicrophoneEnded:
    """The microphone gives no more samples: the source is at its end (no error), or the microphone broke."""

    request: int
    error: MicdropError | None = None
    unplugged: bool = False
    """The device was unplugged: another may take its place."""


@dataclass(frozen=True, slots=True)
class MicrophoneStalled:
    """The microphone is open, but stopped giving samples during speech: a frozen tab, a closed lid."""


@dataclass(frozen=True, slots=True)
class MicrophoneSilent:
    """The microphone that is open has given nothing but exact zeros for seconds, or it gives sound again."""

    is_silent: bool


@dataclass(frozen=True, slots=True)
class DevicesListed:
    """The microphones and loudspeakers there are now: something was plugged in or out."""

    mic_devices: tuple[Device, ...]
    speaker_devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class SpeakerFailed:
    """The loudspeaker that was selected cannot be used: the default one plays."""

    device_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class TurnPredicted:
    """The turn detector's answer to `PredictTurn`; a detector that failed says that the turn is complete."""

    question: int
    complete: bool


# What the connection reports


@dataclass(frozen=True, slots=True)
class ConnectionOpened:
    """The WebSocket handshake is done."""

    connection: int


@dataclass(frozen=True, slots=True)
class ConnectionFailed:
    """The WebSocket could not be opened."""

    connection: int
    error: MicdropError


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The WebSocket was closed, by the server or by the network (1006)."""

    connection: int
    close_code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A frame of the server."""

    connection: int
    frame: ServerFrame


@dataclass(frozen=True, slots=True)
class RoundTripMeasured:
    """The time a ping took."""

    connection: int
    round_trip_ms: float


# What the loudspeaker, the disk and the clock report


@dataclass(frozen=True, slots=True)
class PlaybackProgress:
    """How many samples of an epoch have left the loudspeaker so far."""

    epoch: int
    samples: int
    age_ms: float = 0.0
    """How long ago that was so: the report was on its way."""


@dataclass(frozen=True, slots=True)
class PlaybackFailed:
    """An answer cannot be played, and was given up; its samples are reported as heard, so that it ends."""

    error: MicdropError


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """The file of the recording ended before the call: the disk is full, fails or stalls."""

    error: MicdropError


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that was set has run out."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Completion:
    """The machine's own input after each step, for rows that need nothing but their condition."""


Input: TypeAlias = (
    Start
    | StartFailed
    | StartMic
    | ChangeMicDevice
    | ChangeSpeakerDevice
    | DetectionChanged
    | TurnDetectionChanged
    | ClearConversation
    | MicrophoneMoved
    | Stop
    | Pause
    | Resume
    | Mute
    | Unmute
    | MicrophoneOpened
    | MicrophoneFailed
    | MicrophoneEnded
    | MicrophoneStalled
    | MicrophoneSilent
    | DevicesListed
    | SpeakerFailed
    | ConnectionOpened
    | ConnectionFailed
    | ConnectionClosed
    | Received
    | RoundTripMeasured
    | SpeechConfirmed
    | SpeechContinued
    | SpeechEnded
    | TurnPredicted
    | PlaybackProgress
    | PlaybackFailed
    | RecordingFailed
    | TimerFired
    | Completion
)
