"""What a call sounded like: two tracks on one time line, of which the last ten minutes are kept in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.turns import Turns
from micdrop_widget.wav_file import write_wav

__all__ = ["ASSISTANT", "KEPT_SAMPLES", "MICROPHONE", "Piece", "Recording", "Silence", "Stereo", "Tracks"]

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


class Recording:
    """What a call sounded like: what it listened to, and what was heard of the assistant, on one time line.

    In memory are the last 10 minutes; with a path as the option `record`, the whole call is in that file as well.
    It grows while the call goes on, and may be read from any thread meanwhile.
    """

    def __init__(
        self,
        path: Path | None = None,
        tracks: Tracks | None = None,
        events: EventLog | None = None,
        turns: Callable[[], Turns] = Turns,
    ) -> None:
        self._path = path
        self._tracks = Tracks() if tracks is None else tracks
        self._events = EventLog() if events is None else events
        self._turns = turns

    def __repr__(self) -> str:
        where = "" if self._path is None else f", the whole call in {str(self._path)!r}"
        return f"<Recording of {self.duration_s:.1f} s, from {self.start_s:.1f} s after the start{where}>"

    @property
    def microphone(self) -> Pcm:
        """What the call listened to: int16 of shape (n,) at 16 kHz, a copy.

        Silence where the microphone was muted or ignored, or gave nothing.
        """
        pcm: Pcm = self._copy()[:, MICROPHONE].copy()
        return pcm

    @property
    def assistant(self) -> Pcm:
        """What was heard of the assistant: int16 of shape (n,) at 16 kHz, a copy.

        Each sample is where it was heard; what an interruption or a pause cut off is silence.
        """
        pcm: Pcm = self._copy()[:, ASSISTANT].copy()
        return pcm

    @property
    def events(self) -> EventLog:
        """What happened in the call, with the time and the sample of each event."""
        return self._events

    @property
    def turns(self) -> Turns:
        """The turns of the call that is recorded here; empty where none are known."""
        return self._turns()

    @property
    def start_s(self) -> float:
        """When the first sample of both tracks was, in seconds since the start of the call."""
        return self._tracks.begin / SAMPLE_RATE

    @property
    def duration_s(self) -> float:
        """Length of both tracks in seconds, at most 600."""
        end = self._tracks.end
        return min(end, KEPT_SAMPLES) / SAMPLE_RATE

    @property
    def path(self) -> Path | None:
        """The file with the whole call, complete when the call has ended; None without one."""
        return self._path

    def save(self, path: str | PathLike[str]) -> None:
        """Write both tracks as a 16 kHz 16-bit stereo WAV file: the microphone left, the assistant right.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        write_wav(path, self._copy())

    def _copy(self) -> Stereo:
        end = self._tracks.end
        return self._tracks.copy(max(0, end - KEPT_SAMPLES), end)
