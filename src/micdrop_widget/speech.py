"""The five events that a segmenter reports, each at a position in the microphone's samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from micdrop_widget.audio import Pcm

__all__ = [
    "SpeechCancelled",
    "SpeechConfirmed",
    "SpeechContinued",
    "SpeechEnded",
    "SpeechEvent",
    "SpeechEventName",
    "SpeechStarted",
    "VadEventName",
    "name_of",
]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Something that may be speech begins (Micdrop's `StartSpeaking` of the VAD)."""

    position: int
    """Number of captured samples when this was decided."""


@dataclass(frozen=True, slots=True)
class SpeechConfirmed:
    """It is speech (Micdrop's `ConfirmSpeaking`): the utterance begins, or goes on, with all that was held back."""

    position: int
    start: int
    """Position of the first sample of `pcm`: the onset, less the pre-roll."""
    pcm: Pcm

    def __repr__(self) -> str:
        return f"SpeechConfirmed(position={self.position}, start={self.start}, {len(self.pcm)} samples)"


@dataclass(frozen=True, slots=True)
class SpeechContinued:
    """The next samples of a confirmed utterance, or of the pause within a turn."""

    pcm: Pcm

    def __repr__(self) -> str:
        return f"SpeechContinued({len(self.pcm)} samples)"


@dataclass(frozen=True, slots=True)
class SpeechCancelled:
    """It was no speech (Micdrop's `CancelSpeaking`)."""

    position: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The user has stopped speaking (Micdrop's `StopSpeaking` of the VAD)."""

    position: int


SpeechEvent: TypeAlias = SpeechStarted | SpeechConfirmed | SpeechContinued | SpeechCancelled | SpeechEnded

SpeechEventName: TypeAlias = Literal["StartSpeaking", "ConfirmSpeaking", "CancelSpeaking", "StopSpeaking"]
"""Micdrop's names of the four events of its voice activity detection."""

VadEventName: TypeAlias = SpeechEventName | Literal["ChangeStatus"]
"""The four names, and that of the event with the new status that follows each."""


def name_of(event: SpeechEvent) -> SpeechEventName | None:
    """Return Micdrop's name of an event; None for the samples in between, which have none."""
    match event:
        case SpeechStarted():
            return "StartSpeaking"
        case SpeechConfirmed():
            return "ConfirmSpeaking"
        case SpeechCancelled():
            return "CancelSpeaking"
        case SpeechEnded():
            return "StopSpeaking"
        case SpeechContinued():
            return None
        case _:
            raise TypeError(f"unknown speech event {event!r}")
