"""The assistant's voice in frames of 100 ms, from all that `send_audio` accepts."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, AsyncIterable, Iterator

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.audio_input import AudioInput, as_pcm
from micdrop_widget.audio_samples import Channel, PcmStream, Samples
from micdrop_widget.server.streams import each, is_stream

__all__ = ["audio_frames"]

_FRAME_SAMPLES = SAMPLE_RATE // 10
"""Answers go out in frames of 100 ms."""

_MANY_SAMPLES = 10 * SAMPLE_RATE
"""More samples than this are converted in a worker thread, as files are."""

_CHOOSE = ("call.send_audio(…, channel=0)", 'call.send_audio(…, channel="mean")')


async def audio_frames(
    samples: AudioInput | Iterator[Samples] | AsyncIterable[Samples],
    sample_rate: float,
    *,
    channel: Channel | None = None,
) -> AsyncGenerator[Pcm, None]:
    """Yield audio as int16 at 16 kHz, 100 ms at a time; a stream is read as its frames are asked for.

    Close it: only then is a stream closed that was not read to its end.

    Parameters
    ----------
    samples, sample_rate, channel
        As of `ServerCall.send_audio`.

    Raises
    ------
    TypeError, ValueError, OSError
        The samples or the file cannot be used; the message says why, and what to do.
    """
    if is_stream(samples):
        stream = PcmStream(sample_rate, channel=channel, what="send_audio", choose=_CHOOSE)
        async with contextlib.aclosing(each(samples)) as pieces:
            async for piece in pieces:
                for frame in _frames(stream.push(piece)):
                    yield frame
        for frame in _frames(stream.finish()):
            yield frame
        return
    convert = functools.partial(as_pcm, samples, sample_rate, channel=channel, what="send_audio", choose=_CHOOSE)
    is_quick = isinstance(samples, np.ndarray) and samples.size < _MANY_SAMPLES
    for frame in _frames(convert() if is_quick else await asyncio.to_thread(convert)):
        yield frame


def _frames(pcm: Pcm) -> Iterator[Pcm]:
    for start in range(0, len(pcm), _FRAME_SAMPLES):
        yield pcm[start : start + _FRAME_SAMPLES]
