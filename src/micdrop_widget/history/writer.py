"""The recording of a call while it goes on: by the event loop's clock, to memory, and to a file if asked for."""

from __future__ import annotations

import asyncio
import logging
import os
import struct
import threading
from collections import deque
from os import PathLike
from pathlib import Path

from micdrop_widget.audio import SAMPLE_RATE, Pcm, pcm_to_bytes
from micdrop_widget.history.recording import Recorder, Recording, Stereo

__all__ = ["RecordingFile", "RecordingWriter"]

_log = logging.getLogger("micdrop_widget.history.writer")

_WRITE_EVERY_S = 1

_FRAME_BYTES = 4
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LARGEST = 2**32 - 1
"""The sizes of a WAV file have 32 bits: after 18 hours they stay at this, and the samples go on."""


class RecordingWriter:
    """At most one recording at a time, and the last one; all methods are called on one event loop.

    Parameters
    ----------
    live_sink
        The loudspeaker is a real one; see `Recorder`.
    """

    def __init__(self, *, live_sink: bool) -> None:
        self.recording: Recording | None = None
        """Of the call under way, or of the last one; None when nothing was to be recorded."""
        self._live_sink = live_sink
        self._recorder: Recorder | None = None
        self._file: RecordingFile | None = None
        self._look_ms = 0.0

    def begin(self, record: bool | str | PathLike[str]) -> None:
        """Begin the recording of a call, in the place of the one before.

        Raises
        ------
        OSError
            The file cannot be written; the recording before it stays.
        """
        file = None if isinstance(record, bool) else RecordingFile(Path(record).expanduser())
        self.end()
        self._file = file
        self.recording = None
        if record is not False:
            self.recording = Recording(None if self._file is None else self._file.path)
            self._look_ms = _now_ms()
            self._recorder = Recorder(self.recording, self._look_ms, live_sink=self._live_sink)

    def hear(self, pcm: Pcm, listened: bool) -> None:
        """Take what the microphone gave."""
        if self._recorder is not None:
            self._look(self._recorder)
            self._recorder.hear(pcm, listened, _now_ms())

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Take what the loudspeaker is given."""
        if self._recorder is not None:
            self._recorder.play(epoch, pcm, _now_ms())

    def heard(self, epoch: int, samples: int) -> None:
        """Take the loudspeaker's report."""
        if self._recorder is not None:
            self._look(self._recorder)
            self._recorder.heard(epoch, samples, _now_ms())

    def flush(self, epoch: int) -> None:
        """Note that the loudspeaker is silent."""
        if self._recorder is not None:
            self._recorder.flush(epoch)

    def end(self) -> None:
        """End the recording, and close its file: on return it is complete. Again is no error."""
        if self._recorder is None:
            return
        rest = self._recorder.finish(_now_ms())
        self._recorder = None
        if self._file is not None:
            self._file.add(rest)
            self._file.close()

    def _look(self, recorder: Recorder) -> None:
        """Write what is settled, a second of it at a time, in a thread: a slow disk never holds up the audio."""
        now_ms = _now_ms()
        if self._file is None or now_ms < self._look_ms + _WRITE_EVERY_S * 1000:
            return
        self._look_ms = now_ms
        self._file.add(recorder.take(now_ms))
        asyncio.get_running_loop().run_in_executor(None, self._file.write)


class RecordingFile:
    """A stereo WAV file that grows, and is whole after each write: a process that dies leaves it readable.

    Parameters
    ----------
    path
        What is there already stays until there is something to write.

    Raises
    ------
    OSError
        It cannot be written; the message says what to do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._waiting: deque[Stereo] = deque()
        self._bytes = 0
        try:
            self._made = not path.exists()
            self._file = path.open("w+b" if self._made else "r+b")
        except OSError as error:
            message = (
                f"record: {str(path)!r} cannot be written ({os.strerror(error.errno or 0)}). "
                "Give the path of a WAV file in a folder that you may write to, or record=True to keep it in memory"
            )
            _log.error("%s", message)  # a start from the panel is awaited by nobody
            raise OSError(error.errno, message) from error

    def add(self, stereo: Stereo) -> None:
        """Take samples for the next write; from any thread."""
        if len(stereo):
            self._waiting.append(stereo)

    def write(self) -> None:
        """Write what was added; from any thread. A disk that fails ends the file where it is, and the call goes on."""
        with self._lock:
            if self._file.closed:
                return
            try:
                self._write()
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        """Write what was added, and close; a file that was made for nothing is removed. Again is no error."""
        self.write()
        with self._lock:
            if self._file.closed:
                return
            try:
                self._file.close()
                if self._made and not self._bytes:
                    self.path.unlink()
            except OSError as error:
                self._give_up(error)

    def _write(self) -> None:
        if not self._waiting:
            return
        if not self._bytes:
            self._file.truncate(0)
        self._file.seek(_HEADER.size + self._bytes)
        while self._waiting:
            self._bytes += self._file.write(pcm_to_bytes(self._waiting.popleft()))
        self._file.seek(0)
        self._file.write(_header(self._bytes))
        self._file.flush()

    def _give_up(self, error: OSError) -> None:
        _log.error("record: %s ends after %d bytes (%s); the call goes on", self.path, self._bytes, error.strerror)
        self._waiting.clear()
        try:
            self._file.close()
        except OSError:
            _log.debug("the file of the recording could not be closed", exc_info=True)


def _header(size: int) -> bytes:
    """Return the header of a WAV file with so many bytes of 16 kHz 16-bit stereo samples."""
    whole, rate = min(size + _HEADER.size - 8, _LARGEST), SAMPLE_RATE * _FRAME_BYTES
    return _HEADER.pack(
        b"RIFF", whole, b"WAVE", b"fmt ", 16, 1, 2, SAMPLE_RATE, rate, _FRAME_BYTES, 16, b"data", min(size, _LARGEST)
    )


def _now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000
