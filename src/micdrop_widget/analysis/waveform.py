"""Long tracks reduced to few columns: of samples the lowest and the highest in each, so that a click stays visible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["extremes", "means"]

_BLOCK_SAMPLES = 1 << 20


def extremes(
    copy: Callable[[int, int], NDArray[np.int16]], begin: int, end: int, columns: int
) -> tuple[NDArray[np.int16], NDArray[np.int16], int]:
    """Return the lowest and the highest sample of each column, both of shape (tracks, n), and a column's samples.

    Parameters
    ----------
    copy
        Returns the samples of the tracks from one position to another, of shape (n, tracks).
    begin, end
        What is shown.
    columns
        How many there are at most. The last one may be of fewer samples than the others.
    """
    step = max(1, -(-(end - begin) // columns))
    count = -(-(end - begin) // step)
    shape = copy(begin, begin).shape[1], count
    lows, highs = np.zeros(shape, np.int16), np.zeros(shape, np.int16)
    whole = max(1, _BLOCK_SAMPLES // step)
    for first in range(0, count, whole):
        at = begin + first * step
        block = copy(at, min(end, at + whole * step))
        missing = -len(block) % step
        if missing:  # the last sample again changes no extreme
            block = np.concatenate([block, np.repeat(block[-1:], missing, axis=0)])
        tracks = np.ascontiguousarray(block.T).reshape(shape[0], -1, step)
        last = first + tracks.shape[1]
        lows[:, first:last], highs[:, first:last] = tracks.min(axis=2), tracks.max(axis=2)
    return lows, highs, step


def means(values: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Return the mean of each column without its NaNs; NaN where a column has nothing else."""
    step = max(1, -(-len(values) // columns))
    padded = np.full(-(-len(values) // step) * step, np.nan, np.float32)
    padded[: len(values)] = values
    parts = padded.reshape(-1, step)
    known = ~np.isnan(parts)
    counts = known.sum(axis=1)
    sums = np.where(known, parts, 0).sum(axis=1)
    found: NDArray[np.float32] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
    return found
