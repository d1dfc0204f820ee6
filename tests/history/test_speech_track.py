"""Probabilities of speech along a time line."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from micdrop_widget.history.speech_track import SpeechTrack

NAN = math.nan


def test_a_value_stands_for_its_window_and_what_is_not_known_is_nan() -> None:
    track = SpeechTrack()
    track.set(0, 1.0)
    track.set(1024, 0.5)
    track.set(1536, NAN)
    assert_array_equal(track.between(0, 2048), np.array([1.0, NAN, 0.5, NAN], np.float32))
    assert_array_equal(track.between(1024, 1025), np.array([0.5], np.float32))
    assert_array_equal(track.between(5120, 5632), np.array([NAN], np.float32))


def test_windows_that_lie_beside_the_grid_go_where_most_of_them_is() -> None:
    track = SpeechTrack()
    track.set(200, 1.0)
    track.set(300 + 512, 0.0)
    assert_array_equal(track.between(0, 1536), np.array([1.0, NAN, 0.0], np.float32))


@given(st.lists(st.floats(-0.5, 1.5), max_size=40))
def test_values_come_back_to_a_508th_and_as_they_were_packed(values: list[float]) -> None:
    track = SpeechTrack()
    for number, value in enumerate(values):
        track.set(number * 512, value)
    read = SpeechTrack(track.pack()).between(0, len(values) * 512)
    assert_allclose(read, np.clip(values, 0, 1), atol=1 / 508 + 1e-6)


def test_a_day_is_kept_and_no_more() -> None:
    track = SpeechTrack()
    track.set(48 * 3600 * 16_000, 1.0)
    assert track.pack() == b""
