"""Checks samples of any type, and converts them to int16 at 16 kHz: arrays and the like, in any chunks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FULL_SCALE, SAMPLE_RATE, Pcm, Resampler, is_pcm, pcm_to_float

__all__ = ["ACCEPTED", "CHOOSE", "Channel", "PcmStream", "Samples", "as_array", "check_channel", "check_sample_rate"]


class HasArray(Protocol):
    """A value that numpy reads as an array: a tensor, a column of a table."""

    def __array__(self) -> NDArray[Any]:
        """Return it as an array."""
        ...


class HasDlpack(Protocol):
    """A value that libraries of arrays exchange by DLPack."""

    def __dlpack__(self) -> Any:  # noqa: ANN401 - an opaque capsule
        """Return it as a capsule."""
        ...


Samples: TypeAlias = NDArray[Any] | HasArray | HasDlpack | memoryview | Sequence[float] | Sequence[Sequence[float]]
"""An array, or what is like one: of int16, int32, uint8 (all of full scale), or floating from -1 to 1; of shape (n,),
(n, 1) or (1, n), and of more channels where one is chosen."""

Channel: TypeAlias = int | Literal["mean"]
"""Which one of several channels, counted from 0; or the mean of all."""

CHOOSE = ("channel=0", 'channel="mean"')
"""How one of several channels is chosen where a function has a parameter for it, and how the mean is."""

_LOUDEST = 1.25
"""Full scale and 2 dB, which resampling and lossy coding add to what was loud before; more was never scaled."""

_UNSCALED = (1024, FULL_SCALE)
"""Peaks of int32 samples that hold the values of int16: as int32 they would be under -96 dB, silence."""

_MAX_CHANNELS = 64

ACCEPTED = "samples: an array, or what is like one (list, tensor, memoryview), of int16, int32, uint8 or floats"

_BLOCK_FRAMES = 1 << 17
"""How many frames are converted at once: intermediate arrays stay small, however long the audio is."""


def check_sample_rate(sample_rate: Any, what: str) -> float:  # noqa: ANN401 - what it is, is checked here
    """Return a rate in Hz as a number of Python.

    Raises
    ------
    TypeError, ValueError
        It is none.
    """
    if isinstance(sample_rate, bool) or not isinstance(sample_rate, int | float | np.integer | np.floating):
        raise TypeError(f"{what}: expected a sample rate in Hz, such as 16000, got {sample_rate!r}")
    rate = float(sample_rate)
    if not math.isfinite(rate) or not 1000 <= rate <= 10_000_000:
        raise ValueError(f"{what}: expected a sample rate in Hz, such as 16000, got {sample_rate!r}")
    return rate


def as_array(samples: Any, what: str, expected: str = ACCEPTED) -> NDArray[Any]:  # noqa: ANN401 - checked here
    """Return samples as an array, of whatever type and shape they are.

    Raises
    ------
    TypeError
        It is nothing like an array.
    """
    if isinstance(samples, np.ndarray):
        return _plain(samples, what)
    _check_no_rate(samples, what)
    if isinstance(samples, str | bytes | bytearray | dict | set):
        raise TypeError(f"{what}: expected {expected}, got {type(samples).__name__}{_ways_out(samples)}")
    try:
        for step in ("detach", "cpu"):  # a tensor of torch may want its gradient, or be elsewhere
            if callable(getattr(samples, step, None)):
                samples = getattr(samples, step)()
        array = np.asarray(samples)
        if array.dtype == object and hasattr(samples, "__dlpack__"):
            array = np.from_dlpack(samples)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:  # each library has its own way to refuse
        kind = type(samples).__name__
        raise TypeError(f"{what}: expected {expected}; this {kind} cannot be read as one ({error})") from error
    if array.dtype == object or array.ndim == 0:
        raise TypeError(f"{what}: expected {expected}, got {type(samples).__name__}{_ways_out(samples)}")
    if isinstance(samples, list | tuple | range) and array.dtype.kind == "i":
        array = array.astype(np.int64)  # whole numbers of Python: no type says what full scale is
    return array


def _plain(array: NDArray[Any], what: str) -> NDArray[Any]:
    """Return an array of numpy's base class: the row of a matrix is a matrix, and a masked sample is none."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise TypeError(f"{what}: some samples are masked; say what they are, for instance silence: samples.filled(0)")
    return np.asarray(array)


