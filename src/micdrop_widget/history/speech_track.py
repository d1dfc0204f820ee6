"""The probability of speech along the time line of a recording: one value for each 32 ms, a byte each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE

__all__ = ["SpeechTrack"]

_UNKNOWN = 255
_SCALE = 254

_MAX_VALUES = 24 * 3600 * SAMPLE_RATE // FRAME_SAMPLES
"""A day: 2.7 MB. Later values are not kept."""


class SpeechTrack:
    """Probabilities of speech, in steps of 1/254. One thread sets them, any thread reads.

    Value n stands for the samples `[512 n, 512 (n + 1))` of the time line.

    Parameters
    ----------
    packed
        The values that another track's `pack` returned.
    """

    def __init__(self, packed: bytes = b"") -> None:
        self._values = bytearray(packed[:_MAX_VALUES])

    def set(self, begin: int, probability: float) -> None:
        """Set the probability that a detector gave a window of 512 samples which begins there; NaN is none."""
        number = (begin + FRAME_SAMPLES // 2) // FRAME_SAMPLES
        if math.isnan(probability) or number >= _MAX_VALUES:
            return
        missing = number + 1 - len(self._values)
        if missing > 0:
            self._values += bytes((_UNKNOWN,)) * missing
        self._values[number] = round(min(1.0, max(0.0, probability)) * _SCALE)

    def pack(self) -> bytes:
        """Return all values, a byte each."""
        return bytes(self._values)

    def between(self, begin: int, end: int) -> NDArray[np.float32]:
        """Return a value for each 512 samples from one position to another, NaN where none is known."""
        first, count = (begin + FRAME_SAMPLES // 2) // FRAME_SAMPLES, -(-(end - begin) // FRAME_SAMPLES)
        known = np.frombuffer(bytes(self._values[first : first + count]), dtype=np.uint8)
        values = np.full(count, np.nan, dtype=np.float32)
        values[: len(known)] = np.where(known == _UNKNOWN, np.nan, known / np.float32(_SCALE))
        return values
