"""Whether the sounds of a recording are found where they are."""

from __future__ import annotations

import numpy as np
import pytest

from micdrop_widget.history.recording import Recording
from micdrop_widget.history.tracks import FixedTracks
from tests.harness.page_clock import ClockOffset
from tests.harness.recorded import bursts, place
from tests.harness.taps import Tap


def test_each_sound_is_found_in_both_and_one_that_is_missing_is_left_out() -> None:
    sounds = bursts(30, seed=1)
    samples = np.zeros((100 * 16_000, 2), np.int16)
    played = np.zeros(100 * 16_000, np.float32)
    for number, sound in enumerate(sounds):
        at = 16_000 * (1 + 3 * number)
        played[at : at + len(sound)] = sound / 32768
        if number != 7:
            samples[at + 160 : at + 160 + len(sound), 1] = sound  # 10 ms later
    tap = Tap("microphone", "running", 16_000, 0, played, (), 0.0, 0.0, np.array([[0.0, 500.0]]))
    placed = place(sounds, tap, ClockOffset(200.0, 0.0), Recording(None, FixedTracks(samples)), 1)
    assert len(placed) == 29
    assert [one.recorded_ms for one in placed[:2]] == [1010, 4010]
    for one in placed:
        assert one.page_ms == pytest.approx(one.recorded_ms - 10 + 500 - 200)
