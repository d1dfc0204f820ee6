"""The audio of a call: 16 kHz, mono, int16, little-endian. Rates, conversions, framing."""

from __future__ import annotations

from typing import TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FRAME_SAMPLES",
    "SAMPLE_RATE",
    "Framer",
    "Pcm",
    "Resampler",
    "float_to_pcm",
    "is_pcm",
    "ms_to_samples",
    "pcm_from_bytes",
    "pcm_to_bytes",
    "pcm_to_float",
    "samples_to_ms",
]

SAMPLE_RATE = 16_000
"""Samples per second, both ways, everywhere."""

FRAME_SAMPLES = 512
"""Samples of a frame: 32 ms, the window of Silero and the unit the microphone is captured in."""

FULL_SCALE = 32_768

Pcm: TypeAlias = NDArray[np.int16]
"""Mono int16 samples at 16 kHz, of any length."""

_WIRE = np.dtype("<i2")


def ms_to_samples(duration_ms: float) -> int:
    """Return how many samples a duration in milliseconds has."""
    return round(duration_ms * SAMPLE_RATE / 1000)


def samples_to_ms(samples: int) -> float:
    """Return how many milliseconds a number of samples lasts."""
    return samples * 1000 / SAMPLE_RATE


def pcm_from_bytes(data: bytes | bytearray | memoryview) -> Pcm:
    """Return the samples of an even number of wire bytes, without copying where the machine allows."""
    pcm: Pcm = np.frombuffer(data, dtype=_WIRE).astype(np.int16, copy=False)
    return pcm


def pcm_to_bytes(pcm: Pcm) -> bytes:
    """Return samples as the wire carries them: signed 16-bit little-endian, no header."""
    return pcm.astype(_WIRE, copy=False).tobytes()


def pcm_to_float(pcm: Pcm) -> NDArray[np.float32]:
    """Return samples as float32 in [-1, 1): int16 divided by 32768."""
    return np.divide(pcm, FULL_SCALE, dtype=np.float32)


def is_pcm(samples: NDArray[np.int16] | NDArray[np.floating]) -> TypeGuard[Pcm]:
    """Return whether samples are int16; the others are floating."""
    return samples.dtype == np.int16


def float_to_pcm(samples: NDArray[np.floating]) -> Pcm:
    """Return float samples in [-1, 1] as int16, rounded and clipped at full scale."""
    scaled = samples * np.float32(FULL_SCALE)  # a power of two: nothing is rounded here
    np.rint(scaled, out=scaled)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1, out=scaled)
    pcm: Pcm = scaled.astype(np.int16)
    return pcm


class Resampler:
    """Resamples a stream to 16 kHz, or another rate, with soxr's filter; a stream of that rate passes unchanged.

    The samples do not depend on the chunks, and each sound keeps its position. Samples come out later than they go in,
    by the 6 to 44 ms (in chunks of 32 ms at 44.1 and 48 kHz) that wait in the filter.

    Parameters
    ----------
    sample_rate
        Rate of the stream in Hz.
    wanted_rate
        The rate it is brought to.
    """

    def __init__(self, sample_rate: float, wanted_rate: float = SAMPLE_RATE) -> None:
        self._stream = None
        if sample_rate != wanted_rate:
            import soxr  # noqa: PLC0415 - only for what is not at 16 kHz

            self._stream = soxr.ResampleStream(sample_rate, wanted_rate, 1, dtype="float32")

    def push(self, samples: Pcm | NDArray[np.floating]) -> Pcm:
        """Return the samples that are complete now; those that wait in the filter come with later ones.

        Parameters
        ----------
        samples
            Shape (n,): int16, or floating in [-1, 1].
        """
        return self._resample(samples, last=False)

    def finish(self) -> Pcm:
        """Return the samples that wait in the filter: the stream has ended, and accepts no more."""
        return self._resample(np.zeros(0, dtype=np.int16), last=True)

    def _resample(self, samples: Pcm | NDArray[np.floating], *, last: bool) -> Pcm:
        if self._stream is None:
            return samples if is_pcm(samples) else float_to_pcm(samples)  # type: ignore[arg-type]  # the other case
        floats = pcm_to_float(samples) if is_pcm(samples) else samples.astype(np.float32, copy=False)
        return float_to_pcm(self._stream.resample_chunk(floats, last=last))


class Framer:
    """Cuts samples that arrive in any chunks into frames of a fixed length.

    Parameters
    ----------
    frame_samples
        Length of the frames.
    """

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        self._frame = np.empty(frame_samples, dtype=np.int16)
        self._filled = 0

    @property
    def pending(self) -> Pcm:
        """The samples that do not fill a frame yet, a copy."""
        pending: Pcm = self._frame[: self._filled].copy()
        return pending

    def push(self, pcm: Pcm) -> list[Pcm]:
        """Add samples and return the frames that are complete now, oldest first, each an own copy."""
        frames = []
        added = 0
        while added < len(pcm):
            count = min(len(self._frame) - self._filled, len(pcm) - added)
            self._frame[self._filled : self._filled + count] = pcm[added : added + count]
            self._filled += count
            added += count
            if self._filled == len(self._frame):
                frames.append(self._frame.copy())
                self._filled = 0
        return frames

    def clear(self) -> None:
        """Forget the samples that do not fill a frame yet."""
        self._filled = 0
