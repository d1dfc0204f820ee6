"""The file of a recording, written by a thread of its own: a disk that is slow, stalls or is full holds up no call."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history.disk_thread import CLOSE_TIMEOUT_S, DiskThread
from micdrop_widget.history.tracks import Piece, Silence
from micdrop_widget.wav_file import GrowingWavFile

__all__ = ["MAX_PENDING_SAMPLES", "RecordingFile"]

_log = logging.getLogger("micdrop_widget.history.writer")

MAX_PENDING_SAMPLES = 60 * SAMPLE_RATE
"""So much sound may wait for the disk when the next arrives: a minute, 3.8 MB. If it is more, the file ends there."""

_CHECK_TIMEOUT_S = 0.1
"""How long a start waits for the check that the file can be written; a slower check ends in the background."""


class RecordingFile(DiskThread):
    """A stereo WAV file that grows, and is whole after each write: a process that dies leaves it readable.

    `add` and `close` return at once, whatever the disk does.

    Parameters
    ----------
    path
        An older file stays until there is something to write.
    on_failed
        Called at most once, from any thread, with the error, when the file ends before the call does.
    after
        A file that has to be closed first: it may have the same path.
    chunks
        Called by the thread that writes, when all samples are written; returns the chunks that follow them.

    Raises
    ------
    OSError
        It cannot be written; the message says what to do.
    """

    def __init__(
        self,
        path: Path,
        on_failed: Callable[[MicdropError], object],
        *,
        after: RecordingFile | None = None,
        chunks: Callable[[], Mapping[bytes, bytes]] = dict,
    ) -> None:
        super().__init__("record", on_failed)
        self.path = path
        self._after = after
        self._chunks = chunks
        self._wav = GrowingWavFile(path, channels=2)
        self._pending: deque[Piece] = deque()
        self._pending_samples = 0
        self._checked = False
        self._refused: OSError | None = None
        self._began = False
        """The constructor has returned: from here on a failure is reported."""
        self._start()
        with self._changed:
            self._changed.wait_for(lambda: self._checked, _CHECK_TIMEOUT_S)
            if self._refused is not None:
                raise _not_writable(path, self._refused) from self._refused
            self._began = True

    def add(self, pieces: Iterable[Piece]) -> None:
        """Hand pieces to the thread that writes; when too much waits already, the file ends here."""
        with self._changed:
            if self._ended or self._closing:
                return
            # what arrives now may be more than that: a call that is faster than time brings minutes at once
            stalled = self._pending_samples > MAX_PENDING_SAMPLES
            for piece in pieces:
                self._pending.append(piece)
                if isinstance(piece, np.ndarray):
                    self._pending_samples += len(piece)
            self._changed.notify()
        if stalled:
            waited_s = MAX_PENDING_SAMPLES // SAMPLE_RATE
            self._fail(f"the disk has taken nothing while {waited_s} s of sound were waiting")

    def _write_all(self) -> None:
        if self._after is not None:
            self._after.wait_closed(CLOSE_TIMEOUT_S)
            self._after = None
        if self._check():
            while self._write_next():
                pass
            if not self._ended and self._wav.frames:
                self._wav.append_chunks(self._chunks())

    def _release(self) -> None:
        self._wav.close()

    def _drop_pending(self) -> None:
        self._pending.clear()

    def _error(self, why: str) -> MicdropError:
        written_s = self._wav.frames / SAMPLE_RATE
        return MicdropError(
            MicdropErrorCode.Unknown,
            f"The recording in {str(self.path)!r} ends after {written_s:.1f} s: {why}.",
            "The last 10 minutes of the call are in memory: save them with call.recording.save(path).",
        )

    def _check(self) -> bool:
        refused = None
        try:
            self._wav.check()
        except OSError as error:
            refused = error
        with self._changed:
            self._checked, self._refused = True, refused
            began = self._began
            self._changed.notify()
        if refused is not None and began:
            self._fail(refused.strerror or type(refused).__name__)
        return refused is None

    def _write_next(self) -> bool:
        """Wait for pieces and write them; return whether more may come."""
        with self._changed:
            while not (self._pending or self._closing or self._ended):
                self._changed.wait()
            if self._ended or not self._pending:
                return False
            pieces = tuple(self._pending)
            self._pending.clear()
        for piece in pieces:
            if isinstance(piece, Silence):
                self._wav.append_silence(piece.samples)
            else:
                self._wav.append(piece)
                with self._changed:
                    self._pending_samples -= len(piece)
            if self._ended:
                break
        self._wav.commit()
        return True


def _not_writable(path: Path, error: OSError) -> OSError:
    message = (
        f"record: {str(path)!r} cannot be written ({os.strerror(error.errno or 0)}). "
        "Give the path of a WAV file in a folder that you may write to, or record=True to keep it in memory"
    )
    _log.error("%s", message)  # a start from the panel is awaited by nobody
    return OSError(error.errno, message)
