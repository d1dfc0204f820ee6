"""Samples as bytes, as floats, and in frames."""

from __future__ import annotations

import numpy as np
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
