"""Telephone quality: 8 bits a sample, companded by μ-law (ITU-T G.711). Pure; the page's side is `mu-law.js`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import Pcm

__all__ = ["pcm_from_mu_law"]

_BIAS = 132


def _table() -> Pcm:
    inverted = ~np.arange(256, dtype=np.uint8)
    mantissa, exponent = (inverted & 15).astype(np.int32), (inverted >> 4 & 7).astype(np.int32)
    magnitude = ((mantissa << 3) + _BIAS << exponent) - _BIAS
    return np.where(inverted & 128, -magnitude, magnitude).astype(np.int16)


_SAMPLES = _table()
"""The sample that each byte stands for."""


def pcm_from_mu_law(companded: bytes | memoryview) -> Pcm:
    """Return the samples that bytes of μ-law stand for, int16."""
    numbers: NDArray[np.uint8] = np.frombuffer(companded, dtype=np.uint8)
    return _SAMPLES[numbers]
