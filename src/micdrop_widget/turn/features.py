"""The input of Smart Turn: Whisper's log-mel spectrogram of the last 8 s of a turn, in numpy.

Source: the definitions of Whisper's features (A. Radford et al., "Robust Speech Recognition via Large-Scale Weak
Supervision", 2022) and of Slaney's mel scale (M. Slaney, "Auditory Toolbox", 1998).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm, ms_to_samples, pcm_to_float

__all__ = ["INPUT_SAMPLES", "LEVEL_FRAME_SAMPLES", "N_FRAMES", "N_MELS", "smart_turn_features", "trim_silence"]

INPUT_SAMPLES = 8 * SAMPLE_RATE
"""Length of the model's input."""

N_MELS = 80
N_FRAMES = 800

_FFT_SAMPLES = 400
_HOP_SAMPLES = 160
_VARIANCE_EPSILON = 1e-7
_POWER_FLOOR = 1e-10
_RANGE_DECADES = 8.0
"""How far under the loudest band the logarithm is clamped."""

LEVEL_FRAME_SAMPLES = ms_to_samples(10)
"""Silence is found by the power of frames of this length."""
_TAIL_SAMPLES = ms_to_samples(200)
_SPEECH_POWER_RATIO = 10.0 ** (-30 / 10)
"""A frame within 30 dB of the loudest counts as speech."""


def trim_silence(pcm: Pcm) -> Pcm:
    """Return a turn without the silence at its end, but for 200 ms.

    The end of speech is that of the last 10 ms frame, counted from the first sample, whose mean power is within 30 dB
    of the loudest frame's. A turn that is silent throughout is returned as it is.

    Parameters
    ----------
    pcm
        Shape (n,), int16, 16 kHz.

    Returns
    -------
    Pcm
        A view of the first samples.
    """
    frames = len(pcm) // LEVEL_FRAME_SAMPLES
    if frames == 0:
        return pcm
    framed = pcm[: frames * LEVEL_FRAME_SAMPLES].reshape(frames, LEVEL_FRAME_SAMPLES).astype(np.float32)
    power = np.einsum("ft,ft->f", framed, framed)
    loudest = power.max()
    if loudest == 0:
        return pcm
    last = int(np.flatnonzero(power >= loudest * _SPEECH_POWER_RATIO)[-1])
    return pcm[: (last + 1) * LEVEL_FRAME_SAMPLES + _TAIL_SAMPLES]


def smart_turn_features(pcm: Pcm) -> NDArray[np.float32]:
    """Return the model's input for a turn.

    The last 8 s, shorter turns with zeros in front, are brought to zero mean and unit variance, zeros included; then
    Whisper's log-mel: periodic Hann of 400 samples, hop 160, centred with reflected edges, the last column left out,
    power, 80 Slaney bands up to 8 kHz, log10 clamped 8 decades under its maximum, (x + 4) / 4.

    Parameters
    ----------
    pcm
        Shape (n,), int16, 16 kHz.

    Returns
    -------
    NDArray[np.float32]
        Shape (80, 800): bands from low to high, and frames of 10 ms.
    """
    turn = pcm_to_float(pcm[-INPUT_SAMPLES:])
    samples = np.zeros(INPUT_SAMPLES, dtype=np.float64)
    samples[INPUT_SAMPLES - len(turn) :] = turn
    samples -= samples.mean()
    samples /= np.sqrt(samples.var() + _VARIANCE_EPSILON)

    padded = np.pad(samples, _FFT_SAMPLES // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT_SAMPLES)[::_HOP_SAMPLES][:N_FRAMES]
    spectrum = np.fft.rfft(windows * _taper(), axis=1)
    power = np.ascontiguousarray((spectrum.real**2 + spectrum.imag**2).T)
    # Band by band, not as one product of matrices: the triangles are narrow, and a BLAS would wake all cores.
    mel = np.stack([np.einsum("b,bf->f", weights, power[bins]) for bins, weights in _mel_bands()])
    log_mel = np.log10(np.maximum(mel, _POWER_FLOOR))
    clamped = np.maximum(log_mel, log_mel.max() - _RANGE_DECADES)
    features: NDArray[np.float32] = ((clamped + 4) / 4).astype(np.float32)
    return features


@cache
def _taper() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT_SAMPLES) / _FFT_SAMPLES)


@cache
def _mel_bands() -> tuple[tuple[slice, NDArray[np.float64]], ...]:
    """Return 80 triangles, each of area 1 (in Hz), as the bins of the spectrum they cover and those bins' weights."""
    edges_hz = _mel_to_hz(np.linspace(0.0, _hz_to_mel(SAMPLE_RATE / 2), N_MELS + 2))
    bins_hz = np.arange(_FFT_SAMPLES // 2 + 1) * SAMPLE_RATE / _FFT_SAMPLES
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - low) / (centre - low)
    falling = (high - bins_hz) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * 2 / (high - low)
    covered = [np.flatnonzero(triangle) for triangle in triangles]
    return tuple(
        (slice(bins[0], bins[-1] + 1), triangle[bins[0] : bins[-1] + 1])
        for bins, triangle in zip(covered, triangles, strict=True)
    )


# Slaney's scale: linear with 200/3 Hz a mel up to 1 kHz, then 27 mels to a factor of 6.4.
_HZ_PER_MEL = 200 / 3
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def _hz_to_mel(hz: float) -> float:
    """Return the mel of a frequency over the knee."""
    return float(_KNEE_MEL + np.log(hz / _KNEE_HZ) / _LOG_STEP)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    curved = _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _HZ_PER_MEL, curved)
