"""The facts of a call by which it is diagnosed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from micdrop_widget.errors import MicdropError
from micdrop_widget.history.turns import Turn
from micdrop_widget.state.snapshot import Call

__all__ = ["CallFacts", "CapturedFacts", "DetectorFacts", "LinkFacts"]


@dataclass(frozen=True, slots=True)
class DetectorFacts:
    """The highest value of a detector of speech, and its threshold."""

    name: str
    unit: Literal["probability", "dB", "status"]
    """The kind of value; `"status"`: a detector of the user's own, which shows no numbers."""
    highest: float | None = None
    """The highest probability or level; None when it has detected nothing yet, or shows no numbers."""
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class CapturedFacts:
    """The audio that the microphone captured in a stretch of time."""

    captured_ms: float = 0.0
    """Audio that arrived."""
    listened_ms: float = 0.0
    """Audio of it that the call listened to."""
    loudest_dbfs: float | None = None
    """Peak level of its loudest 32 ms; None when none arrived."""
    detectors: tuple[DetectorFacts, ...] = ()
    cancelled_segments: int = 0
    """How many segments were cancelled: they may have been speech, and were none."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """How a page's audio arrives in the kernel."""

    is_on_hold: bool = False
    lag_ms: float = 0.0
    missing_ms: float = 0.0
    """Audio that the page dropped, or that came too late."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The facts of a call by which it is diagnosed."""

    call: Call = field(default_factory=Call)
    """The state of the call machine."""
    now_ms: float = 0.0
    """Milliseconds since `start()`."""
    has_begun: bool = False
    """`start()` was called, once at least."""

    mic_error: MicdropError | None = None
    """Why the microphone that was asked for last could not be opened, or ended."""
    mic_has_opened: bool = False
    mic_has_ended: bool = False
    """The source gave its last sample, or broke."""
    mic_is_live: bool = True
    """It captures in real time; a source that does not is read as the call needs it."""
    mic_open_ms: float | None = None
    """For how long it has been open; None while it is not."""
    frame_age_ms: float | None = None
    """How long ago the latest samples arrived; None before the first."""
    since_opened: CapturedFacts = field(default_factory=CapturedFacts)
    since_turn: CapturedFacts = field(default_factory=CapturedFacts)
    """Since the last turn was over, or since the microphone was opened."""
    holds: int = 0
    """How often the microphone gave nothing."""
    link: LinkFacts | None = None
    """The link from a page; None where the microphone is in the same program."""

    connection_error: MicdropError | None = None
    """Why the connection that was tried last could not be made, or was lost."""
    close_code: int | None = None
    """The close code of the last connection that was lost."""
    was_ready: bool = False
    """The call has been ready once."""
    connections: int = 0
    """How often a connection was made."""
    frames_received: int = 0
    """Frames of the server, on the connection that was made last."""

    turn: Turn | None = None
    """The turn of the user that is followed: the latest one."""
    turn_number: int = 0
    """Its number among all turns, from 1."""
    turns: int = 0
    answer: Turn | None = None
    """The turn that holds the answer: the same one, an unprompted one behind it, or a greeting where none was asked."""
    playback_error: MicdropError | None = None
    """Why the answer could not be played."""
