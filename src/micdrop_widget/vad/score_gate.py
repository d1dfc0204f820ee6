"""Asks a detector for a status, whether it answers with one or with a score."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, samples_to_ms
from micdrop_widget.vad.base import VAD, Status
from micdrop_widget.vad.gate import Gate

__all__ = ["ScoreGate"]

_WINDOW_MS = samples_to_ms(FRAME_SAMPLES)


class ScoreGate:
    """One detector, and the thresholds and counts that its scores go through.

    Parameters
    ----------
    vad
        The detector.
    """

    def __init__(self, vad: VAD) -> None:
        self.vad = vad
        self._gate = Gate(0.5, 0.5, 1, 1)  # the settings are looked up at every score

    def reset(self) -> None:
        """Begin a new stretch of audio."""
        self.vad.reset()
        self._gate.reset()

    def update(self, window: NDArray[np.float32]) -> Status:
        """Show the detector the next window and return the status after it.

        Raises
        ------
        TypeError, ValueError
            The detector answered with neither a status nor a score.
        """
        answer = self.vad.update(window)
        if isinstance(answer, Status):
            return answer
        if isinstance(answer, float | np.floating | bool | np.bool_):
            return self._score_gate(float(answer))
        if isinstance(answer, int | np.integer):
            return Status(int(answer))
        raise TypeError(f"{type(self.vad).__name__}.update(): expected a Status or a score, got {answer!r}")

    def _score_gate(self, score: float) -> Status:
        if math.isnan(score):  # neither speech nor silence: it would keep an utterance open for ever
            raise ValueError(f"{type(self.vad).__name__}.update(): expected a score from 0 to 1, got nan")
        self.vad.probability = score
        self._gate.threshold = self.vad.threshold
        self._gate.negative_threshold = self.vad.negative_threshold
        self._gate.min_speech_windows = math.ceil(self.vad.min_speech_ms / _WINDOW_MS)
        self._gate.min_silence_windows = math.ceil(self.vad.min_silence_ms / _WINDOW_MS)
        return self._gate.update(score)
