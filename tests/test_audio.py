"""Samples as bytes, as floats, in frames, and in WAV files."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from micdrop_widget.audio import (
    Framer,
    Pcm,
    float_to_pcm,
    ms_to_samples,
    pcm_from_bytes,
    pcm_to_bytes,
    pcm_to_float,
    read_wav,
    samples_to_ms,
)

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)


def int16(*samples: int) -> Pcm:
    return np.array(samples, dtype=np.int16)


def test_samples_travel_as_signed_16_bit_little_endian() -> None:
    assert pcm_to_bytes(int16(1, -2, 32767, -32768)) == b"\x01\x00\xfe\xff\xff\x7f\x00\x80"
    assert_array_equal(pcm_from_bytes(b"\x01\x00\xfe\xff\xff\x7f\x00\x80"), int16(1, -2, 32767, -32768))


def test_bytes_of_any_kind_become_native_int16() -> None:
    for data in (b"\x34\x12", bytearray(b"\x34\x12"), memoryview(b"\x34\x12")):
        pcm = pcm_from_bytes(data)
        assert pcm.dtype == np.int16
        assert pcm.tolist() == [0x1234]
    assert len(pcm_from_bytes(b"")) == 0


def test_every_sample_survives_the_way_to_bytes_and_to_float_and_back() -> None:
    assert_array_equal(pcm_from_bytes(pcm_to_bytes(EVERY_SAMPLE)), EVERY_SAMPLE)
    assert_array_equal(float_to_pcm(pcm_to_float(EVERY_SAMPLE)), EVERY_SAMPLE)


def test_full_scale_is_32768_both_ways() -> None:
    floats = pcm_to_float(int16(-32768, 0, 16384, 32767))
    assert floats.dtype == np.float32
    assert floats.tolist() == [-1.0, 0.0, 0.5, 32767 / 32768]


def test_floats_are_rounded_and_clipped() -> None:
    assert float_to_pcm(np.array([1.0, 1.5, -1.0, -2.0, np.inf, 0.6 / 32768, -0.6 / 32768])).tolist() == [
        32767,
        32767,
        -32768,
        -32768,
        32767,
        1,
        -1,
    ]


def test_durations_are_16_samples_a_millisecond() -> None:
    assert ms_to_samples(32) == 512
    assert ms_to_samples(0.04) == 1
    assert samples_to_ms(512) == 32.0


@given(st.lists(st.integers(0, 1300), max_size=8), st.integers(1, 600))
def test_a_framer_neither_loses_nor_changes_a_sample(chunks: list[int], frame_samples: int) -> None:
    pcm = np.arange(sum(chunks), dtype=np.int64).astype(np.int16)
    framer = Framer(frame_samples)
    frames: list[Pcm] = []
    position = 0
    for chunk in chunks:
        frames += framer.push(pcm[position : position + chunk])
        position += chunk
    assert all(len(frame) == frame_samples for frame in frames)
    assert len(framer.pending) < frame_samples
    assert_array_equal(np.concatenate([*frames, framer.pending]), pcm)


def test_frames_are_copies_and_cleared_samples_are_gone() -> None:
    framer = Framer(2)
    samples = int16(1, 2, 3)
    (frame,) = framer.push(samples)
    samples[:] = 9
    framer.clear()
    assert [kept.tolist() for kept in framer.push(int16(4, 5))] == [[4, 5]]
    assert frame.tolist() == [1, 2]


def wav(path: Path, width: int, channels: int, frames: bytes, rate: int = 22_050) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return path


@pytest.mark.parametrize(
    ("width", "frames"),
    [
        (1, bytes([0, 128, 192, 255])),
        (2, struct.pack("<4h", -32768, 0, 16384, 32512)),
        (3, b"\x00\x00\x80" + b"\x00\x00\x00" + b"\x00\x00\x40" + b"\x00\x00\x7f"),
        (4, struct.pack("<4i", -(2**31), 0, 2**30, 127 * 2**24)),
    ],
)
def test_8_16_24_and_32_bit_files_hold_the_same_sound(tmp_path: Path, width: int, frames: bytes) -> None:
    pcm, rate = read_wav(wav(tmp_path / "sound.wav", width, 1, frames))
    assert rate == 22_050
    assert pcm.dtype == np.int16
    assert pcm.tolist() == [-32768, 0, 16384, 32512]


def test_24_bits_are_rounded_to_16(tmp_path: Path) -> None:
    frames = b"".join(value.to_bytes(3, "little", signed=True) for value in (0x000100, 0x0001FF, -0x000181, -0x800000))
    assert read_wav(wav(tmp_path / "sound.wav", 3, 1, frames))[0].tolist() == [1, 2, -2, -32768]


def test_every_16_bit_sample_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "all.wav"
    pcm, rate = read_wav(wav(path, 2, 1, pcm_to_bytes(EVERY_SAMPLE)))
    assert rate == 22_050
    assert_array_equal(pcm, EVERY_SAMPLE)


def test_channels_are_averaged(tmp_path: Path) -> None:
    stereo = struct.pack("<6h", 100, 300, -32768, -32768, 32767, -32767)
    assert read_wav(wav(tmp_path / "stereo.wav", 2, 2, stereo))[0].tolist() == [200, -32768, 0]


@pytest.mark.parametrize(("width", "channels"), [(2, 1), (2, 2), (3, 2)])
def test_a_file_that_was_cut_off_within_a_sample_is_read_up_to_there(tmp_path: Path, width: int, channels: int) -> None:
    path = wav(tmp_path / "cut.wav", width, channels, bytes(8 * width * channels))
    path.write_bytes(path.read_bytes()[:-1])
    assert read_wav(path)[0].tolist() == [0] * 7


@pytest.mark.parametrize("content", [b"", b"ID3\x03mp3 and so on", b"RIFF\x04\x00\x00\x00WAVE", bytes(100)])
def test_what_is_no_wav_file_is_refused_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"song\.wav is no PCM WAV file .* sox "):
        read_wav(path)


def test_a_float_wav_is_refused_with_a_way_out(tmp_path: Path) -> None:
    fmt = struct.pack("<HHIIHH", 3, 1, 16_000, 64_000, 4, 32)
    body = io.BytesIO()
    body.write(b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", 4) + bytes(4))
    path = tmp_path / "float.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body.getvalue())) + body.getvalue())
    with pytest.raises(ValueError, match="no PCM WAV file"):
        read_wav(path)


def test_a_missing_file_is_a_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_wav(tmp_path / "nowhere.wav")
