"""Which parts of an answer a page has played."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import Pcm
from tests.harness.listen import align
from tests.harness.taps import Tap

__all__ = ["parts_played"]


def parts_played(taps: Sequence[Tap], answer: Pcm) -> list[tuple[int, int]]:
    """Return the parts of an answer, in which every place is unlike any other, as `[start, end)`, in order."""
    return [part for tap in taps for part in _parts(tap.samples, answer)]


def _parts(samples: NDArray[np.float32], answer: Pcm) -> list[tuple[int, int]]:
    loud = np.flatnonzero(samples)
    if not len(loud):
        return []
    parts = []
    # a pause of 20 ms divides what was played
    for piece in np.split(loud, np.flatnonzero(np.diff(loud) > 320) + 1):
        start, end = int(piece[0]), int(piece[-1]) + 1
        if end - start > 1600:
            begin = align(samples[start + 400 : start + 1200], answer / 32768).lag - 400
            parts.append((begin, begin + end - start))
    return parts
