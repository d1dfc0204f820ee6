"""Estimates what the user has heard by now, from what was sent and the time that has passed."""

from __future__ import annotations

from dataclasses import dataclass, field

from micdrop_widget.agents.protocols import ChatMessage
from micdrop_widget.audio import SAMPLE_RATE

__all__ = ["INTERRUPTED", "Playback", "Spoken"]

INTERRUPTED = " … [interrupted]"
"""Follows, in the conversation, the part of an answer that was heard before the user interrupted it."""

_DELAY_S = 0.1
"""Between sending and hearing: the line, and the client's jitter buffer."""


class Playback:
    """An estimate of what was heard of the audio that was sent, at 16 000 samples a second and without gaps.

    Attributes
    ----------
    sent_samples
        The number of samples sent, of all answers together.
    """

    def __init__(self) -> None:
        self.sent_samples = 0
        self._end_s = 0.0
        """When all sent samples will have been heard."""

    def send(self, now_s: float, samples: int) -> None:
        """Note that samples are sent now."""
        self.sent_samples += samples
        self._end_s = max(self._end_s, now_s + _DELAY_S) + samples / SAMPLE_RATE

    def ahead_s(self, now_s: float) -> float:
        """Return how much of what was sent is still to be heard, in seconds."""
        return max(0.0, self._end_s - now_s)

    def heard_samples(self, now_s: float) -> int:
        """Return how many of the samples that were sent have been heard."""
        return max(0, self.sent_samples - round(self.ahead_s(now_s) * SAMPLE_RATE))

    def flush(self, now_s: float) -> None:
        """Note that the client drops the samples that it has not played."""
        self._end_s = now_s


@dataclass(slots=True)
class Spoken:
    """A sentence that is spoken: part of a message, and where its audio is among all that was sent and will be."""

    message: ChatMessage
    text: str
    begin: int
    end: int = field(init=False)

    def __post_init__(self) -> None:
        self.end = self.begin

    def heard_text(self, heard_samples: int) -> str:
        """Return the words of it that were heard, judged by how much of its audio was."""
        if self.end == self.begin:
            return ""
        if heard_samples >= self.end:
            return self.text
        words = self.text.split()
        share = max(0, heard_samples - self.begin) / (self.end - self.begin)
        return " ".join(words[: int(share * len(words))])
