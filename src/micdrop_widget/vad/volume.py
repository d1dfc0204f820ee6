"""Voice activity by loudness, with Micdrop's level and decisions, so that its settings carry over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.fft import rfft
from numpy.typing import NDArray

from micdrop_widget._settings import Range
from micdrop_widget.audio import FRAME_SAMPLES
from micdrop_widget.vad.base import VAD, Status

__all__ = ["VolumeVAD"]

_CHECK_WINDOWS = 3
"""A decision every 3 windows (96 ms of audio); Micdrop decides every 100 ms of wall clock."""

_SKIPPED_BINS = 4
"""Bins 0-3 (under 125 Hz) hold hum and rumble, no voice."""

_SMOOTHING = np.float32(0.1)
_FLOOR_DB = -120.0
_FLOOR = 10 ** (_FLOOR_DB / 20)
_MIN_HISTORY = 3
_LATEST = 0b111
"""The three latest of the checks remembered."""

_RFFT_HAS_OUT = int(np.__version__.partition(".")[0]) >= 2
"""numpy 2 writes a transform into memory that it is given; numpy 1 allocates it, in double precision."""

_WORKING_MEMORY = {"_taper", "_tapered", "_spectrum", "_magnitude"}
"""The attributes that a copy allocates for itself."""


class VolumeVAD(VAD):
    """Detects speech by loudness: the loudest frequency is louder than a threshold.

    The level is that of Web Audio's AnalyserNode, which Micdrop uses: Blackman window over 512 samples, magnitude
    of each FFT bin divided by 512 and smoothed with a tenth of the magnitude before it, the loudest bin in dB. A
    full-scale sine reads -13.6 dB.

    Parameters
    ----------
    threshold
        Level in dB at and above which a check is loud. The default is a sine of about -41.4 dBFS peak.
    history
        How many checks (96 ms each) are remembered, at least 3; as many quiet ones in a row, and one more, end speech.
    pre_roll_ms
        Audio before the onset that is sent with the utterance, in whole windows, rounded up. Micdrop's 500 ms would
        cut what comes before: a first word too short to be sure of and the pause after it, or a soft beginning.

    Raises
    ------
    ValueError
        A setting makes no sense; the message says what was expected.

    Notes
    -----
    A setting may be changed while a call runs: it holds from the next check on. A copy, by `copy` or `pickle`, has
    the settings, and may be used beside the original.
    """

    _ranges: ClassVar[Mapping[str, Range]] = {
        "threshold": Range(-math.inf, 0, "dB below full scale, such as -55"),
        "history": Range(_MIN_HISTORY, math.inf, "a whole number of checks", includes_low=True, whole=True),
        "pre_roll_ms": Range(0, math.inf, "milliseconds", includes_low=True),
    }

    history: int

    def __init__(self, threshold: float = -55.0, history: int = 5, *, pre_roll_ms: float = 1000) -> None:
        self.threshold = threshold
        self.history = history
        self.pre_roll_ms = pre_roll_ms
        self._allocate()
        self.reset()

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in _WORKING_MEMORY}
        return {**state, "_smoothed": self._smoothed.copy()}  # written in place: two that share it disturb each other

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._allocate()

    def _allocate(self) -> None:
        # The exact Blackman window of the Web Audio specification (alpha 0.16), periodic, unlike np.blackman.
        phase = 2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES
        taper = 0.42 - 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase)
        self._taper = (taper / FRAME_SAMPLES * (1 - _SMOOTHING)).astype(np.float32)
        # Every check writes these again, so that none allocates.
        self._tapered = np.empty(FRAME_SAMPLES, dtype=np.float32)
        self._spectrum = np.empty(FRAME_SAMPLES // 2 + 1, dtype=np.complex64)
        self._magnitude = np.empty(len(self._spectrum) - _SKIPPED_BINS, dtype=np.float32)

    def reset(self) -> None:
        """Forget all levels so far."""
        self.status = Status.SILENCE
        self.level_db = _FLOOR_DB
        self._smoothed = np.zeros_like(self._magnitude)
        self._loud = 0
        """The checks remembered, a bit each: 1 is loud, the latest one is the lowest."""
        self._windows = 0

    def update(self, window: NDArray[np.float32]) -> Status:
        """Process the next window; every third one is a check that may change the status."""
        self._windows += 1
        if self._windows % _CHECK_WINDOWS:
            return self.status
        np.multiply(window, self._taper, out=self._tapered)
        self._transform()
        smoothed = self._smoothed
        smoothed *= _SMOOTHING
        smoothed += np.abs(self._spectrum[_SKIPPED_BINS:], out=self._magnitude)  # the taper holds the other nine tenths
        loudest: float = smoothed.item(smoothed.argmax())
        self.level_db = 20 * math.log10(loudest) if loudest > _FLOOR else _FLOOR_DB
        self.status = self._decide(self.level_db >= self.threshold)
        return self.status

    def _transform(self) -> None:
        if _RFFT_HAS_OUT:
            rfft(self._tapered, out=self._spectrum)  # type: ignore[arg-type]  # numpy's types miss complex64
        else:
            self._spectrum[:] = rfft(self._tapered)

    def _decide(self, loud: bool) -> Status:
        remembered = (1 << self.history) - 1  # a longer history than before begins with quiet checks
        before = self._loud & remembered  # the history is the one *before* this check, as in Micdrop
        self._loud = (before << 1 | loud) & remembered
        if loud:
            loud_before = (before & _LATEST).bit_count()
            if self.status is not Status.SPEAKING:
                if loud_before >= 2:
                    return Status.SPEAKING
                if loud_before == 1:
                    return Status.MAYBE_SPEAKING
        elif self.status is Status.SPEAKING:
            if not before:
                return Status.SILENCE
        elif self.status is Status.MAYBE_SPEAKING and not before & 1:
            return Status.SILENCE
        return self.status
