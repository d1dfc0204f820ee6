"""Audio as a call knows it: 16 kHz, mono, int16, little-endian. Rates, conversions, framing, reading WAV files."""

from __future__ import annotations

import wave
from os import PathLike
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FRAME_SAMPLES",
    "SAMPLE_RATE",
    "Framer",
    "Pcm",
    "Resampler",
    "as_pcm",
    "float_to_pcm",
    "ms_to_samples",
    "pcm_from_bytes",
    "pcm_to_bytes",
    "pcm_to_float",
    "read_wav",
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
    """Return samples as they travel: signed 16-bit little-endian, no header."""
    return pcm.astype(_WIRE, copy=False).tobytes()


def pcm_to_float(pcm: Pcm) -> NDArray[np.float32]:
    """Return samples as float32 in [-1, 1): int16 divided by 32768."""
    return np.divide(pcm, FULL_SCALE, dtype=np.float32)


def float_to_pcm(samples: NDArray[np.floating]) -> Pcm:
    """Return float samples in [-1, 1] as int16, rounded and clipped at full scale."""
    scaled = np.rint(np.asarray(samples, dtype=np.float64) * FULL_SCALE)
    pcm: Pcm = np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return pcm


def as_pcm(samples: NDArray[Any], sample_rate: int = SAMPLE_RATE, *, what: str = "samples") -> Pcm:
    """Return samples of any rate as int16 at 16 kHz.

    Parameters
    ----------
    samples
        Shape (n,): int16, or floating in [-1, 1].
    sample_rate
        Rate of `samples` in Hz; other rates than 16 000 are resampled with soxr.
    what
        What an error calls them.

    Raises
    ------
    ValueError
        The samples, or the rate, are not what they should be.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1:
        raise ValueError(f"{what}: expected mono samples of shape (n,), got shape {samples.shape}")
    if samples.dtype != np.int16 and not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"{what}: expected int16 or floating samples, got {samples.dtype}")
    if sample_rate <= 0:
        raise ValueError(f"{what}: expected a positive sample rate in Hz, got {sample_rate!r}")
    if sample_rate != SAMPLE_RATE:
        import soxr  # noqa: PLC0415 - only for what is not at 16 kHz

        floats = samples / FULL_SCALE if samples.dtype == np.int16 else samples
        samples = soxr.resample(floats, sample_rate, SAMPLE_RATE)
    return samples if samples.dtype == np.int16 else float_to_pcm(samples)


class Resampler:
    """Brings a stream of another rate to 16 kHz, with soxr's anti-aliasing filter; 16 kHz passes as it is.

    However it is cut, a stream gives the samples that it would give in one piece, and each sound stays in its place:
    only their arrival is late, by the 6 to 44 ms (in messages of 32 ms at 44.1 and 48 kHz) that wait in the filter.

    Parameters
    ----------
    sample_rate
        Rate of the stream in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._stream = None
        if sample_rate != SAMPLE_RATE:
            import soxr  # noqa: PLC0415 - only for what is not at 16 kHz

            self._stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32")

    def push(self, pcm: Pcm) -> Pcm:
        """Return the samples that are complete with these; what waits in the filter comes with later ones."""
        if self._stream is None:
            return pcm
        return float_to_pcm(self._stream.resample_chunk(pcm_to_float(pcm)))


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
        """Take samples and return the frames that are complete now, oldest first, each an own copy."""
        frames = []
        taken = 0
        while taken < len(pcm):
            count = min(len(self._frame) - self._filled, len(pcm) - taken)
            self._frame[self._filled : self._filled + count] = pcm[taken : taken + count]
            self._filled += count
            taken += count
            if self._filled == len(self._frame):
                frames.append(self._frame.copy())
                self._filled = 0
        return frames

    def clear(self) -> None:
        """Forget the samples that do not fill a frame yet."""
        self._filled = 0


def read_wav(path: str | PathLike[str]) -> tuple[Pcm, int]:
    """Read a PCM WAV file as mono int16.

    Parameters
    ----------
    path
        A WAV file with 8, 16, 24 or 32 bit integer samples; channels are averaged.

    Returns
    -------
    samples, sample_rate
        The samples and the rate they were recorded at (not resampled).

    Raises
    ------
    ValueError
        The file is no WAV file that this reads; the message says what it is instead.
    FileNotFoundError
        There is no such file.
    """
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(
            f"{path} is no PCM WAV file ({error}). Convert it first: sox {path} -r 16000 -c 1 -b 16 out.wav"
        ) from error
    whole = len(raw) // (channels * width) * channels * width  # a file that was cut off may end within a sample
    samples = _decode(raw[:whole], width).reshape(-1, channels)
    mono = samples[:, 0] if channels == 1 else samples.mean(axis=1)
    return float_to_pcm(mono), rate


def _decode(raw: bytes, width: int) -> NDArray[np.float64]:
    if width == 1:  # the only unsigned width of the format
        return (np.frombuffer(raw, dtype=np.uint8).astype(np.float64) - 128) / 128
    if width == 3:  # widen to 32 bits, the new byte lowest
        wide = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 3)
        raw, width = wide.tobytes(), 4
    return np.frombuffer(raw, dtype=f"<i{width}").astype(np.float64) / 2.0 ** (8 * width - 1)
