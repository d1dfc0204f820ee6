"""Writes WAV files: whole at once, or piece by piece, so that a process that dies leaves a readable file."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE, pcm_to_bytes

__all__ = ["CALL_TRACKS", "SOFTWARE", "GrowingWavFile", "read_wav_chunks", "wav_header", "write_wav"]

_FORMAT = struct.Struct("<4sI4s4sIHHIIHH")
_DATA = struct.Struct("<4sI")
_SAMPLE_BYTES = 2
SOFTWARE = "micdrop-widget"
CALL_TRACKS = "left: microphone, right: assistant"
"""With `SOFTWARE`, this text marks a file of two channels as the recording of a call."""
_MAX_SIZE_BYTES = 2**32 - 1
"""The sizes in a header have 32 bits: a longer file (18 hours of stereo) has this one."""

_ZEROS = bytes(1 << 16)

_NO_CHUNKS: Mapping[bytes, bytes] = MappingProxyType({})


_MAX_CHUNK_BYTES = 1 << 26
"""A longer chunk behind the samples (64 MB) is not read: this package writes none."""


def wav_header(sample_bytes: int | None, channels: int, trailing_bytes: int = 0) -> bytes:
    """Return what precedes the samples in a 16 kHz 16-bit WAV file; `sample_bytes` is None where it is not known.

    The header of a file with two channels says that they are microphone and assistant; `trailing_bytes` is the size
    of what follows the samples.
    """
    size = _MAX_SIZE_BYTES if sample_bytes is None else min(sample_bytes, _MAX_SIZE_BYTES)
    texts = _texts((b"ISFT", SOFTWARE), (b"ICMT", CALL_TRACKS)) if channels == 2 else b""
    whole = min(_FORMAT.size - 8 + len(texts) + _DATA.size + size + trailing_bytes, _MAX_SIZE_BYTES)
    frame_bytes = channels * _SAMPLE_BYTES
    rates = SAMPLE_RATE, SAMPLE_RATE * frame_bytes
    form = _FORMAT.pack(b"RIFF", whole, b"WAVE", b"fmt ", 16, 1, channels, *rates, frame_bytes, 8 * _SAMPLE_BYTES)
    return form + texts + _DATA.pack(b"data", size)


def _texts(*texts: tuple[bytes, str]) -> bytes:
    """Return the chunk of a WAV file that holds texts about it."""
    chunks = b"INFO"
    for name, text in texts:
        ended = text.encode("ascii") + b"\0"
        chunks += name + struct.pack("<I", len(ended)) + ended + b"\0" * (len(ended) % 2)
    return b"LIST" + struct.pack("<I", len(chunks)) + chunks


def _chunks(chunks: Mapping[bytes, bytes]) -> bytes:
    """Return chunks, contents by name, as they stand behind the samples; each begins at an even position."""
    written = (
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks.items()
    )
    return b"".join(written)


def write_wav(
    path: str | PathLike[str], samples: NDArray[np.int16], chunks: Mapping[bytes, bytes] = _NO_CHUNKS
) -> None:
    """Write int16 samples at 16 kHz, of shape (n,) or (n, channels), as a 16-bit WAV file.

    Two channels are microphone and assistant. A path may begin with `~`. Chunks, contents by their names of four bytes,
    follow the samples: other programs skip chunks that they do not know.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    raw, trailer = pcm_to_bytes(samples), _chunks(chunks)
    with Path(path).expanduser().open("wb") as file:
        file.write(wav_header(len(raw), 1 if samples.ndim == 1 else samples.shape[1], len(trailer)))
        file.write(raw)
        file.write(trailer)


