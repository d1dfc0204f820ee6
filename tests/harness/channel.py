"""What lies between a WAV and the samples that a page captures, so that it can be taken into account.

Chromium's fake microphone runs at 44.1 kHz (48 kHz with echo cancellation). A page that captures at 16 kHz
gets the WAV resampled: delayed by a fraction of a sample and cut above 6.5 kHz; with echo cancellation
also high-passed, each frequency delayed differently. Sample for sample that is not the WAV, and yet
nothing is lost. All of it is a linear filter that does not change, which can be fitted: a recording then
equals the filtered WAV to 1e-4. Noise suppression and gain control are not linear; switch them off
where samples are compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.harness.correlation import Signal, align

_PIECE = 4000
_FIRST_PIECES = 3
_EXPLAINED = 0.02  # share of a piece's energy that may be left
_Fit = tuple[NDArray[np.float64], NDArray[np.float64], float]


def match_channel(reference: Signal, recording: Signal, *, before: int = 128, after: int = 384) -> NDArray[np.float64]:
    """Return the reference as the recording's channel would have let it through.

    Fits one filter by least squares to the largest part of the sentence that one filter explains, so
    that a drop or a gap in the recording stays one: for
    ``find_faults(match_channel(reference, recording), recording)``.

    Parameters
    ----------
    reference
        One sentence; a second or more of speech.
    recording
        As heard, at the same rate. If it is of integers, so are the values returned.
    before, after
        Samples that the filter reaches around each sample's place; 24 ms behind it holds what the echo
        canceller's high-pass spreads out.

    Raises
    ------
    ValueError
        The reference is silent or shorter than a quarter second.
    """
    wanted = np.asarray(reference, dtype=np.float64)
    if len(wanted) < _PIECE:
        raise ValueError(f"expected a reference of {_PIECE} samples or more, got {len(wanted)}")
    lag = align(wanted, recording).lag
    heard = _cut(np.asarray(recording, dtype=np.float64), lag, len(wanted))
    padded = np.concatenate([np.zeros(after), wanted, np.zeros(before)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, before + after + 1)
    starts = range(0, len(wanted), _PIECE)
    fits = [_fit(windows[start : start + _PIECE], heard[start : start + _PIECE]) for start in starts]
    response = _solve(_agreeing(fits))
    matched = windows @ response
    return np.rint(matched) if np.issubdtype(np.asarray(recording).dtype, np.integer) else matched


def _cut(signal: NDArray[np.float64], start: int, length: int) -> NDArray[np.float64]:
    """Return ``signal[start : start + length]`` with zeros where the signal is not."""
    cut = np.zeros(length)
    first, last = max(0, -start), min(length, len(signal) - start)
    cut[first:last] = signal[start + first : start + last]
    return cut


def _agreeing(fits: list[_Fit]) -> list[_Fit]:
    """Choose the pieces that the same filter explains: the most that any three neighbours speak for."""
    best = fits
    most = 0
    for first in range(max(1, len(fits) - _FIRST_PIECES + 1)):
        response = _solve(fits[first : first + _FIRST_PIECES])
        explained = [fit for fit in fits if _residual(response, fit) < _EXPLAINED]
        if len(explained) > most:
            best, most = explained, len(explained)
    return best


def _fit(windows: NDArray[Any], heard: NDArray[np.float64]) -> _Fit:
    """Prepare the normal equations of one piece: autocorrelation, cross-correlation, energy."""
    return windows.T @ windows, windows.T @ heard, float(heard @ heard)


def _solve(fits: list[_Fit]) -> NDArray[np.float64]:
    square: NDArray[np.float64] = np.sum([fit[0] for fit in fits], axis=0)
    cross: NDArray[np.float64] = np.sum([fit[1] for fit in fits], axis=0)
    # Speech is band-limited: a little ridge keeps the empty bands from being blown up.
    ridge = 1e-6 * np.trace(square) / len(square)
    response: NDArray[np.float64] = np.linalg.solve(square + ridge * np.eye(len(square)), cross)
    return response


def _residual(response: NDArray[np.float64], fit: _Fit) -> float:
    """Return the share of a piece's energy that the filter does not explain."""
    square, cross, energy = fit
    left = energy - 2 * float(response @ cross) + float(response @ square @ response)
    return left / energy if energy else 0.0
