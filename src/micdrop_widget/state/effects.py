"""Everything that the call machine can ask the call around it to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from micdrop_widget.audio import Pcm
from micdrop_widget.protocol import EventName
from micdrop_widget.state.snapshot import Command, MicdropState

__all__ = [
    "AddTurnAudio",
    "BeginTurn",
    "CancelTimer",
    "CloseConnection",
    "CloseMicrophone",
    "Effect",
    "Emit",
    "FlushPlayer",
    "OpenConnection",
    "OpenMicrophone",
    "Play",
    "PredictTurn",
    "ResetDetection",
    "SelectSpeaker",
    "SendAudio",
    "SendCommand",
    "SendParams",
    "SetTimer",
    "StateChanged",
    "Timer",
    "UseTurnDetector",
    "Warn",
]


class Timer(Enum):
    """The timers of a call; each runs at most once at a time."""

    MICROPHONE = "microphone"
    """The microphone was requested and has neither opened nor failed."""
    CONNECTION = "connection"
    """The socket is being opened, and has neither opened nor failed."""
    READY = "ready"
    """A server that sends nothing after the params is taken to be ready."""
    RETRY = "retry"
    """The wait before the next attempt to connect."""
    ANSWER = "answer"
    """The server is silent although the call waits for an answer, or its text came without audio."""
    PLAYBACK = "playback"
    """The loudspeaker has samples that it does not report as heard."""
    ANSWER_GAP = "answer gap"
    """All audio that arrived was heard: when no more arrives, the answer is over."""
    ECHO_TAIL = "echo tail"
    """The room may still echo what was heard."""
    GOODBYE = "goodbye"
    """A call that ends waits for a last answer, which may never arrive."""
    ENDPOINTING = "endpointing"
    """The user is silent within a turn that is not known to be over."""


@dataclass(frozen=True, slots=True)
class OpenMicrophone:
    """Ask for the microphone, under a new request number."""

    request: int
    device_id: str | None


@dataclass(frozen=True, slots=True)
class CloseMicrophone:
    """Release the microphone, or take back the request for it."""


@dataclass(frozen=True, slots=True)
class ResetDetection:
    """Forget what was detected: an open segment of speech is dropped."""


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """Open a WebSocket, under a new number."""

    connection: int


@dataclass(frozen=True, slots=True)
class CloseConnection:
    """Close the WebSocket with 1000, or give up opening it."""


@dataclass(frozen=True, slots=True)
class SendParams:
    """Send the params as the first frame. They are not in here: they may hold tokens."""


@dataclass(frozen=True, slots=True)
class SendCommand:
    """Send a command."""

    command: Command


@dataclass(frozen=True, slots=True)
class SendAudio:
    """Send audio of the open utterance."""

    pcm: Pcm

    def __repr__(self) -> str:
        return f"SendAudio({len(self.pcm)} samples)"


@dataclass(frozen=True, slots=True)
class UseTurnDetector:
    """Ask the turn detector that the options name from now on; load it if it is not loaded."""


@dataclass(frozen=True, slots=True)
class BeginTurn:
    """Reset the turn detector for a new turn."""


@dataclass(frozen=True, slots=True)
class AddTurnAudio:
    """Give the turn detector the next samples of the turn."""

    pcm: Pcm

    def __repr__(self) -> str:
        return f"AddTurnAudio({len(self.pcm)} samples)"


@dataclass(frozen=True, slots=True)
class PredictTurn:
    """Ask the turn detector whether the turn is complete; `TurnPredicted` answers with the same number."""

    question: int


@dataclass(frozen=True, slots=True)
class Play:
    """Play samples after those before them."""

    epoch: int
    pcm: Pcm

    def __repr__(self) -> str:
        return f"Play(epoch={self.epoch}, {len(self.pcm)} samples)"


@dataclass(frozen=True, slots=True)
class FlushPlayer:
    """Be silent at once, and play nothing older than this epoch any more."""

    epoch: int


@dataclass(frozen=True, slots=True)
class SelectSpeaker:
    """Play on another loudspeaker."""

    device_id: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Start a timer, or start it again; up to `jitter` of the delay may be left out at random."""

    timer: Timer
    delay_ms: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Stop a timer, if it runs."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The public state has changed."""

    state: MicdropState
    previous: MicdropState


@dataclass(frozen=True, slots=True)
class Emit:
    """Emit an event with its arguments to the user's handlers."""

    event: EventName
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Warn:
    """Log a warning; the same text once per call."""

    text: str


Effect: TypeAlias = (
    OpenMicrophone
    | CloseMicrophone
    | ResetDetection
    | OpenConnection
    | CloseConnection
    | SendParams
    | SendCommand
    | SendAudio
    | UseTurnDetector
    | BeginTurn
    | AddTurnAudio
    | PredictTurn
    | Play
    | FlushPlayer
    | SelectSpeaker
    | SetTimer
    | CancelTimer
    | StateChanged
    | Emit
    | Warn
)