def read_wav_chunks(path: str | PathLike[str], names: Collection[bytes]) -> dict[bytes, bytes]:
    """Return the contents of the chunks with these names; fewer, or none, of a file that lacks or truncates them.

    Raises
    ------
    OSError
        The file is not there, or may not be read.
    """
    found: dict[bytes, bytes] = {}
    with Path(path).expanduser().open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return found
        while len(header := file.read(_DATA.size)) == _DATA.size:
            name, size = _DATA.unpack(header)
            if name in names and size <= _MAX_CHUNK_BYTES:
                content = file.read(size)
                if len(content) == size:
                    found[name] = content
                file.seek(size % 2, os.SEEK_CUR)
            else:
                file.seek(size + size % 2, os.SEEK_CUR)
    return found


class GrowingWavFile:
    """A WAV file that is readable after each `commit`, up to there; until the first, an older file stays as it is.

    Silence is a hole in the file where the file system has holes. A pipe, which cannot go back to its header, gets one
    with an unknown length.

    Parameters
    ----------
    path
        Where to write. The file is made, and what was in it is dropped, with the first `append`.
    channels
        Samples of each frame.

    Notes
    -----
    Blocks for as long as the disk does. Every method may raise an OSError.
    """

    def __init__(self, path: Path, channels: int) -> None:
        self.path = path
        self.frames = 0
        """How many frames the file has."""
        self._channels = channels
        self._header_bytes = len(wav_header(0, channels))
        self._descriptor: int | None = None
        self._has_holes = False

    def check(self) -> None:
        """Raise the OSError that writing would raise, and leave everything as it is."""
        if self.path.is_fifo():
            return  # opening and closing it would end its reader
        if self.path.exists():
            os.close(os.open(self.path, os.O_RDWR))
            return
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666))
        self.path.unlink()

    def append(self, frames: NDArray[np.int16]) -> None:
        """Write frames, of shape (n, channels)."""
        self._write(pcm_to_bytes(frames))
        self.frames += len(frames)

    def append_silence(self, frames: int) -> None:
        """Let the file grow by silence."""
        missing = frames * self._frame_bytes
        if self._open() is None:
            while missing > 0:
                self._write(_ZEROS[:missing])
                missing -= len(_ZEROS)
        self.frames += frames

    def commit(self) -> None:
        """Write the header for what has been appended."""
        descriptor = self._open()
        if descriptor is not None:
            size = self.frames * self._frame_bytes
            os.ftruncate(descriptor, self._header_bytes + size)
            os.lseek(descriptor, 0, os.SEEK_SET)
            _write_all(descriptor, wav_header(size, self._channels))

    def append_chunks(self, chunks: Mapping[bytes, bytes]) -> None:
        """Write chunks behind the samples, as the last thing; a pipe, which says no lengths, gets none."""
        descriptor = self._open()
        if descriptor is not None:
            size, trailer = self.frames * self._frame_bytes, _chunks(chunks)
            os.lseek(descriptor, self._header_bytes + size, os.SEEK_SET)
            _write_all(descriptor, trailer)
            os.lseek(descriptor, 0, os.SEEK_SET)
            _write_all(descriptor, wav_header(size, self._channels, len(trailer)))

    def close(self) -> None:
        """Close the file; again is no error."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    @property
    def _frame_bytes(self) -> int:
        return self._channels * _SAMPLE_BYTES

    def _open(self) -> int | None:
        """Open the file if it is not open; return its descriptor when it can be written at any position."""
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            self._has_holes = stat.S_ISREG(os.fstat(self._descriptor).st_mode)
            if self._has_holes:
                os.ftruncate(self._descriptor, 0)
            _write_all(self._descriptor, wav_header(0 if self._has_holes else None, self._channels))
        return self._descriptor if self._has_holes else None

    def _write(self, raw: bytes) -> None:
        descriptor = self._open()
        if descriptor is not None:
            os.lseek(descriptor, self._header_bytes + self.frames * self._frame_bytes, os.SEEK_SET)
        assert self._descriptor is not None
        _write_all(self._descriptor, raw)


def _write_all(descriptor: int, raw: bytes) -> None:
    rest = memoryview(raw)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
