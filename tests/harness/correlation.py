"""Where one signal is in another, by cross-correlation.

Signals are one-dimensional arrays of one common rate; int16 or float, at any scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a reference is in a recording: ``recording[lag + n]`` is about ``gain * reference[n]``.

    Attributes
    ----------
    lag
        Samples; negative when the reference's head is not in the recording.
    correlation
        Normalised over the *whole* reference, so a lost head or tail lowers it; 1 is identity up to a gain.
    """

    lag: int
    correlation: float
    gain: float


def align(reference: Signal, recording: Signal) -> Alignment:
    """Find the reference in the recording, to the sample.

    Raises
    ------
    ValueError
        The reference is empty or silent.
    """
    wanted, heard = as_float(reference), as_float(recording)
    if not wanted.any():
        raise ValueError("expected a reference that is heard, got an empty or silent one")
    if not heard.any():
        return Alignment(0, 0.0, 0.0)
    padded = np.pad(heard, len(wanted))
    values, energy = correlate(wanted, padded)
    best = int(np.argmax(values))
    correlation = float(values[best])
    gain = correlation * float(energy[best]) / float(np.linalg.norm(wanted))
    return Alignment(best - len(wanted), correlation, gain)


def correlate(wanted: Floats, heard: Floats) -> tuple[Floats, Floats]:
    """Correlate `wanted` with each window of `heard` that is as long; return that and the windows' norms."""
    count = len(heard) - len(wanted) + 1
    size = 1 << (len(heard) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    products = np.fft.irfft(spectrum, size)[:count]
    total = np.concatenate(([0.0], np.cumsum(heard**2)))
    energy = np.sqrt(np.maximum(total[len(wanted) :] - total[:count], 0))
    floor = max(1e-4 * float(energy.max()), 1e-12)  # what is 80 dB down is rounding
    return products / (np.linalg.norm(wanted) * np.maximum(energy, floor)), energy


def as_float(samples: Signal) -> Floats:
    """Return the samples as float64, at their own scale."""
    return np.asarray(samples, dtype=np.float64)
