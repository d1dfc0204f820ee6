"""Is a tone whole? A sine that is played without fault has neither gaps nor clicks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.harness.correlation import Signal


def find_gaps(samples: Signal, sample_rate: int, frequency: float, *, min_ms: float = 2) -> list[tuple[int, int]]:
    """Find where a tone falls silent and comes back, as ``[start, end)`` samples.

    Silent means more than 40 dB under the tone's own level over one period. What lies before its first
    sample and after its last is no gap. A gap shorter than a period clicks instead: `find_clicks`.
    """
    half = max(1, round(sample_rate / frequency / 2))
    heard = np.flatnonzero(_envelope(samples, half) > 0.01 * _level(samples))
    steps = np.flatnonzero(np.diff(heard) > 1)
    # The envelope reaches half a period into the silence from both sides.
    gaps = [(int(heard[step]) + 1 - half, int(heard[step + 1]) + half) for step in steps]
    return [(start, end) for start, end in gaps if (end - start) * 1000 >= min_ms * sample_rate]


def find_clicks(samples: Signal, sample_rate: int, frequency: float, *, threshold: float = 0.02) -> list[int]:
    """Find the discontinuities of a tone: where a sample does not follow from the two before it.

    A sine obeys ``x[n] = 2 cos(w) x[n-1] - x[n-2]``; a jump of one tenth of its amplitude breaks that by
    one tenth of it, a fade of 5 ms or int16 rounding by far less than `threshold`.

    Returns
    -------
    list
        Sample positions; what breaks within 5 ms is one click. A tone that starts or stops at once
        clicks there too.
    """
    signal = np.asarray(samples, dtype=np.float64)
    level = _level(signal)
    if level == 0:
        return []
    step = 2 * np.cos(2 * np.pi * frequency / sample_rate)
    broken = np.abs(signal[2:] - step * signal[1:-1] + signal[:-2]) > threshold * level
    positions = np.flatnonzero(broken) + 2
    first_of_each = np.diff(positions, prepend=-sample_rate) > sample_rate // 200
    return [int(position) for position in positions[first_of_each]]


def _level(samples: Signal) -> float:
    """Return the amplitude of the tone where it is heard: robust against silence around it."""
    size = np.abs(np.asarray(samples, dtype=np.float64))
    audible = size[size > 0.01 * size.max(initial=0)]
    return float(np.percentile(audible, 95)) if audible.size else 0.0


def _envelope(samples: Signal, half: int) -> NDArray[np.float64]:
    """Return the largest of the samples up to `half` before and after each."""
    size = np.abs(np.asarray(samples, dtype=np.float64))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(size, half), 2 * half + 1)
    peak: NDArray[np.float64] = windows.max(axis=1)
    return peak
