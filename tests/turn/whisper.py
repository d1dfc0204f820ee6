"""Whisper's log-mel by its definition, in float64: the Fourier transform is a matrix, and nothing of ours is used."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def mel(hz: float) -> float:
    """Return Slaney's mel of a frequency."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def hertz(mels: float) -> float:
    """Return the frequency of a mel."""
    return mels * 200 / 3 if mels < 15 else 1000 * 6.4 ** ((mels - 15) / 27)


def triangles() -> NDArray[np.float64]:
    """Return the filter bank, shape (80, 201)."""
    edges = [hertz(mel(8000) * n / 81) for n in range(82)]
    bank = np.zeros((80, 201))
    for band in range(80):
        low, centre, high = edges[band : band + 3]
        for k in range(201):
            hz = 40 * k
            if low < hz <= centre:
                bank[band, k] = (hz - low) / (centre - low) * 2 / (high - low)
            elif centre < hz < high:
                bank[band, k] = (high - hz) / (high - centre) * 2 / (high - low)
    return bank


def log_mel(pcm: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the features of the last 8 s, shape (80, 800)."""
    samples = np.zeros(128_000)
    heard = pcm[-128_000:] / 32768
    samples[128_000 - len(heard) :] = heard
    samples = (samples - np.mean(samples)) / np.sqrt(np.mean((samples - np.mean(samples)) ** 2) + 1e-7)
    reflected = np.concatenate([samples[200:0:-1], samples, samples[-2:-202:-1]])
    n = np.arange(400)
    hann = np.sin(np.pi * n / 400) ** 2
    fourier = np.exp(-2j * np.pi * np.outer(np.arange(201), n) / 400) * hann
    frames = np.stack([reflected[160 * frame : 160 * frame + 400] for frame in range(800)], axis=1)
    power = np.abs(fourier @ frames) ** 2
    logarithm = np.log10(np.maximum(triangles() @ power, 1e-10))
    result: NDArray[np.float64] = (np.maximum(logarithm, logarithm.max() - 8) + 4) / 4
    return result
