"""Turns a score per window into a status: two thresholds and two counts, as Micdrop counts them."""

from __future__ import annotations

from micdrop_widget.vad.base import Status

__all__ = ["Gate"]


class Gate:
    """Confirms speech after enough windows over the upper threshold, ends it after enough under the lower one.

    A score between the thresholds moves neither count. The count of speech is cumulative within a segment; a
    score at or over the upper threshold starts the count of silence again.

    Parameters
    ----------
    threshold, negative_threshold
        Upper and lower threshold of the score.
    min_speech_windows, min_silence_windows
        How many windows confirm speech, and how many end it.
    """

    def __init__(
        self,
        threshold: float,
        negative_threshold: float,
        min_speech_windows: int,
        min_silence_windows: int,
    ) -> None:
        self.threshold = threshold
        self.negative_threshold = negative_threshold
        self.min_speech_windows = min_speech_windows
        self.min_silence_windows = min_silence_windows
        self.reset()

    def reset(self) -> None:
        """Begin again in silence."""
        self.status = Status.SILENCE
        self._speech = 0
        self._silence = 0

    def update(self, score: float) -> Status:
        """Take the next window's score and return the status after it."""
        if score >= self.threshold:
            self._speech += 1
            self._silence = 0
            confirmed = self._speech >= self.min_speech_windows
            self.status = Status.SPEAKING if confirmed else max(self.status, Status.MAYBE_SPEAKING)
        elif score < self.negative_threshold and self.status is not Status.SILENCE:
            self._silence += 1
            if self._silence >= self.min_silence_windows:
                self.reset()
        return self.status
