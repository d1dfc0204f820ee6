"""One utterance in a recording."""

from __future__ import annotations

from dataclasses import dataclass

from micdrop_widget.audio import SAMPLE_RATE

__all__ = ["Segment"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance: the samples `[start_sample, end_sample)` reach the server.

    Positions are multiples of 512 samples; the last one may lie up to 511 behind the end of the recording.
    """

    start_sample: int
    """First sample, the pre-roll included."""
    end_sample: int
    """How many samples were processed when it ended: the position behind its last sample."""
    started_sample: int
    """How many samples were processed when it began, not yet confirmed (Micdrop's StartSpeaking)."""
    confirmed_sample: int
    """How many samples were processed when it was confirmed (Micdrop's ConfirmSpeaking)."""
    ended_by_silence: bool
    """False where the recording ended first."""

    @property
    def start_s(self) -> float:
        """`start_sample` in seconds."""
        return self.start_sample / SAMPLE_RATE

    @property
    def end_s(self) -> float:
        """`end_sample` in seconds."""
        return self.end_sample / SAMPLE_RATE

    @property
    def confirmed_s(self) -> float:
        """`confirmed_sample` in seconds."""
        return self.confirmed_sample / SAMPLE_RATE