def _check_no_rate(samples: object, what: str) -> None:
    """Refuse samples that come with their rate, which would be lost, as other packages give them."""
    rate, how = None, ""
    if isinstance(samples, Mapping) and {"array", "sampling_rate"} <= set(samples):
        rate, how = samples["sampling_rate"], 'as datasets gives them: pass audio["array"]'
    elif isinstance(samples, list | tuple) and len(samples) == 2:
        numbers = [part for part in samples if isinstance(part, int | float | np.integer | np.floating)]
        others = [part for part in samples if np.ndim(part) > 0]
        if len(numbers) == len(others) == 1:
            rate, how = numbers[0], "as other packages give them: pass the samples"
    if how:
        raise TypeError(f"{what}: samples and their rate, {how}, and sample_rate={rate}")


def _ways_out(given: object) -> str:
    if isinstance(given, bytes | bytearray):
        return '. If they are samples, say of which type: np.frombuffer(data, dtype="<i2")'
    if hasattr(given, "__next__"):
        return ". Join what it yields: np.concatenate(list(…))"
    return ""


def as_frames(array: NDArray[Any], what: str) -> NDArray[Any]:
    """Return samples of shape (n,), (n, channels) or (channels, n) as frames, of shape (n, channels), without a copy.

    Raises
    ------
    ValueError
        They have another shape.
    """
    shape = array.shape
    if array.ndim == 1:
        return array[:, np.newaxis]
    if array.size == 0 and array.ndim == 2:
        return array.reshape(0, 1)
    if array.ndim == 2 and shape[0] < shape[1]:
        array = array.T
    if array.ndim != 2 or array.shape[1] > _MAX_CHANNELS:
        raise ValueError(f"{what}: expected samples of shape (n,), (n, 1) or (1, n), got shape {shape}")
    return array


def check_channel(channel: Channel | None, channels: int, what: str, choose: tuple[str, str]) -> None:
    """Check that one of several channels is chosen, and that it exists.

    Raises
    ------
    TypeError, ValueError
        None is, or it does not.
    """
    if channel is None:
        if channels == 1:
            return
        first, mean = choose
        raise ValueError(
            f"{what}: {channels} channels; which one is the voice? Choose one with {first} (up to {channels - 1}), "
            f"or mix them with {mean}"
        )
    if channel == "mean":
        return
    if isinstance(channel, bool) or not isinstance(channel, int | np.integer):
        raise TypeError(f'{what}: expected channel to be a number from 0, or "mean", got {channel!r}')
    if not 0 <= channel < channels:
        raise ValueError(f"{what}: there is no channel {channel}, there are {channels}, counted from 0")


