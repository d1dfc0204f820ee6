"""A detector that reads its status off the samples, so that a recording is written by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.vad import VAD, Status

__all__ = ["LoudnessVAD", "recording"]

_LETTERS = {"s": 0, "m": 8192, "S": 16384}


class LoudnessVAD(VAD):
    """Says maybe from a quarter of full scale, speaking from half; the loudness is its probability."""

    def __init__(self, threshold: float = 0.5, pre_roll_ms: float = 64) -> None:
        self.threshold = threshold
        self.pre_roll_ms = pre_roll_ms

    def reset(self) -> None:
        self.probability = 0.0

    def update(self, window: NDArray[np.float32]) -> Status:
        self.probability = float(window.max())
        if self.probability >= self.threshold:
            return Status.SPEAKING
        return Status.MAYBE_SPEAKING if self.probability >= self.threshold / 2 else Status.SILENCE


def recording(script: str) -> Pcm:
    """Return one window a letter: "s" is silence, "m" maybe speech, "S" speech."""
    return np.repeat(np.array([_LETTERS[letter] for letter in script], dtype=np.int16), FRAME_SAMPLES)
