"""Where a stretch of audio is voiced: heard as sound, by its level alone, whatever the detectors of the call think.

A frame of 10 ms is voiced when it is within 30 dB of the loudest frame of the stretch and at least 10 dB above the
stretch's own noise. The rule is the same for both sides of a call, and for audio that is still arriving: what it says
of a stretch depends on its samples alone, not on the pieces they came in.

Noise is what stays even: the quietest 100 ms in which no frame differs from another by more than 12 dB. Speech is
never that even for so long unless it is loud; a stretch without such a place, or whose quietest is as loud as its
speech, has no noise to speak of, and the first condition alone decides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import Pcm

__all__ = ["VOICED_FRAME_SAMPLES", "Loudness"]

VOICED_FRAME_SAMPLES = 160
"""10 ms, the grid on which sound begins and ends."""

_BELOW_LOUDEST_DB = 30.0
_ABOVE_NOISE_DB = 10.0
_NOISE_FRAMES = 10
_EVEN_DB = 12.0
_RANGE_DB = 13.0
"""What is even and this close to the loudest is the sound itself: a tone, a hiss that is the answer."""

_SILENCE_DB = -96.0
"""What digital silence counts as: the level of the last bit."""


class Loudness:
    """The level of each 10 ms of a stretch of audio, and where the stretch is voiced.

    Four bytes for each 10 ms: an hour of it is 1.4 MB.
    """

    def __init__(self) -> None:
        self._levels: list[NDArray[np.float32]] = []
        self._rest: Pcm = np.empty(0, dtype=np.int16)
        self._span: tuple[int, int] | None = None
        self._is_known = True

    def push(self, pcm: Pcm) -> None:
        """Add the next samples, in pieces of any length."""
        pcm = np.concatenate((self._rest, pcm)) if len(self._rest) else pcm
        whole = len(pcm) // VOICED_FRAME_SAMPLES * VOICED_FRAME_SAMPLES
        self._rest = pcm[whole:].copy()
        if whole:
            self._levels.append(_levels_db(pcm[:whole]))
            self._is_known = False

    def voiced_span(self) -> tuple[int, int] | None:
        """Return the first voiced sample and the one after the last, on the grid of 10 ms; None when all is silent."""
        if not self._is_known:
            self._levels = [np.concatenate(self._levels)]
            self._span = _span(self._levels[0])
            self._is_known = True
        return self._span


def _levels_db(pcm: Pcm) -> NDArray[np.float32]:
    frames = pcm.reshape(-1, VOICED_FRAME_SAMPLES).astype(np.float32) / 32768
    frames -= frames.mean(axis=1, keepdims=True)  # a microphone's constant offset is no sound
    power = np.einsum("ij,ij->i", frames, frames) / VOICED_FRAME_SAMPLES
    levels: NDArray[np.float32] = 10 * np.log10(np.maximum(power, 10 ** (_SILENCE_DB / 10)))
    return levels


def _span(levels: NDArray[np.float32]) -> tuple[int, int] | None:
    loudest = float(levels.max())
    if loudest <= _SILENCE_DB + _ABOVE_NOISE_DB:
        return None
    noise = _noise_db(levels)
    if noise > loudest - _RANGE_DB:
        noise = _SILENCE_DB
    voiced = np.flatnonzero(levels >= max(loudest - _BELOW_LOUDEST_DB, noise + _ABOVE_NOISE_DB))
    return int(voiced[0]) * VOICED_FRAME_SAMPLES, (int(voiced[-1]) + 1) * VOICED_FRAME_SAMPLES


def _noise_db(levels: NDArray[np.float32]) -> float:
    """Return the level of the noise, or of digital silence where there is none that can be told from speech."""
    if len(levels) < _NOISE_FRAMES:
        return _SILENCE_DB
    windows = np.lib.stride_tricks.sliding_window_view(levels, _NOISE_FRAMES)
    even = windows.max(axis=1) - windows.min(axis=1) <= _EVEN_DB
    if not even.any():
        return _SILENCE_DB
    return float(windows[even].mean(axis=1).min())
