"""Finds where a stretch of audio is voiced: audible, by its level alone, independent of the call's detectors.

A frame of 10 ms is voiced when it is within 30 dB of the loudest frame of the stretch and at least 10 dB above the
stretch's own noise in one of six bands: a voice fades out in the low ones, where noise that is spread over all of
them is 13 dB softer than in all. From the first and the last such frame the sound reaches as far as it goes on without
a break 3.5 dB above the noise. The rule is the same for both sides of a call, and for audio that is still arriving:
what it says of a stretch depends on its samples alone, not on the pieces they came in.

Noise is what stays even: the quietest 150 ms in which no frame differs from another by more than 12 dB. Speech is
never that even for so long unless it is loud; a stretch without such a place, or whose quietest is as loud as its
speech, has no noise to speak of, and the first condition alone decides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm

__all__ = ["VOICED_FRAME_SAMPLES", "Loudness"]

VOICED_FRAME_SAMPLES = 160
"""10 ms, the grid on which sound begins and ends."""

_BELOW_LOUDEST_DB = 30.0
_ABOVE_NOISE_DB = 10.0
_GOES_ON_ABOVE_NOISE_DB = 3.5
"""How much sound that was found already has to stay above the noise, in the mean of `_SMOOTHED_FRAMES`."""
_SMOOTHED_FRAMES = 5
_COUNTED_ABOVE_NOISE_DB = 2.0
"""A band that is less above the noise than this adds nothing to the level of the sound."""
_NOISE_FRAMES = 15
_EVEN_DB = 12.0
_RANGE_DB = 13.0
"""What is even and this close to the loudest is the sound itself: a tone, a hiss that is the answer."""

_SILENCE_DB = -96.0
"""What digital silence counts as: the level of the last bit."""
_SILENCE = np.float32(10 ** (_SILENCE_DB / 10))

_BAND_EDGES_HZ = (100, 400, 900, 1800, 3200, 5000, 8000)
_MARGIN = VOICED_FRAME_SAMPLES // 2
"""The bands of a frame are measured in 20 ms, with half a frame on both sides: in 10 ms the lowest cannot be told."""
_WINDOW_SAMPLES = VOICED_FRAME_SAMPLES + 2 * _MARGIN
_WINDOW = np.hanning(_WINDOW_SAMPLES + 2)[1:-1].astype(np.float32)
_WINDOW *= np.sqrt(2 / np.sum(_WINDOW**2) / _WINDOW_SAMPLES)  # so that the bands add up to the mean power
_MEASURED_TOGETHER = 2 * SAMPLE_RATE
_BIN_EDGES = np.array([hz * _WINDOW_SAMPLES // SAMPLE_RATE for hz in _BAND_EDGES_HZ[:-1]])


class Loudness:
    """The level of each 10 ms of a stretch of audio, in all and in bands, and where the stretch is voiced.

    28 bytes for each 10 ms: an hour of it is 10 MB. Up to two seconds of samples wait to be measured: many frames at
    once cost little more than three.
    """

    def __init__(self) -> None:
        self._levels: list[NDArray[np.float32]] = []
        self._bands: list[NDArray[np.float32]] = []
        self._waiting: list[Pcm] = [np.zeros(_MARGIN, dtype=np.int16)]
        """The samples that the next frame needs, from half a frame before it."""
        self._waiting_samples = _MARGIN
        self._span: tuple[int, int] | None = None
        self._is_known = True

    def push(self, pcm: Pcm) -> None:
        """Add the next samples, in pieces of any length. They are not copied, and must stay as they are."""
        self._is_known = False
        self._waiting.append(pcm)
        self._waiting_samples += len(pcm)
        if self._waiting_samples >= _MEASURED_TOGETHER:
            self._measure_waiting()

    def voiced_span(self) -> tuple[int, int] | None:
        """Return the first voiced sample and the one after the last, on the grid of 10 ms; None when all is silent."""
        if not self._is_known:
            self._span = self._find_span()
            self._is_known = True
        return self._span

    def _measure_waiting(self) -> Pcm:
        """Measure the whole frames that wait, and return the samples that wait on."""
        pcm = np.concatenate(self._waiting)
        frames = max(0, (len(pcm) - 2 * _MARGIN) // VOICED_FRAME_SAMPLES)
        if frames:
            levels, bands = _measure(pcm, frames)
            self._levels.append(levels)
            self._bands.append(bands)
            pcm = pcm[frames * VOICED_FRAME_SAMPLES :].copy()
        self._waiting, self._waiting_samples = [pcm], len(pcm)
        return pcm

    def _find_span(self) -> tuple[int, int] | None:
        rest = self._measure_waiting()
        if len(self._levels) > 1:
            self._levels = [np.concatenate(self._levels)]
            self._bands = [np.concatenate(self._bands)]
        levels, bands = list(self._levels), list(self._bands)
        if len(rest) >= _MARGIN + VOICED_FRAME_SAMPLES:  # a frame behind which nothing has come yet
            last = np.concatenate((rest, np.zeros(_MARGIN, dtype=np.int16)))
            for known, measured in zip((levels, bands), _measure(last, 1), strict=True):
                known.append(measured)
        return _span(np.concatenate(levels), np.concatenate(bands)) if levels else None


def _measure(pcm: Pcm, frames: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the level of each frame in dB, shape (frames,), and the power of its bands, shape (frames, bands).

    The samples begin and end half a frame around the frames.
    """
    samples = pcm[: frames * VOICED_FRAME_SAMPLES + 2 * _MARGIN].astype(np.float32) / 32768
    plain = samples[_MARGIN:-_MARGIN].reshape(-1, VOICED_FRAME_SAMPLES)
    plain = plain - plain.mean(axis=1, keepdims=True)  # a microphone's constant offset is no sound
    power = np.einsum("ij,ij->i", plain, plain) / VOICED_FRAME_SAMPLES
    levels: NDArray[np.float32] = 10 * np.log10(np.maximum(power, _SILENCE))
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW_SAMPLES)[::VOICED_FRAME_SAMPLES]
    spectrum = np.fft.rfft((windows - windows.mean(axis=1, keepdims=True)) * _WINDOW, axis=1)
    bins = spectrum.real**2 + spectrum.imag**2
    bands: NDArray[np.float32] = np.add.reduceat(bins, _BIN_EDGES, axis=1).astype(np.float32)
    return levels, bands


