"""Microphones of a call without a browser: samples, an audio file, or the user's own source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from os import PathLike
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm
from micdrop_widget.audio_input import AudioInput, as_pcm
from micdrop_widget.audio_samples import Channel
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

_CHOOSE = ("source=ArraySource(…, channel=0)", 'ArraySource(…, channel="mean")')

Pace: TypeAlias = Literal["realtime", "fast"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that were captured but did not arrive: the next samples do not continue the ones before the gap."""

    samples: int
    """How many samples are missing, at 16 kHz."""


class UnpluggedError(MicdropError):
    """The device went away while it was captured; another may take its place."""

    @classmethod
    def of(cls, label: str) -> UnpluggedError:
        """Return the error for a device with this label, which may be empty."""
        return cls(
            MicdropErrorCode.Mic,
            f"The microphone{label and f' “{label}”'} went away.",
            "Plug it in again or choose another, then press “Rejoin with the microphone”, or Start.",
            reason="unplugged",
        )


@runtime_checkable
class AudioSource(Protocol):
    """A microphone. All methods are called on the call's event loop."""

    live: bool
    """Samples keep coming whether or not anybody listens. A source that is not live waits until the call is ready."""

    # A source with an attribute `has_pauses` that is true gives stretches of exact zeros, as a recording does: they do
    # not mean that the microphone is switched off.

    async def open(self, device_id: str | None) -> Microphone:
        """Begin to capture.

        Raises
        ------
        MicdropError
            With code `Mic`: it cannot capture, and the message says what to do.
        """
        ...

    def frames(self) -> AsyncIterator[Pcm | Gap]:
        """Yield the samples in order, in chunks of any length; the end of the iteration ends the microphone.

        A `Gap` in their place ends an open utterance: what was said before it and after it is not one sentence.

        Raises
        ------
        UnpluggedError
            The device went away; the call opens the source again, with `device_id=None`.
        MicdropError
            The microphone ended for another reason: the call goes on without one.
        """
        ...

    async def close(self) -> None:
        """Release the microphone. Called once after `open`, also when `open` was cancelled or failed."""
        ...


SourceOption: TypeAlias = AudioSource | AudioInput
"""A microphone, or what it captures: samples or an audio file."""


class ArraySource:
    """Samples or an audio file, spoken once from the beginning each time the microphone is opened.

    Parameters
    ----------
    samples
        An array, or what is like one, of int16, int32, uint8, or floats in [-1, 1]; or an audio file: its path, opened,
        or its bytes.
    sample_rate
        Rate of `samples` in Hz (a file says its own); other rates than 16 000 are resampled with soxr.
    channel
        Which of several channels, counted from 0, or "mean". None refuses to guess, but for the recording of a call:
        there it is the microphone.
    pace
        "realtime": as a microphone would, one frame every 32 ms. "fast": as fast as the call processes them, once it
        is ready.

    Raises
    ------
    TypeError, ValueError, OSError
        The samples or the file cannot be used; the message says why, and what to do.
    """

    has_pauses = True

    def __init__(
        self,
        samples: AudioInput,
        *,
        sample_rate: float = SAMPLE_RATE,
        channel: Channel | None = None,
        pace: Pace = "realtime",
    ) -> None:
        if pace not in ("realtime", "fast"):
            raise ValueError(f"pace: expected 'realtime' or 'fast', got {pace!r}")
        self._pcm = as_pcm(samples, sample_rate, channel=channel, what="source", choose=_CHOOSE)
        self.live = pace == "realtime"

    @classmethod
    def from_wav(cls, path: str | PathLike[str], *, pace: Pace = "realtime") -> ArraySource:
        """Return a source that speaks an audio file; the same as `ArraySource(path)`."""
        return cls(path, pace=pace)

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
        """Do nothing: there is nothing to release."""


class NoSource:
    """The microphone of a client that was given none: it cannot be opened."""

    live = True

    async def open(self, device_id: str | None) -> Microphone:
        """Raise the error that says what is missing."""
        raise MicdropError(
            MicdropErrorCode.Mic,
            "The client has no microphone.",
            "Pass source=: samples at 16 kHz, the path of an audio file, or an AudioSource.",
        )

    async def frames(self) -> AsyncIterator[Pcm]:
        """Yield nothing."""
        return
        yield np.zeros(0, dtype=np.int16)  # makes this function a generator

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""


def as_source(option: SourceOption | None) -> AudioSource:
    """Return the source that an option stands for: itself, samples or an audio file, or none.

    Raises
    ------
    TypeError
        It is none of these.
    ValueError, OSError
        The samples or the file cannot be used.
    """
    if option is None:
        return NoSource()
    if isinstance(option, type):
        raise TypeError(f"source: expected an AudioSource, got the class: {option.__name__}(…)")
    if isinstance(option, AudioSource):
        return option
    return ArraySource(option)
