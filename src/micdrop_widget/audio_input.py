"""Reads audio of any kind, a file or samples, as int16 at 16 kHz, or raises an error that says what to do."""

from __future__ import annotations

from os import PathLike
from typing import IO, Any, TypeAlias

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.audio_file import looks_like_file, read_bytes, read_file, read_path
from micdrop_widget.audio_samples import ACCEPTED, CHOOSE, Channel, PcmStream, Samples, as_array

__all__ = ["AudioInput", "as_pcm"]

AudioInput: TypeAlias = str | PathLike[str] | IO[bytes] | bytes | bytearray | Samples
"""A file (its path, which may begin with `~`; opened for reading; or its bytes), or samples."""


def as_pcm(
    audio: Any,  # noqa: ANN401 - an `AudioInput`, checked here
    sample_rate: float = SAMPLE_RATE,
    *,
    channel: Channel | None = None,
    what: str = "audio",
    choose: tuple[str, str] = CHOOSE,
) -> Pcm:
    """Return audio of any kind and rate as int16 at 16 kHz.

    Parameters
    ----------
    audio
        A file or samples, see `AudioInput`.
    sample_rate
        Rate of samples in Hz (a file says its own); other rates than 16 000 are resampled with soxr.
    channel
        Which of several channels, counted from 0, or "mean" for the mean of all. None refuses to guess, but for
        the recording of a call that this package wrote: there it is the microphone.
    what
        What an error calls the audio.
    choose
        How one channel is chosen, and how the mean is, for the error.

    Returns
    -------
    Pcm
        Shape (n,), int16 at 16 kHz. Samples that are that already are returned as they are, not copied.

    Raises
    ------
    TypeError
        It is neither a file nor samples.
    ValueError
        It cannot be used: several channels and none chosen, samples beyond full scale, NaN, a file that cannot be
        read. The message says what it is, and what to do.
    OSError
        The file is not there, or may not be read.
    """
    if isinstance(audio, str | PathLike):
        return read_path(audio, channel, choose)
    if isinstance(audio, bytes | bytearray):
        return read_bytes(audio, channel, what, choose)
    if callable(getattr(audio, "read", None)):
        return read_file(audio, channel, what, choose)
    array = as_array(audio, what, f"an audio file (its path, opened, or its bytes), or {ACCEPTED}")
    if array.dtype == np.uint8 and array.ndim == 1 and looks_like_file(array[:16].tobytes()):
        return read_bytes(array.tobytes(), channel, what, choose)
    stream = PcmStream(sample_rate, channel=channel, what=what, choose=choose)
    pcm = stream.push(array)
    rest = stream.finish()
    return np.concatenate([pcm, rest]) if len(rest) else pcm
