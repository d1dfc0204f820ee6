"""The file of a recording, written by a thread of its own: a disk that is slow, stalls or is full holds up no call."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.history.tracks import Piece, Silence
from micdrop_widget.wav_file import GrowingWavFile

__all__ = ["CLOSE_TIMEOUT_S", "MAX_PENDING_SAMPLES", "RecordingFile"]

_log = logging.getLogger("micdrop_widget.history.writer")

MAX_PENDING_SAMPLES = 60 * SAMPLE_RATE
"""A minute of sound, 3.8 MB, waits for the disk at most. When more arrives, the file ends there."""

CLOSE_TIMEOUT_S = 2
"""How long the disk may take at the end of a call. After that the file is given up as it is."""

_CHECK_TIMEOUT_S = 0.1
"""How long a start waits to learn whether the file can be written. A disk that takes longer is waited for behind it."""

_open_files: weakref.WeakSet[RecordingFile] = weakref.WeakSet()


class RecordingFile:
    """A stereo WAV file that grows, and is whole after each write: a process that dies leaves it readable.

    `add` and `close` return at once, whatever the disk does.

    Parameters
    ----------
    path
        What is there already stays until there is something to write.
    on_failed
        Called at most once, from any thread, with the error, when the file ends before the call does.
    after
        A file that has to be closed first: it may have the same path.
    chunks
        Called by the thread that writes, when all samples are written: what goes behind them.

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
        self.path = path
        self._on_failed = on_failed
        self._after = after
        self._chunks = chunks
        self._wav = GrowingWavFile(path, channels=2)
        self._changed = threading.Condition()
        self._pending: deque[Piece] = deque()
        self._pending_samples = 0
        self._checked = False
        self._refused: OSError | None = None
        self._began = False
        """The constructor has returned: from here on a failure is reported."""
        self._closing = False
        self._ended = False
        """Nothing is taken any more: the file was closed, failed, or was given up."""
        self._closed = threading.Event()
        self._on_closed: list[Callable[[], object]] = []
        threading.Thread(target=self._run, name="micdrop-recording", daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: self._checked, _CHECK_TIMEOUT_S)
            if self._refused is not None:
                raise _not_writable(path, self._refused) from self._refused
            self._began = True
        _open_files.add(self)

    def add(self, pieces: Iterable[Piece]) -> None:
        """Hand pieces to the thread that writes; when too much waits already, the file ends here."""
        with self._changed:
            if self._ended or self._closing:
                return
            for piece in pieces:
                self._pending.append(piece)
                if isinstance(piece, np.ndarray):
                    self._pending_samples += len(piece)
            stalled = self._pending_samples > MAX_PENDING_SAMPLES
            self._changed.notify()
        if stalled:
            waited_s = MAX_PENDING_SAMPLES // SAMPLE_RATE
            self._fail(f"the disk has taken nothing while {waited_s} s of sound were waiting")

    def close(self, on_closed: Callable[[], object] = lambda: None) -> None:
        """Let the thread write the rest and close the file; again is no error.

        Parameters
        ----------
        on_closed
            Called when that is done: from that thread, or at once when it is done already.
        """
        with self._changed:
            self._closing = True
            if not self._closed.is_set():
                self._on_closed.append(on_closed)
                self._changed.notify()
                return
        on_closed()

    def wait_closed(self, timeout_s: float) -> bool:
        """Block until the file is closed; return whether it is."""
        return self._closed.wait(timeout_s)

    def give_up(self) -> None:
        """Wait no longer for the disk: the file stays as far as it was written."""
        if not self._closed.is_set():
            self._fail(f"the disk took longer than {CLOSE_TIMEOUT_S} s to take the rest")

    def _run(self) -> None:
        try:
            if self._after is not None:
                self._after.wait_closed(CLOSE_TIMEOUT_S)
                self._after = None
            if self._check():
                while self._write_next():
                    pass
                if not self._ended and self._wav.frames:
                    self._wav.append_chunks(self._chunks())
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        finally:
            self._end()

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

    def _fail(self, why: str) -> None:
        """End the file where it is, and say so once; the call goes on."""
        with self._changed:
            if self._ended:
                return
            self._ended = True
            self._pending.clear()
            self._changed.notify()
        written_s = self._wav.frames / SAMPLE_RATE
        error = MicdropError(
            MicdropErrorCode.Unknown,
            f"The recording in {str(self.path)!r} ends after {written_s:.1f} s: {why}.",
            "The last 10 minutes of the call are in memory: save them with call.recording.save(path).",
        )
        _log.error("record: %s", error.message)
        self._on_failed(error)

    def _end(self) -> None:
        try:
            self._wav.close()
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        with self._changed:
            self._ended = True
            self._closed.set()
            waiting, self._on_closed = self._on_closed, []
        _open_files.discard(self)
        for on_closed in waiting:
            on_closed()


def _not_writable(path: Path, error: OSError) -> OSError:
    message = (
        f"record: {str(path)!r} cannot be written ({os.strerror(error.errno or 0)}). "
        "Give the path of a WAV file in a folder that you may write to, or record=True to keep it in memory"
    )
    _log.error("%s", message)  # a start from the panel is awaited by nobody
    return OSError(error.errno, message)


@atexit.register
def _close_all() -> None:
    """Give files that are being written the time to become complete when the process ends."""
    files = tuple(_open_files)
    for file in files:
        file.close()
    for file in files:
        file.wait_closed(CLOSE_TIMEOUT_S)
