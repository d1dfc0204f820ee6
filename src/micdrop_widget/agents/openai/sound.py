"""The sound of a sentence as it arrives over HTTP: bare samples, or a WAV file."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.agents.endpoint_errors import EndpointError

__all__ = ["SoundReader"]

_OTHER_KINDS = (
    "audio/mpeg",
    "audio/mp3",
    "audio/aac",
    "audio/flac",
    "audio/ogg",
    "audio/opus",
    "application/json",
    "text/",
)
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_TYPES: dict[tuple[int, int], np.dtype[Any]] = {(1, 16): np.dtype("<i2"), (3, 32): np.dtype("<f4")}
_EXTENSIBLE = 0xFFFE
_UNKNOWN_SIZE = 0x7FFFFFFF - 1024
"""From this size on, the length is not known: a file that is written while it is sent has such a size, or 0."""


class SoundReader:
    """Reads a response in pieces of any size.

    Parameters
    ----------
    sample_rate
        The rate of bare samples, int16; a WAV file states its own.
    content_type
        The content type of the response.

    Raises
    ------
    EndpointError
        The type is neither bare samples nor a WAV file.
    """

    def __init__(self, sample_rate: int, content_type: str) -> None:
        if content_type.startswith(_OTHER_KINDS):
            raise EndpointError(f"sent {content_type}, expected pcm or wav: does it know this response_format?")
        self._rate = sample_rate
        self._dtype: np.dtype[Any] = np.dtype("<i2")
        self._waiting = b""
        self._left: int | None = None
        """Bytes of samples that are still to come, if the header says."""
        self._is_open = False
        """Whether the samples have begun."""

    def push(self, received: bytes) -> tuple[int, NDArray[Any]] | None:
        """Return the rate and the samples that are complete now; None if none are.

        Raises
        ------
        EndpointError
            The samples of the WAV file are of another type, or its format cannot be read.
        """
        self._waiting += received
        if not self._is_open and not self._open():
            return None
        count = len(self._waiting) - len(self._waiting) % self._dtype.itemsize
        if self._left is not None:
            count = min(count, self._left)
            self._left -= count
        if not count:
            return None
        samples = np.frombuffer(self._waiting[:count], dtype=self._dtype)
        self._waiting = self._waiting[count:]
        return self._rate, samples

    def finish(self) -> None:
        """Note that the response is over.

        Raises
        ------
        EndpointError
            The response broke off, as far as that can be known.
        """
        if not self._is_open and self._waiting:
            raise EndpointError("broke off before the first sample")
        if self._left:
            raise EndpointError(f"broke off: {self._left} bytes of the sound are missing")

    def _open(self) -> bool:
        """Read what precedes the samples; return whether it is complete."""
        if len(self._waiting) < 12:
            return False
        if self._waiting[:4] != b"RIFF":
            self._is_open = True
            return True
        begin = 12
        while len(self._waiting) >= begin + _CHUNK.size:
            name, size = _CHUNK.unpack_from(self._waiting, begin)
            begin += _CHUNK.size
            if name == b"data":
                self._waiting = self._waiting[begin:]
                self._left = size if 0 < size < _UNKNOWN_SIZE else None
                self._is_open = True
                return True
            if len(self._waiting) < begin + size:
                return False
            if name == b"fmt ":
                self._read_format(self._waiting[begin : begin + size])
            begin += size + size % 2
        return False

    def _read_format(self, chunk: bytes) -> None:
        if len(chunk) < _FORMAT.size:
            raise EndpointError("sent a WAV file whose format cannot be read")
        kind, channels, rate, _, _, bits = _FORMAT.unpack_from(chunk)
        if kind == _EXTENSIBLE:
            kind = int.from_bytes(chunk[24:26], "little")
        if channels != 1 or (kind, bits) not in _TYPES:
            raise EndpointError(f"sent a WAV file of {channels} channels, {bits} bits; expected one, int16 or float32")
        self._rate, self._dtype = rate, _TYPES[kind, bits]
