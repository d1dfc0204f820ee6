"""The voice of a call: from a sentence to samples at 16 kHz."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np

from micdrop_widget.agents.part import Part
from micdrop_widget.audio import SAMPLE_RATE, Pcm, pcm_from_bytes
from micdrop_widget.audio_samples import PcmStream

__all__ = ["Voice"]

_CHOOSE = ("samples[:, 0]", "samples.mean(axis=1).astype(samples.dtype)")


class Voice:
    """Speaks sentences with a function of the user's.

    Parameters
    ----------
    tts
        See `TextToSpeech`.
    """

    def __init__(self, tts: Any) -> None:  # noqa: ANN401 - checked by the part
        self.part = Part("tts", tts, "tts(sentence)")

    async def speak(self, sentence: str) -> AsyncGenerator[Pcm, None]:
        """Yield a sentence's samples as they come.

        Raises
        ------
        PartFailed
            The function raised an exception, or what it returned is no sound.
        """
        sound = _Sound()
        async with contextlib.aclosing(self.part.pieces(sentence)) as pieces:
            async for piece in pieces:
                try:
                    pcm = sound.push(piece)
                except (TypeError, ValueError) as error:
                    raise self.part.failed(error) from error
                if len(pcm):
                    yield pcm
        rest = sound.finish()
        if len(rest):
            yield rest


class _Sound:
    """The pieces of one sentence, brought to int16 at 16 kHz without a seam between them."""

    def __init__(self) -> None:
        self._odd = b""
        self._rate = SAMPLE_RATE
        self._stream = PcmStream(what="tts", choose=_CHOOSE)

    def push(self, piece: Any) -> Pcm:  # noqa: ANN401 - checked here
        if piece is None:
            return np.zeros(0, dtype=np.int16)
        if isinstance(piece, bytes | bytearray | memoryview):
            joined = self._odd + bytes(piece)
            whole = len(joined) & ~1
            self._odd = joined[whole:]
            return pcm_from_bytes(joined[:whole])
        rate, samples = self._parted(piece)
        if rate == self._rate:
            return self._stream.push(samples)
        rest = self._stream.finish()
        self._rate, self._stream = rate, PcmStream(rate, what="tts", choose=_CHOOSE)
        return np.concatenate([rest, self._stream.push(samples)])

    def finish(self) -> Pcm:
        return self._stream.finish()

    def _parted(self, piece: Any) -> tuple[int, Any]:  # noqa: ANN401 - checked here
        expected = "tts: expected samples at 16 kHz, (sample_rate, samples), bytes, or an iterator of them"
        if isinstance(piece, str | dict):
            raise TypeError(f"{expected}; got {type(piece).__name__}")
        if not isinstance(piece, tuple):
            return SAMPLE_RATE, piece
        if len(piece) != 2:
            raise TypeError(f"{expected}; got a tuple of {len(piece)}")
        rate, samples = piece
        if isinstance(rate, bool) or not hasattr(rate, "__index__") or int(rate) <= 0:
            raise TypeError(f"{expected}; got the sample rate {rate!r}")
        return int(rate), samples