def _span(levels: NDArray[np.float32], bands: NDArray[np.float32]) -> tuple[int, int] | None:
    loudest = float(levels.max())
    if loudest <= _SILENCE_DB + _ABOVE_NOISE_DB:
        return None
    is_loud = levels >= max(loudest - _BELOW_LOUDEST_DB, _SILENCE_DB + _ABOVE_NOISE_DB)
    noise = _noise(levels, bands, loudest)
    if noise is None:
        voiced = np.flatnonzero(is_loud)
        first, last = int(voiced[0]), int(voiced[-1])
    else:
        is_loud &= _is_loud_without(noise, bands)
        voiced = np.flatnonzero(is_loud & (_above_db(noise, bands) >= _ABOVE_NOISE_DB))
        if not len(voiced):
            return None
        goes_on = is_loud & (_above_db(noise, _smoothed(bands)) >= _GOES_ON_ABOVE_NOISE_DB)
        first = int(voiced[0]) - _run_length(goes_on[: voiced[0]][::-1])
        last = int(voiced[-1]) + _run_length(goes_on[voiced[-1] + 1 :])
    return first * VOICED_FRAME_SAMPLES, (last + 1) * VOICED_FRAME_SAMPLES


def _noise(levels: NDArray[np.float32], bands: NDArray[np.float32], loudest: float) -> NDArray[np.float32] | None:
    """Return the power of the noise in each band; None where there is none that can be told from speech."""
    if len(levels) < _NOISE_FRAMES:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(levels, _NOISE_FRAMES)
    is_even = windows.max(axis=1) - windows.min(axis=1) <= _EVEN_DB
    means = np.where(is_even, windows.mean(axis=1), np.inf)
    quietest = int(means.argmin())
    if means[quietest] > loudest - _RANGE_DB:
        return None
    noise: NDArray[np.float32] = bands[quietest : quietest + _NOISE_FRAMES].mean(axis=0)
    np.maximum(noise, _SILENCE / len(noise), out=noise)
    return noise


def _above_db(noise: NDArray[np.float32], bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how far each frame is above the noise, in the band where it is furthest."""
    above: NDArray[np.float32] = 10 * np.log10(np.maximum((bands / noise).max(axis=1), _SILENCE))
    return above


def _is_loud_without(noise: NDArray[np.float32], bands: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which frames are within 30 dB of the loudest when the noise is taken out of them."""
    counted = bands > noise * 10 ** (_COUNTED_ABOVE_NOISE_DB / 10)
    sound = np.where(counted, bands - noise, 0).sum(axis=1)
    is_loud: NDArray[np.bool_] = sound >= sound.max() * 10 ** (-_BELOW_LOUDEST_DB / 10)
    return is_loud


def _smoothed(bands: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each frame and those around it, of which there are fewer at both ends."""
    around = _SMOOTHED_FRAMES // 2
    sums = np.concatenate((np.zeros((1, bands.shape[1])), np.cumsum(bands, axis=0, dtype=np.float64)))
    frames = np.arange(len(bands))
    begin, end = np.maximum(frames - around, 0), np.minimum(frames + around + 1, len(bands))
    means: NDArray[np.float32] = ((sums[end] - sums[begin]) / (end - begin)[:, None]).astype(np.float32)
    return means


def _run_length(flags: NDArray[np.bool_]) -> int:
    """Return how many of the first flags are set."""
    unset = np.flatnonzero(~flags)
    return int(unset[0]) if len(unset) else len(flags)
