"""Headers whose lengths are not known yet, chunk by chunk, and reading them otherwise."""

from __future__ import annotations

import io
import struct

import pytest

from micdrop_widget.audio_lengths import MendedFile, Mending, find_mending

FORM = b"fmt " + struct.pack("<I", 16) + bytes(16)


def mending_of(content: bytes) -> Mending | None:
    return find_mending(io.BytesIO(content))


def riff(*chunks: bytes) -> bytes:
    return b"RIFF\0\0\0\0WAVE" + b"".join(chunks)


def caf(*chunks: bytes) -> bytes:
    return b"caff\0\1\0\0" + b"".join(chunks)


@pytest.mark.parametrize(
    ("content", "mending"),
    [
        (riff(FORM, b"data", bytes(4), b"\1" * 6), Mending(40, struct.pack("<I", 6))),
        (riff(FORM, b"odd ", struct.pack("<I", 3), bytes(4), b"data", bytes(4), b"\1" * 6), Mending(52, b"\6\0\0\0")),
        (riff(FORM, b"data", bytes(4), b"\1" * 20), Mending(40, struct.pack("<I", 20))),
        (riff(FORM, b"data", bytes(4), b"LIST", struct.pack("<I", 9), bytes(4)), Mending(40, b"\x0c\0\0\0")),
        (caf(b"data", struct.pack(">q", -1), bytes(4), b"\1" * 6), Mending(12, struct.pack(">q", 10))),
        (b".snd" + bytes(8) + bytes(12) + b"\1" * 6, Mending(8, b"\xff" * 4)),
    ],
)
def test_a_length_that_is_missing_is_that_of_the_rest(content: bytes, mending: Mending) -> None:
    assert mending_of(content) == mending


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"no audio at all, and longer than a header",
        riff(FORM),
        riff(FORM, b"data", struct.pack("<I", 6), b"\1" * 6),
        riff(FORM, b"data", bytes(4)),
        riff(FORM, b"data", bytes(4), b"LIST", struct.pack("<I", 4), bytes(4)),
        riff(b"huge", b"\xff" * 4, FORM, b"data", bytes(4), b"\1" * 6),
        caf(b"odd ", struct.pack(">q", -1), b"data", struct.pack(">q", -1), bytes(4), b"\1" * 6),
        b".snd" + bytes(8) + bytes(12),
        b"RF64\xff\xff\xff\xffWAVEds64" + bytes(28),
        b"RF64\xff\xff\xff\xffWAVEfmt " + bytes(28),
    ],
)
def test_a_header_that_says_it_or_holds_no_samples_stays_as_it_is(content: bytes) -> None:
    assert mending_of(content) is None


def test_what_is_mended_is_read_otherwise_however_it_is_cut() -> None:
    content, mended = bytes(range(20)), bytes(range(5)) + b"abc" + bytes(range(8, 20))
    for size in (1, 2, 3, 7, 20):
        file = MendedFile(io.BytesIO(content), Mending(5, b"abc"))
        got = b""
        while part := file.read(size):
            got += part
        assert got == mended
    assert MendedFile(io.BytesIO(content)).read() == content


def test_any_position_may_be_asked_for() -> None:
    file = MendedFile(io.BytesIO(bytes(range(20))))
    assert [file.seek(-5), file.seek(3), file.seek(4, 1), file.seek(-2, 2), file.seek(9, 2)] == [0, 3, 7, 18, 20]
    assert (file.tell(), file.read(4)) == (20, b"")
    file.seek(18)
    assert file.read() == b"\x12\x13"
