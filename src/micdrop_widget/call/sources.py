"""Where a call's microphone samples come from when there is no browser: an array, a WAV file, or one's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm, as_pcm, read_wav
from micdrop_widget.devices import Microphone
from micdrop_widget.errors import MicdropError, MicdropErrorCode

__all__ = [
    "ArraySource",
    "AudioSource",
    "Gap",
    "NoSource",
    "Pace",
    "SourceOption",
    "UnpluggedError",
    "as_source",
]

Pace: TypeAlias = Literal["realtime", "fast"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that the microphone captured and that did not arrive: what comes next does not continue what was."""

    samples: int
    """How many, at 16 kHz."""


class UnpluggedError(MicdropError):
    """The device that was captured went away while it was; another may take its place."""

    @classmethod
    def of(cls, label: str) -> UnpluggedError:
        """Return the error for a device by what it is called; empty where nobody knows."""
        return cls(
            MicdropErrorCode.Mic,
            f"The microphone{label and f' “{label}”'} went away.",
            "Plug it in again or choose another, then press “Rejoin with the microphone”, or Start.",
        )


@runtime_checkable
class AudioSource(Protocol):
    """A microphone. All methods are called on the call's event loop."""

    live: bool
    """Samples keep coming whether or not anybody listens. A source that is not live waits until the call is ready."""

    async def open(self, device_id: str | None) -> Microphone:
        """Begin to capture.

        Raises
        ------
        MicdropError
            With code `Mic`: it cannot, and the message says what to do.
        """
        ...

    def frames(self) -> AsyncIterator[Pcm | Gap]:
        """Yield the samples in order, in chunks of any length; the end of the iteration ends the microphone.

        A `Gap` in their place ends an open utterance: what was said before it and after it is not one sentence.

        Raises
        ------
        UnpluggedError
            The device went away; the call opens the source again, with no device asked for.
        MicdropError
            Something else ended it: the call goes on without a microphone.
        """
        ...

    async def close(self) -> None:
        """Release the microphone. Called once after `open`, also when `open` was cancelled or failed."""
        ...


SourceOption: TypeAlias = AudioSource | NDArray[Any] | str | PathLike[str]


class ArraySource:
    """Samples from memory, spoken once from the beginning each time the microphone is opened.

    Parameters
    ----------
    samples
        Shape (n,): int16, or floating in [-1, 1].
    sample_rate
        Rate of `samples` in Hz; other rates than 16 000 are resampled with soxr.
    pace
        "realtime": as a microphone would, one frame every 32 ms. "fast": as fast as the call takes them, once it is
        ready.
    """

    def __init__(self, samples: NDArray[Any], *, sample_rate: int = SAMPLE_RATE, pace: Pace = "realtime") -> None:
        if pace not in ("realtime", "fast"):
            raise ValueError(f"pace: expected 'realtime' or 'fast', got {pace!r}")
        self._pcm = as_pcm(samples, sample_rate, what="source")
        self.live = pace == "realtime"

    @classmethod
    def from_wav(cls, path: str | PathLike[str], *, pace: Pace = "realtime") -> ArraySource:
        """Return a source that speaks a WAV file of any rate; several channels are averaged."""
        samples, sample_rate = read_wav(path)
        return cls(samples, sample_rate=sample_rate, pace=pace)

    async def open(self, device_id: str | None) -> Microphone:
        """Begin at the first sample."""
        return Microphone(device_id)

    async def frames(self) -> AsyncIterator[Pcm]:
        """Yield frames of 512 samples; the last one may be shorter."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for start in range(0, len(self._pcm), FRAME_SAMPLES):
            end = min(start + FRAME_SAMPLES, len(self._pcm))
            # A frame exists when its last sample has been spoken.
            await asyncio.sleep(max(0.0, began + end / SAMPLE_RATE - loop.time()) if self.live else 0)
            yield self._pcm[start:end]

    async def close(self) -> None:
        """There is nothing to release."""


class NoSource:
    """The microphone of a client that was given none: it cannot be opened."""

    live = True

    async def open(self, device_id: str | None) -> Microphone:
        """Say what is missing."""
        raise MicdropError(
            MicdropErrorCode.Mic,
            "The client has no microphone.",
            "Pass source=: an array at 16 kHz, the path of a WAV file, or an AudioSource.",
        )

    async def frames(self) -> AsyncIterator[Pcm]:
        """Yield nothing."""
        return
        yield np.zeros(0, dtype=np.int16)  # what makes it a generator

    async def close(self) -> None:
        """There is nothing to release."""


def as_source(option: SourceOption | None) -> AudioSource:
    """Return the source that an option stands for: itself, an array, the path of a WAV file, or none.

    Raises
    ------
    TypeError
        It is none of these.
    ValueError, FileNotFoundError
        The array or the file cannot be used.
    """
    if option is None:
        return NoSource()
    if isinstance(option, str | PathLike):
        return ArraySource.from_wav(option)
    if isinstance(option, np.ndarray):
        return ArraySource(option)
    if isinstance(option, AudioSource) and not isinstance(option, type):
        return option
    raise TypeError(f"source: expected an array, the path of a WAV file or an AudioSource, got {type(option).__name__}")
