"""The one door for audio: files of every kind, in every form, and what is said of one that cannot be read."""

from __future__ import annotations

import array
import contextlib
import gc
import io
import os
import struct
import subprocess
import sys
import tempfile
import threading
import tracemalloc
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_allclose, assert_array_equal
from scipy.io import wavfile

from micdrop_widget.audio import pcm_to_bytes
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.errors import MissingPackageError
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.tracks import Tracks
from micdrop_widget.wav_file import write_wav

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
TONE = (12_000 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)).astype(np.int16)


def encoded(samples: Any, rate: int = 16_000, kind: str = "WAV", subtype: str | None = None, **more: Any) -> bytes:
    content = io.BytesIO()
    if subtype in ("FLOAT", "DOUBLE") and samples.dtype == np.int16:
        samples = samples / 32768  # it would write floats of the range of int16
    soundfile.write(content, samples, rate, format=kind, subtype=subtype, **more)
    return content.getvalue()


def every_kind() -> Iterator[tuple[str, str]]:
    """Yield what libsndfile writes: of some kinds that it lists, it writes none."""
    for kind in ("WAV", "WAVEX", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3", "W64", "RF64"):
        for subtype in soundfile.available_subtypes(kind):
            with contextlib.suppress(soundfile.LibsndfileError):
                encoded(TONE[:1000], 8000, kind, subtype)
                yield kind, subtype


EXACT = {"PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAC_16", "ALAC_20", "ALAC_24", "ALAC_32"}
COARSE = {"G721_32": 0.3, "G723_24": 0.4, "G723_40": 0.3, "NMS_ADPCM_16": 0.5, "NMS_ADPCM_24": 0.4, "DWVW_12": 0.01}


@pytest.mark.parametrize(("kind", "subtype"), list(every_kind()))
def test_files_of_every_kind_that_libsndfile_writes_are_read(kind: str, subtype: str) -> None:
    rate = 8000 if subtype == "GSM610" or subtype.startswith("NMS") else 16_000
    sound = TONE[: len(TONE) * rate // 16_000]
    pcm = as_pcm(encoded(sound, rate, kind, subtype))
    assert pcm.dtype == np.int16
    if subtype in EXACT:
        assert_array_equal(pcm, sound)
        assert_array_equal(as_pcm(encoded(EVERY_SAMPLE, rate, kind, subtype)), EVERY_SAMPLE)
    else:
        expected = as_pcm(sound, rate)
        assert abs(len(pcm) - len(expected)) <= 2048, "codecs fill up their last block"
        level = np.sqrt(np.mean(pcm[4000:20_000].astype(float) ** 2))
        assert level == pytest.approx(12_000 / np.sqrt(2), rel=COARSE.get(subtype, 0.05))
        assert np.argmax(np.abs(np.fft.rfft(pcm[:16_000].astype(float)))) == 440 * rate // 16_000


def test_what_the_standard_library_writes_is_read() -> None:
    widths = {
        1: bytes([0, 128, 192, 255]),
        2: struct.pack("<4h", -32768, 0, 16384, 32512),
        3: b"\x00\x00\x80" + b"\x00\x00\x00" + b"\x00\x00\x40" + b"\x00\x00\x7f",
        4: struct.pack("<4i", -(2**31), 0, 2**30, 127 * 2**24),
    }
    for width, frames in widths.items():
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(width)
            file.setframerate(16_000)
            file.writeframes(frames)
        assert as_pcm(content).tolist() == [-32768, 0, 16384, 32512], "from the beginning, wherever it stands"


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_what_scipy_writes_is_read_and_what_it_reads_is_understood(tmp_path: Path, dtype: Any) -> None:
    samples: Any = EVERY_SAMPLE / 32768 if dtype in (np.float32, np.float64) else EVERY_SAMPLE
    if dtype is np.uint8:
        samples = np.arange(256)
    if dtype is np.int32:
        samples = EVERY_SAMPLE.astype(np.int64) << 16
    wavfile.write(tmp_path / "voice.wav", 16_000, samples.astype(dtype))
    expected = (np.arange(256) - 128) * 256 if dtype is np.uint8 else EVERY_SAMPLE
    assert_array_equal(as_pcm(tmp_path / "voice.wav"), expected)
    rate, back = wavfile.read(tmp_path / "voice.wav")
    assert_array_equal(as_pcm(back, rate), expected)


def test_24_bits_are_rounded_to_16() -> None:
    values = np.array([0x000100, 0x0001FF, -0x000181, -0x800000], dtype=np.int32) << 8
    assert as_pcm(encoded(values, subtype="PCM_24")).tolist() == [1, 2, -2, -32768]


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_a_file_of_another_rate_is_resampled_as_its_samples_are(kind: str) -> None:
    for rate in (8000, 44_100, 48_000):
        content = encoded(TONE, rate, kind)
        decoded = soundfile.read(io.BytesIO(content), dtype="float32")[0]
        assert_array_equal(as_pcm(content), as_pcm(decoded, rate))


class Pipe(io.RawIOBase):
    """What cannot go back."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


class OnlyRead:
    """The least that an open file may be."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self) -> bytes:
        return self._content


def test_a_file_may_be_a_path_opened_or_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(EVERY_SAMPLE)
    path = tmp_path / "voice ä.wav"
    path.write_bytes(content)
    monkeypatch.setenv("HOME", str(tmp_path))
    with path.open("rb") as file, tempfile.SpooledTemporaryFile() as spooled:
        spooled.write(content)
        for audio in [
            path,
            str(path),
            "~/voice ä.wav",
            Path("~/voice ä.wav"),
            content,
            bytearray(content),
            memoryview(content),
            np.frombuffer(content, np.uint8),
            array.array("B", content),
            io.BytesIO(content),
            file,
            spooled,
            Pipe(content),
            OnlyRead(content),
        ]:
            assert_array_equal(as_pcm(cast(Any, audio)), EVERY_SAMPLE)
        file.seek(1000)
        assert_array_equal(as_pcm(file), EVERY_SAMPLE)


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[encoded(EVERY_SAMPLE)])
    writer.start()
    assert_array_equal(as_pcm(path), EVERY_SAMPLE)
    writer.join(10)


def test_the_extension_says_nothing(tmp_path: Path) -> None:
    for name in ("voice.raw", "voice.mp3", "voice"):
        (tmp_path / name).write_bytes(encoded(EVERY_SAMPLE, kind="FLAC"))
        assert_array_equal(as_pcm(tmp_path / name), EVERY_SAMPLE)


def test_two_channels_of_a_file_are_a_question_with_both_ways_out(tmp_path: Path) -> None:
    other = EVERY_SAMPLE[::-1]
    path = tmp_path / "stereo.wav"
    path.write_bytes(encoded(np.stack([EVERY_SAMPLE, other], axis=1)))
    with pytest.raises(ValueError, match=r'stereo.wav: 2 channels; .* with channel=0 .* with channel="mean"'):
        as_pcm(path)
    assert_array_equal(as_pcm(path, channel=0), EVERY_SAMPLE)
    assert_array_equal(as_pcm(path, channel=1), other)
    assert_array_equal(as_pcm(path, channel="mean"), np.rint((EVERY_SAMPLE.astype(int) + other) / 2))
    with pytest.raises(ValueError, match="there is no channel 2"):
        as_pcm(path, channel=2)


def test_the_recording_of_a_call_is_read_back_as_what_it_is(tmp_path: Path) -> None:
    assistant = TONE[::-1].copy()
    write_wav(tmp_path / "call.wav", np.stack([TONE, assistant], axis=1))
    assert_array_equal(as_pcm(tmp_path / "call.wav"), TONE)
    assert_array_equal(as_pcm(tmp_path / "call.wav", channel=1), assistant)
    tracks = Tracks()
    tracks.write(0, 0, TONE)
    tracks.write(1, 0, assistant)
    Recording(None, tracks).save(tmp_path / "saved.wav")
    assert_array_equal(as_pcm(tmp_path / "saved.wav"), TONE)


def test_floats_of_a_file_are_checked_and_what_is_lossy_is_clipped() -> None:
    floats = (TONE / 12_000).astype(np.float32)
    assert as_pcm(encoded(floats * 1.2, subtype="FLOAT")).max() == 32767
    with pytest.raises(ValueError, match=r"these reach 2.5.*divide them by 32768"):
        as_pcm(encoded(floats * 2.5, subtype="DOUBLE"))
    for kind in ("OGG", "MP3"):
        assert as_pcm(encoded(np.sign(floats), kind=kind)).max() == 32767


RIFF_LENGTHS = [0, 36, 2**32 - 1]


@pytest.mark.parametrize("riff", RIFF_LENGTHS)
@pytest.mark.parametrize("length", [0, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_of_unknown_length_is_read_to_its_end(riff: int, length: int, subtype: str) -> None:
    whole = encoded(TONE, subtype=subtype)
    at = whole.index(b"data") + 4
    unknown = whole[:4] + struct.pack("<I", riff) + whole[8:at] + struct.pack("<I", length) + whole[at + 4 :]
    assert_array_equal(as_pcm(unknown), as_pcm(whole))


@pytest.mark.parametrize(
    ("kind", "name", "behind", "lengths"),
    [
        ("AIFF", b"SSND", 0, [b"\0\0\0\0", b"\0\0\0\x08", b"\xff\xff\xff\xff"]),
        ("CAF", b"data", 0, [bytes(8), b"\xff" * 8]),
        ("AU", b".snd", 4, [bytes(4), b"\xff" * 4]),
        ("RF64", b"ds64", 12, [bytes(8)]),
        ("W64", b"data", 12, [bytes(8), b"\x18" + bytes(7)]),
        ("FLAC", b"fLaC", 22, [bytes(4)]),
    ],
)
def test_other_files_of_unknown_length_are_read_to_their_end(
    kind: str, name: bytes, behind: int, lengths: list[bytes]
) -> None:
    whole = bytearray(encoded(TONE, kind=kind))
    at = whole.index(name) + 4 + behind - (4 if kind == "FLAC" else 0)
    for length in lengths:
        unknown = bytearray(whole)
        unknown[at : at + len(length)] = length
        if kind == "FLAC":
            unknown[21] &= 0xF0  # the upper 4 bits of 36
        assert_array_equal(as_pcm(unknown), TONE, err_msg=f"{kind} {length!r}")


def test_a_wav_without_samples_is_empty_and_what_follows_them_is_no_sound() -> None:
    empty = encoded(TONE[:0])
    assert len(as_pcm(empty)) == 0
    listed = empty + b"LIST" + struct.pack("<I", 4) + b"INFO"
    assert len(as_pcm(listed)) == 0


@pytest.mark.parametrize(("width", "channels"), [(2, 1), (2, 2), (3, 2)])
def test_a_wav_that_was_cut_off_within_a_sample_is_read_up_to_there(width: int, channels: int) -> None:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(16_000)
        file.writeframes(bytes(8 * width * channels))
    assert as_pcm(content.getvalue()[:-1], channel=0).tolist() == [0] * 7


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("voice.m4a", b"\0\0\0\x20ftypM4A " + bytes(500), r"an MPEG-4 file \(m4a, mp4\)"),
        ("voice.webm", b"\x1aE\xdf\xa3" + bytes(500), "a WebM or Matroska file"),
        ("voice.wma", b"0&\xb2u" + bytes(500), "a Windows Media file"),
        ("voice.amr", b"#!AMR\n" + bytes(500), "an AMR file"),
        ("voice.aac", b"\xff\xf1" + bytes(500), "an AAC file"),
        ("voice.mp3", b"\xff\xfb" + bytes(20), "an MP3 file"),
        ("page.mp3", b"  <!DOCTYPE html>", "a web page"),
        ("lfs.wav", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        ("notes.txt", b"hello", "a text file"),
        ("zeros.wav", bytes(1000), "of a kind that cannot be read"),
        ("empty.wav", b"", "an empty file"),
        ("cut.wav", b"RIFF\x04\0\0\0WAVE", "a WAV file"),
        ("cut.flac", b"fLaC", "a FLAC file"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_it_is_and_what_converts_it(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} is {kind}.*Convert it first: ffmpeg -i ") as refused:
        as_pcm(path)
    target = path.with_name("zeros-converted.wav") if name == "zeros.wav" else None
    assert target is None or str(refused.value).endswith(f"ffmpeg -i {path} -ar 16000 {target}")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("voice.zip", b"PK\x03\x04" + bytes(500), "a ZIP archive. Unpack it first: python -m zipfile -e {} ."),
        ("voice.wav.gz", b"\x1f\x8b\x08" + bytes(500), "a gzip archive. Unpack it first: gunzip -k {}"),
    ],
)
def test_an_archive_is_to_be_unpacked_not_converted(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match="Unpack") as refused:
        as_pcm(path)
    assert str(refused.value) == f"{path} is {said.format(path)}"


@pytest.mark.parametrize("address", ["https://example.org/voice.wav", "file:///tmp/voice.wav"])
def test_an_address_is_no_path(address: str) -> None:
    with pytest.raises(FileNotFoundError, match="An address is no path; download the file first") as refused:
        as_pcm(address)
    assert refused.value.filename == address


def test_a_damaged_file_is_refused_with_what_it_is(tmp_path: Path) -> None:
    whole = bytearray(encoded(np.random.default_rng(0).integers(-9999, 9999, 100_000).astype(np.int16), kind="FLAC"))
    whole[len(whole) // 2 : len(whole) // 2 + 4000] = bytes(4000)
    path = tmp_path / "it's damaged.flac"
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=r"damaged.flac is a FLAC file that cannot be read \(.*ffmpeg") as refused:
        as_pcm(path)
    assert "'\"'\"'s damaged.wav'" in str(refused.value), "quoted for the shell"


def test_bytes_of_no_file_may_be_samples() -> None:
    with pytest.raises(ValueError, match=r'audio \(8 bytes\): .* np.frombuffer\(data, dtype="<i2"\)'):
        as_pcm(pcm_to_bytes(EVERY_SAMPLE[:4]))
    with pytest.raises(ValueError, match=r"voice \(9 bytes\) is a WAV file that cannot be read .* ffmpeg -i the-file"):
        as_pcm(b"RIFF     ", what="voice")


def test_what_is_not_there_or_no_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.wav"):
        as_pcm(tmp_path / "nowhere.wav")
    with pytest.raises(OSError, match="directory"):
        as_pcm(tmp_path)


def test_a_file_opened_for_text_says_how_to_open_it(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with (tmp_path / "text").open() as file, pytest.raises(TypeError, match=r'open it for bytes: open\(path, "rb"\)'):
        as_pcm(cast(Any, file))
    with pytest.raises(TypeError, match="open it for bytes"):
        as_pcm(cast(Any, OnlyRead(cast(Any, "text"))))


def test_what_is_neither_says_both() -> None:
    with pytest.raises(TypeError, match=r"audio: expected an audio file .* or samples: an array, .* got NoneType"):
        as_pcm(cast(Any, None))


@pytest.mark.parametrize("error", [ImportError("no soundfile"), OSError("sndfile library not found")])
def test_without_libsndfile_samples_work_and_files_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    content = encoded(EVERY_SAMPLE)

    class Broken:
        def find_spec(self, name: str, *more: Any) -> None:
            if name == "soundfile":
                raise error

    monkeypatch.delitem(sys.modules, "soundfile")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    assert_array_equal(as_pcm(EVERY_SAMPLE), EVERY_SAMPLE)
    with pytest.raises(MissingPackageError, match=r"package soundfile and its libsndfile.*pip install soundfile"):
        as_pcm(content)


def test_reading_a_file_holds_its_samples_and_a_few_blocks(tmp_path: Path) -> None:
    minutes = 10
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 44_100, 2, "PCM_16") as file:
        for _ in range(minutes):
            file.write(np.zeros((60 * 44_100, 2), np.int16))
    as_pcm(path, channel=0)  # what is loaded once is no cost of the file
    gc.collect()
    tracemalloc.start()
    try:
        pcm = as_pcm(path, channel=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(pcm) == minutes * 60 * 16_000
    assert peak < 1.5 * pcm.nbytes


def test_reading_writes_nothing_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "voice.mp3"
    path.write_bytes(encoded(TONE, kind="MP3"))
    code = f"from micdrop_widget import detect_speech; detect_speech({str(path)!r}, vad='volume')"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stderr == b""


def test_tolerance_of_lossy_files_is_that_of_their_codec() -> None:
    for kind in ("OGG", "MP3"):
        pcm = as_pcm(encoded(TONE, kind=kind))
        assert_allclose(pcm[2000:30_000], TONE[2000:30_000], atol=1500)
