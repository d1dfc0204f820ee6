"""Writes the recording of a call while it goes on, by the event loop's clock: to memory and, if asked for, a file."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from micdrop_widget.audio import Pcm, samples_to_ms
from micdrop_widget.errors import MicdropError
from micdrop_widget.history.disk_thread import ClosingThreads, reporting_to
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.recorder import Recorder
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.recording_chunks import write_chunks
from micdrop_widget.history.recording_file import RecordingFile
from micdrop_widget.history.tracks import Tracks
from micdrop_widget.history.turns import Turns

__all__ = ["RecordingWriter"]

_WRITE_EVERY_MS = 1000

_PLACED_TOGETHER = 16
"""Eight windows of the microphone and their probabilities: between two windows the processor forgets the code, which
is most of what placing one costs."""


class RecordingWriter:
    """At most one recording at a time, and the last one; all methods are called on one event loop, and none blocks it.

    Parameters
    ----------
    live_source, live_sink
        The microphone, or the loudspeaker, is a real one; see `Recorder`.
    report
        Called on the loop with the error when the file of a recording ends before its call does, once a call.
    """

    def __init__(self, *, live_source: bool, live_sink: bool, report: Callable[[MicdropError], object]) -> None:
        self._recording: Callable[[], Recording | None] = lambda: None
        self._live_source = live_source
        self._live_sink = live_sink
        self._report = report
        self._recorder: Recorder | None = None
        self._unplaced: list[tuple[Callable[..., None], Any]] = []
        """What is to be placed by the recorder, in order, when there is more of it or something else happens."""
        self._file: RecordingFile | None = None
        self._closing = ClosingThreads()
        self._write_after_ms = 0.0

    @property
    def recording(self) -> Recording | None:
        """Of the call under way, or of the last one; None when nothing was to be recorded."""
        return self._recording()

    def release_recording(self) -> None:
        """Hold the last recording weakly: it lives while somebody else has it; from any thread."""
        recording = self._recording()
        if recording is not None:
            self._recording = weakref.ref(recording)

    def begin(
        self,
        record: bool | str | PathLike[str],
        events: EventLog | None = None,
        turns: Callable[[], Turns] = Turns,
    ) -> None:
        """Begin the recording of a call, in the place of the one before.

        Parameters
        ----------
        record
            The option of that name.
        events, turns
            Of the call: the recording has them beside its sound.

        Raises
        ------
        OSError
            The file cannot be written; the recording before it stays.
        """
        path = None if isinstance(record, bool) else Path(record).expanduser()
        tracks = Tracks()
        recording = Recording(path, tracks, events, turns)
        file = None if path is None else self._open(path, lambda: write_chunks(recording.notes()))
        self.end()
        self._file = file
        self._recording = lambda: None
        if record is not False:
            self._recording = lambda: recording
            self._unplaced.clear()
            self._recorder = Recorder(tracks, _now_ms(), live_source=self._live_source, live_sink=self._live_sink)
            self._write_after_ms = _now_ms() + _WRITE_EVERY_MS

    def add_captured(self, pcm: Pcm, listens: bool, behind: int = 0) -> None:
        """Record what the microphone captured; as silence when the call does not listen.

        Parameters
        ----------
        pcm
            The next samples.
        listens
            Whether the call does.
        behind
            How many more samples have arrived together with these.
        """
        if self._recorder is None:
            return
        if len(self._unplaced) >= _PLACED_TOGETHER:
            self._write_settled(self._placed(self._recorder))
        self._unplaced.append((self._recorder.place_captured, (pcm, listens, _now_ms() - samples_to_ms(behind))))

    def add_probability(self, probability: float) -> None:
        """Record how probable speech is in the last window that was captured."""
        if self._recorder is not None:
            self._unplaced.append((self._recorder.place_probability, (probability,)))

    def add_playback(self, epoch: int, pcm: Pcm) -> None:
        """Keep what the loudspeaker is given until it is heard."""
        if self._recorder is not None:
            self._placed(self._recorder).queue_playback(epoch, pcm, _now_ms())

    def add_heard(self, epoch: int, samples: int, age_ms: float = 0.0) -> None:
        """Record what was heard, by the loudspeaker's report, which is so old."""
        if self._recorder is not None:
            recorder = self._placed(self._recorder)
            self._write_settled(recorder)
            recorder.place_heard(epoch, samples, _now_ms() - age_ms)

    def flush(self, epoch: int) -> None:
        """Drop what was not heard: the loudspeaker is silent."""
        if self._recorder is not None:
            self._recorder.flush(epoch)

    def position(self, now_ms: float) -> int | None:
        """Return where a moment lies on the time line of the recording; None while nothing is recorded."""
        return None if self._recorder is None else self._placed(self._recorder).position(now_ms)

    def end(self) -> None:
        """End the recording; its file is closed in the background. May be called again."""
        if self._recorder is None:
            return
        rest = self._placed(self._recorder).finish(_now_ms())
        self._recorder = None
        if self._file is not None:
            self._file.add(rest)
            self._closing.close(self._file)

    async def closed(self) -> None:
        """Wait until the files of the calls that have ended are complete, or given up: 2 s at most."""
        await self._closing.closed()

    def _open(self, path: Path, chunks: Callable[[], Mapping[bytes, bytes]]) -> RecordingFile:
        return RecordingFile(path, reporting_to(self._report), after=self._file, chunks=chunks)

    def _placed(self, recorder: Recorder) -> Recorder:
        """Place what was captured, and return the recorder."""
        for place, arguments in self._unplaced:
            place(*arguments)
        self._unplaced.clear()
        return recorder

    def _write_settled(self, recorder: Recorder) -> None:
        """Hand what is settled to the file, a second of it at a time."""
        now_ms = _now_ms()
        if self._file is not None and now_ms >= self._write_after_ms:
            self._write_after_ms = now_ms + _WRITE_EVERY_MS
            self._file.add(recorder.pop_settled(now_ms))


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000
