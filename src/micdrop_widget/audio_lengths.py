"""Mends lengths that a file's header lacks: its recorder was killed, wrote into a pipe, or still writes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO

__all__ = ["MendedFile", "Mending", "find_mending"]


@dataclass(frozen=True, slots=True)
class Mending:
    """Bytes that replace those of a header when it is read."""

    position: int
    bytes: bytes


@dataclass(frozen=True, slots=True)
class _Chunks:
    """How a kind of file is cut into chunks."""

    first: int
    """Position of the first chunk."""
    header: struct.Struct
    """A chunk's name and its length."""
    padded: bool
    """Whether chunks begin at even positions."""
    name: bytes
    """The name of the one that holds the samples."""
    before_samples: int
    """Bytes in it before the first sample."""


_RIFF = _Chunks(12, struct.Struct("<4sI"), True, b"data", 0)
_AIFF = _Chunks(12, struct.Struct(">4sI"), True, b"SSND", 8)
_CAF = _Chunks(8, struct.Struct(">4sq"), False, b"data", 4)

_AU_LENGTH = 8
_RF64_LENGTH = 28
"""Positions of the length where it always stands at the same one."""


def find_mending(file: IO[bytes]) -> Mending | None:
    """Return the bytes that a header needs for its samples to be found; None where it is right already.

    Parameters
    ----------
    file
        Seekable; it is left at any position.
    """
    end = file.seek(0, 2)
    head = _read(file, 0, _RF64_LENGTH + 8)
    match head[:4], head[8:12]:
        case b"RIFF", b"WAVE":
            return _in_chunks(file, end, _RIFF, struct.Struct("<I"))
        case b"FORM", b"AIFF" | b"AIFC":
            return _in_chunks(file, end, _AIFF, struct.Struct(">I"))
        case b"caff", _:
            return _in_chunks(file, end, _CAF, struct.Struct(">q"))
        case b".snd", length if length == bytes(4) and end > 24:
            return Mending(_AU_LENGTH, b"\xff" * 4)
        case b"RF64", b"WAVE" if head[12:16] == b"ds64" and head[_RF64_LENGTH:] == bytes(8):
            samples = _samples_at(file, end, _RIFF)
            return None if samples is None else Mending(_RF64_LENGTH, struct.pack("<Q", end - samples[0]))
    return None


def _in_chunks(file: IO[bytes], end: int, chunks: _Chunks, length: struct.Struct) -> Mending | None:
    found = _samples_at(file, end, chunks)
    if found is None:
        return None
    begin, size = found
    first = begin + chunks.before_samples
    if size > chunks.before_samples or first >= end or _is_chunk(file, first, end, chunks):
        return None
    largest = 2 ** (8 * length.size) - 1
    return Mending(begin - length.size, length.pack(min(end - begin, largest)))


def _samples_at(file: IO[bytes], end: int, chunks: _Chunks) -> tuple[int, int] | None:
    """Return where the chunk of the samples begins, behind its header, and the length it claims."""
    at = chunks.first
    while at + chunks.header.size <= end:
        name, size = chunks.header.unpack(_read(file, at, chunks.header.size))
        at += chunks.header.size
        if name == chunks.name:
            return at, size
        if size < 0:
            return None
        at += size + (size % 2 if chunks.padded else 0)
    return None


def _is_chunk(file: IO[bytes], at: int, end: int, chunks: _Chunks) -> bool:
    """Return whether another chunk stands here: then there are really no samples."""
    header = _read(file, at, chunks.header.size)
    if len(header) < chunks.header.size:
        return False
    name, size = chunks.header.unpack(header)
    return all(32 <= byte < 127 for byte in name) and 0 <= size <= end - at - chunks.header.size


def _read(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


class MendedFile:
    """A file for a library in C, which may seek anywhere, with a mended header.

    Parameters
    ----------
    file
        Seekable, opened for reading.
    mending
        The bytes of the header that are replaced.
    """

    def __init__(self, file: IO[bytes], mending: Mending | None = None) -> None:
        self._file = file
        self._mending = mending
        self._end = file.seek(0, 2)
        self._at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position, clamped to the beginning and the end."""
        base = (0, self._at, self._end)[whence]
        self._at = min(max(0, base + offset), self._end)
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most so many."""
        self._file.seek(self._at)
        got = self._file.read(self._end - self._at if size < 0 else size)
        if self._mending is not None and self._at < self._mending.position + len(self._mending.bytes):
            got = self._mended(bytearray(got), self._mending)
        self._at += len(got)
        return got

    def _mended(self, got: bytearray, mending: Mending) -> bytes:
        for place, byte in enumerate(mending.bytes, start=mending.position - self._at):
            if 0 <= place < len(got):
                got[place] = byte
        return bytes(got)
