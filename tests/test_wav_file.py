"""WAV files, read back by the standard library: whole ones, growing ones, with holes, and into a pipe."""

from __future__ import annotations

import os
import struct
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget.wav_file import CALL_TRACKS, SOFTWARE, GrowingWavFile, wav_header, write_wav

STEREO = np.arange(1, 20_001, dtype=np.int16).reshape(-1, 2)
HOUR = 3600 * 16_000


def read(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (16_000, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())


def test_mono_and_stereo_are_written_as_16_khz_16_bit(tmp_path: Path) -> None:
    write_wav(tmp_path / "mono.wav", np.array([1, -1], np.int16))
    assert (tmp_path / "mono.wav").read_bytes()[-4:] == b"\x01\x00\xff\xff"
    assert read(tmp_path / "mono.wav").tolist() == [[1], [-1]]
    write_wav(str(tmp_path / "stereo.wav"), STEREO)
    assert np.array_equal(read(tmp_path / "stereo.wav"), STEREO)


@pytest.mark.parametrize(
    ("sample_bytes", "whole", "size"),
    [(0, 36, 0), (4000, 4036, 4000), (2**32 - 40, 2**32 - 4, 2**32 - 40), (2**32 + 8, 2**32 - 1, 2**32 - 1),
     (None, 2**32 - 1, 2**32 - 1)],
)  # fmt: skip
def test_a_header_has_the_sizes_that_32_bits_can_hold(sample_bytes: int | None, whole: int, size: int) -> None:
    header = wav_header(sample_bytes, 1)
    assert len(header) == 44
    assert struct.unpack_from("<I", header, 4) == (whole,)
    assert struct.unpack_from("<HHIIHH", header, 20) == (1, 1, 16_000, 32_000, 2, 16)
    assert struct.unpack_from("<I", header, 40) == (size,)


def test_the_header_of_two_channels_says_what_they_are() -> None:
    header, mono = wav_header(4000, 2), wav_header(4000, 1)
    assert struct.unpack_from("<HHIIHH", header, 20) == (1, 2, 16_000, 64_000, 4, 16)
    software, comment = SOFTWARE.encode() + bytes(2), CALL_TRACKS.encode() + bytes(1)
    texts = b"INFOISFT\x0f\0\0\0" + software + b"ICMT\x23\0\0\0" + comment + bytes(1)
    assert header[36:-8] == b"LIST" + struct.pack("<I", len(texts)) + texts
    assert header[-8:] == mono[-8:] == b"data" + struct.pack("<I", 4000)
    assert struct.unpack_from("<I", header, 4) == (len(header) - 8 + 4000,)


def test_a_path_may_be_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_wav("~/mono.wav", np.array([1, -1], dtype=np.int16))
    assert read(tmp_path / "mono.wav").tolist() == [[1], [-1]]


def test_a_growing_file_is_readable_after_each_commit(tmp_path: Path) -> None:
    file = GrowingWavFile(tmp_path / "call.wav", 2)
    done = 0
    for end in (1, 500, 10_000):
        file.append(STEREO[done:end])
        if done:
            assert np.array_equal(read(file.path), STEREO[:done]), "as if the process died now"
        file.commit()
        assert np.array_equal(read(file.path), STEREO[:end])
        done = end
    assert file.frames == 10_000
    file.close()
    file.close()


def test_silence_costs_no_disk(tmp_path: Path) -> None:
    file = GrowingWavFile(tmp_path / "call.wav", 2)
    file.append(STEREO[:5])
    file.append_silence(HOUR)
    file.append(STEREO[5:])
    file.append_silence(3)
    file.commit()
    file.close()
    written = read(file.path)
    assert len(written) == 10_000 + HOUR + 3
    assert np.array_equal(written[written[:, 0] != 0], STEREO)
    assert np.flatnonzero(written[:, 0])[5] == 5 + HOUR
    assert file.path.stat().st_blocks * 512 < 200_000


def test_an_older_file_stays_until_there_is_something_to_write(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"an older and longer file" * 10_000)
    file = GrowingWavFile(path, 2)
    file.check()
    assert path.stat().st_size == 240_000
    file.append(STEREO[:1])
    file.commit()
    file.close()
    assert path.stat().st_size == len(wav_header(0, 2)) + 4


def test_a_check_makes_no_file_and_finds_what_cannot_be_written(tmp_path: Path) -> None:
    GrowingWavFile(tmp_path / "fresh.wav", 2).check()
    assert os.listdir(tmp_path) == []
    for path, why in ((tmp_path, IsADirectoryError), (tmp_path / "no" / "folder.wav", FileNotFoundError)):
        with pytest.raises(why):
            GrowingWavFile(path, 2).check()


def test_a_pipe_gets_a_header_of_unknown_length_silence_as_zeros_and_no_chunks(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    file = GrowingWavFile(path, 2)
    file.check()
    file.append(STEREO)
    file.append_silence(40_000)
    file.commit()
    file.append(STEREO[:1])
    file.append_chunks({b"mcdp": b"notes"})
    file.close()
    reader.join(10)
    header = wav_header(None, 2)
    samples = np.frombuffer(got[0][len(header) :], "<i2").reshape(-1, 2)
    assert got[0].startswith(header)
    assert np.array_equal(samples, np.concatenate([STEREO, np.zeros((40_000, 2), np.int16), STEREO[:1]]))
