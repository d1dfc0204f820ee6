"""The two tracks of a recording on one time line: those of a call, the last ten minutes of it, and those of a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.history.speech_track import SpeechTrack

__all__ = ["ASSISTANT", "KEPT_SAMPLES", "MICROPHONE", "FixedTracks", "Piece", "Silence", "Stereo", "Tracks"]

Stereo: TypeAlias = NDArray[np.int16]
"""Shape (n, 2), int16 at 16 kHz: microphone, assistant."""

MICROPHONE, ASSISTANT = 0, 1
"""The two tracks."""

KEPT_SAMPLES = 600 * SAMPLE_RATE
"""Ten minutes: 38 MB for both tracks."""

_CHUNK_SAMPLES = 10 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch in which both tracks are silent: an hour of it costs no memory."""

    samples: int


Piece: TypeAlias = Stereo | Silence
"""The next samples of both tracks."""


class Tracks:
    """The two tracks, sample by sample. One thread writes, any thread reads."""

    def __init__(self) -> None:
        self.end = 0
        """Position after the last sample."""
        self.speech = SpeechTrack()
        """How probable speech of the user was, of the whole call."""
        self._kept: tuple[int, tuple[Stereo, ...]] = (0, ())  # replaced as a whole: a reader sees one or the other

    @property
    def begin(self) -> int:
        """Position of the first sample that is kept."""
        return max(0, self.end - KEPT_SAMPLES)

    def copy(self, begin: int, end: int) -> Stereo:
        """Return the samples from one position to another; silence where none are kept."""
        copy = np.zeros((end - begin, 2), dtype=np.int16)
        for start, stop, samples in self._chunks_between(begin, end):
            copy[start - begin : stop - begin] = samples
        return copy

    def pieces(self, begin: int, end: int) -> list[Piece]:
        """Return the samples from one position to another as copies of at most ten seconds, and silences."""
        pieces: list[Piece] = []
        done = begin
        for start, stop, samples in self._chunks_between(begin, end):
            if samples.any():
                if start > done:
                    pieces.append(Silence(start - done))
                pieces.append(samples.copy())
                done = stop
        if end > done:
            pieces.append(Silence(end - done))
        return pieces

    def extend(self, end: int) -> None:
        """Let the tracks reach a position, with silence; drop what is more than ten minutes before it."""
        first, chunks = self._kept
        after = first + len(chunks) * _CHUNK_SAMPLES
        if end > after:
            oldest = max(first, (end - KEPT_SAMPLES) // _CHUNK_SAMPLES * _CHUNK_SAMPLES)
            kept = chunks[(oldest - first) // _CHUNK_SAMPLES :]
            missing = math.ceil((end - max(after, oldest)) / _CHUNK_SAMPLES)
            fresh = (np.zeros((_CHUNK_SAMPLES, 2), dtype=np.int16) for _ in range(missing))
            self._kept = oldest, (*kept, *fresh)
        self.end = max(self.end, end)

    def write(self, track: int, position: int, pcm: Pcm) -> None:
        """Write samples of one track; those before what is kept are dropped."""
        self.extend(position + len(pcm))
        first, chunks = self._kept
        done = max(0, first - position)
        while done < len(pcm):
            number, at = divmod(position + done - first, _CHUNK_SAMPLES)
            count = min(_CHUNK_SAMPLES - at, len(pcm) - done)
            chunks[number][at : at + count, track] = pcm[done : done + count]
            done += count

    def _chunks_between(self, begin: int, end: int) -> Iterator[tuple[int, int, Stereo]]:
        first, chunks = self._kept
        for number, chunk in enumerate(chunks):
            at = first + number * _CHUNK_SAMPLES
            start, stop = max(begin, at), min(end, at + _CHUNK_SAMPLES)
            if start < stop:
                yield start, stop, chunk[start - at : stop - at]


@dataclass(frozen=True, slots=True)
class FixedTracks:
    """The two tracks of a recording that is over, whole."""

    samples: Stereo
    begin: int = 0
    """Position of the first sample."""
    speech: SpeechTrack = field(default_factory=SpeechTrack)

    @property
    def end(self) -> int:
        """Position after the last sample."""
        return self.begin + len(self.samples)

    def copy(self, begin: int, end: int) -> Stereo:
        """Return the samples from one position to another, which lie within."""
        copy: Stereo = self.samples[begin - self.begin : end - self.begin].copy()
        return copy
