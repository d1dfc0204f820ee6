"""Voice activity by loudness, with Micdrop's level and decisions, so that its settings carry over."""

from __future__ import annotations

import math

import numpy as np
from numpy.fft import rfft
from numpy.typing import NDArray

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


class VolumeVAD(VAD):
    """Hears speech where the loudest frequency is louder than a threshold.

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
        Audio before the onset that travels with the utterance, in whole windows, rounded up. Micdrop's 500 ms would
        cut what comes before: a first word too short to be sure of and the pause after it, or a soft beginning.

    Raises
    ------
    ValueError
        A setting makes no sense; the message says what was expected.
    """

    def __init__(self, threshold: float = -55.0, history: int = 5, *, pre_roll_ms: float = 1000) -> None:
        self.threshold = threshold
        self.history = history
        self.pre_roll_ms = pre_roll_ms
        # The exact Blackman window of the Web Audio specification (alpha 0.16), periodic, unlike np.blackman.
        phase = 2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES
        taper = 0.42 - 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase)
        self._taper = (taper / FRAME_SAMPLES * (1 - _SMOOTHING)).astype(np.float32)
        # Written anew by every check, so that none allocates.
        self._tapered = np.empty(FRAME_SAMPLES, dtype=np.float32)
        self._spectrum = np.empty(FRAME_SAMPLES // 2 + 1, dtype=np.complex64)
        self._magnitude = np.empty(len(self._spectrum) - _SKIPPED_BINS, dtype=np.float32)
        self.reset()

    def __repr__(self) -> str:
        return f"VolumeVAD(threshold={self.threshold!r}, history={self.history!r}, pre_roll_ms={self.pre_roll_ms!r})"

    @property
    def threshold(self) -> float:
        """Level in dB at and above which a check is loud; a change holds from the next check on."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        if not threshold < 0:
            raise ValueError(f"VolumeVAD(threshold={threshold!r}): expected dB below full scale, such as -55")
        self._threshold = float(threshold)

    @property
    def history(self) -> int:
        """How many checks are remembered; a change holds from the next check on."""
        return self._history

    @history.setter
    def history(self, history: int) -> None:
        if history < _MIN_HISTORY:
            raise ValueError(f"VolumeVAD(history={history!r}): expected at least {_MIN_HISTORY} checks")
        self._history = int(history)

    @property
    def pre_roll_ms(self) -> float:
        """Audio before the onset that travels with the utterance."""
        return self._pre_roll_ms

    @pre_roll_ms.setter
    def pre_roll_ms(self, pre_roll_ms: float) -> None:
        if not 0 <= pre_roll_ms < math.inf:
            raise ValueError(f"VolumeVAD(pre_roll_ms={pre_roll_ms!r}): expected milliseconds, 0 or more")
        self._pre_roll_ms = pre_roll_ms

    def reset(self) -> None:
        """Forget the levels heard so far."""
        self.status = Status.SILENCE
        self.level_db = _FLOOR_DB
        self._smoothed = np.zeros_like(self._magnitude)
        self._loud = 0
        """The checks remembered, a bit each: 1 is loud, the latest one is the lowest."""
        self._windows = 0

    def update(self, window: NDArray[np.float32]) -> Status:
        """Take the next window; every third one is a check that may change the status."""
        self._windows += 1
        if self._windows % _CHECK_WINDOWS:
            return self.status
        np.multiply(window, self._taper, out=self._tapered)
        rfft(self._tapered, out=self._spectrum)  # type: ignore[arg-type]  # numpy's types miss complex64
        smoothed = self._smoothed
        smoothed *= _SMOOTHING
        smoothed += np.abs(self._spectrum[_SKIPPED_BINS:], out=self._magnitude)  # the taper holds the other nine tenths
        loudest: float = smoothed.item(smoothed.argmax())
        self.level_db = 20 * math.log10(loudest) if loudest > _FLOOR else _FLOOR_DB
        self.status = self._decide(self.level_db >= self._threshold)
        return self.status

    def _decide(self, loud: bool) -> Status:
        remembered = (1 << self._history) - 1  # a longer history than before begins with quiet checks
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