class PcmStream:
    """Converts samples that come in chunks to int16 at 16 kHz, without a seam between the chunks.

    Parameters
    ----------
    sample_rate
        Rate of the samples in Hz; other rates than 16 000 are resampled with soxr.
    channel
        Which of several channels; None refuses to guess.
    what
        What an error calls the samples.
    choose
        How one channel is chosen, and how the mean is.

    Raises
    ------
    TypeError, ValueError
        The rate is none.
    """

    def __init__(
        self,
        sample_rate: float = SAMPLE_RATE,
        *,
        channel: Channel | None = None,
        what: str = "samples",
        choose: tuple[str, str] = CHOOSE,
    ) -> None:
        self._rate = check_sample_rate(sample_rate, what)
        self._resampler = Resampler(self._rate)
        self._channel: Channel | None = int(channel) if isinstance(channel, np.integer) else channel
        self._what = what
        self._choose = choose
        self._received = 0

    def push(self, samples: Any) -> Pcm:  # noqa: ANN401 - checked here
        """Return the samples that are complete with these; the last ones come with later ones, or with `finish`.

        Samples that are int16 at 16 kHz already are not copied.

        Raises
        ------
        TypeError
            They are nothing like an array.
        ValueError
            They are no samples: another type or shape, beyond full scale, NaN or infinite; the message says what to do.
        """
        array = as_array(samples, self._what)
        if array.dtype == np.int16 and array.ndim == 1 and self._rate == SAMPLE_RATE and self._channel in (None, 0):
            return array
        frames = as_frames(array, self._what)
        check_channel(self._channel, frames.shape[1], self._what, self._choose)
        blocks = range(0, len(frames), _BLOCK_FRAMES)
        parts = [self.push_frames(frames[at : at + _BLOCK_FRAMES]) for at in blocks]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)

    def push_frames(self, frames: NDArray[Any]) -> Pcm:
        """Do the same with frames, of shape (n, channels), of which the channel is known to exist."""
        if self._channel == "mean" and frames.shape[1] > 1:
            scaled = self._scaled(frames)
            floats = pcm_to_float(scaled) if is_pcm(scaled) else scaled
            mono = floats.mean(axis=1, dtype=np.float32)
        else:
            mono = self._scaled(np.ascontiguousarray(frames[:, self._channel if isinstance(self._channel, int) else 0]))
        self._received += len(frames)
        return self._resampler.push(mono)

    def finish(self) -> Pcm:
        """Return the samples that wait in the filter: the stream has ended."""
        return self._resampler.finish()

    def _scaled(self, array: NDArray[Any]) -> Pcm | NDArray[np.float32]:
        """Return samples of any type as int16, or as float32 of which 1 is full scale."""
        kind, size = array.dtype.kind, array.dtype.itemsize
        if kind == "f":
            self._check_peak(array)
            floats: NDArray[np.float32] = array.astype(np.float32, copy=False)
            return floats
        if kind == "u" and size == 1:
            widened: Pcm = np.multiply(array.astype(np.int16) - np.int16(128), 256, dtype=np.int16)
            return widened
        if kind == "i" and size == 2:
            return array.astype(np.int16, copy=False)
        if kind == "i" and size == 4:
            self._check_int32(array)
            shares: NDArray[np.float32] = np.divide(array, 2.0**31).astype(np.float32)
            return shares
        if kind == "i" and size == 8:
            self._check_whole_numbers(array)
            return array.astype(np.int16)
        raise ValueError(f"{self._what}: expected int16, int32, uint8 or floating samples, got {array.dtype}")

    def _check_peak(self, array: NDArray[Any]) -> None:
        peak = float(np.abs(array).max(initial=0))
        if peak <= _LOUDEST:
            return
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            raise ValueError(
                f"{self._what}: sample {self._received + int(wrong[0][0])} is {array[tuple(wrong[0])]}; "
                "replace what is no number, for instance by silence: np.nan_to_num(samples, posinf=0, neginf=0)"
            )
        raise ValueError(
            f"{self._what}: floating samples go from -1 to 1, these reach {peak:g}. If they have the range of int16, "
            f"divide them by 32768; otherwise by their loudest one: samples / np.abs(samples).max()"
        )

    def _check_int32(self, array: NDArray[Any]) -> None:
        peak = int(np.abs(array.astype(np.int64)).max(initial=0))
        if _UNSCALED[0] <= peak <= _UNSCALED[1]:
            raise ValueError(
                f"{self._what}: int32 samples go up to 2147483647, these reach {peak} and would be silence. If they "
                "have the range of int16, pass samples.astype(np.int16)"
            )

    def _check_whole_numbers(self, array: NDArray[Any]) -> None:
        if array.max(initial=0) >= FULL_SCALE or array.min(initial=0) < -FULL_SCALE:
            raise ValueError(
                f"{self._what}: whole numbers without a type of their own count as int16, -32768 to 32767; these go "
                f"from {array.min()} to {array.max()}. Give an array of int16 or int32, or floats from -1 to 1"
            )
