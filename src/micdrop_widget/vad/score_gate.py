"""Asks a detector for a status: a score becomes one by two thresholds and two counts, as Micdrop counts them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, samples_to_ms
from micdrop_widget.vad.base import VAD, Status

__all__ = ["ScoreGate"]

_WINDOW_MS = samples_to_ms(FRAME_SAMPLES)


class ScoreGate:
    """Gives a detector the windows, and turns its scores into a status.

    Enough windows over the upper threshold confirm speech, enough under the lower one end it. A score between the
    thresholds moves neither count. The count of speech is cumulative within a segment; a score at or over the upper
    threshold starts the count of silence again. The settings are read at every window.

    Parameters
    ----------
    vad
        The detector.
    """

    def __init__(self, vad: VAD) -> None:
        self.vad = vad
        self.status = Status.SILENCE
        self._speech_windows = 0
        self._silence_windows = 0

    def reset(self) -> None:
        """Reset the detector, and begin a new stretch of audio in silence."""
        self.vad.reset()
        self._begin_segment()

    def update(self, window: NDArray[np.float32]) -> Status:
        """Give the detector the next window and return the status after it.

        Raises
        ------
        TypeError, ValueError
            The detector answered with neither a status nor a score.
        """
        answer = self.vad.update(window)
        if isinstance(answer, Status):
            self.status = answer
        elif isinstance(answer, float | np.floating | bool | np.bool_):
            self._count(float(answer))
        elif isinstance(answer, int | np.integer):
            self.status = Status(int(answer))
        else:
            raise TypeError(f"{type(self.vad).__name__}.update(): expected a Status or a score, got {answer!r}")
        return self.status

    def _count(self, score: float) -> None:
        vad = self.vad
        if math.isnan(score):  # neither speech nor silence: it would keep an utterance open for ever
            raise ValueError(f"{type(vad).__name__}.update(): expected a score from 0 to 1, got nan")
        vad.probability = score
        if score >= vad.threshold:
            self._speech_windows += 1
            self._silence_windows = 0
            confirmed = self._speech_windows * _WINDOW_MS >= vad.min_speech_ms
            self.status = Status.SPEAKING if confirmed else max(self.status, Status.MAYBE_SPEAKING)
        elif score < vad.negative_threshold and self.status is not Status.SILENCE:
            self._silence_windows += 1
            if self._silence_windows * _WINDOW_MS >= vad.min_silence_ms:
                self._begin_segment()

    def _begin_segment(self) -> None:
        self.status = Status.SILENCE
        self._speech_windows = 0
        self._silence_windows = 0
