"""A whole tone has no fault; one lost, doubled or silent sample run is one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.harness.tones import find_clicks, find_gaps

RATE = 16000


def tone(samples: int = RATE, frequency: float = 440, amplitude: float = 0.5) -> NDArray[np.float64]:
    """Make a sine with 10 ms fades, int16 rounding, and silence on both sides."""
    wave = amplitude * np.sin(2 * np.pi * frequency * np.arange(samples) / RATE)
    fade = np.minimum(1, np.minimum(np.arange(samples), np.arange(samples)[::-1]) / 160)
    return np.pad(np.rint(wave * fade * 32767) / 32768, 3000)


@pytest.mark.parametrize("amplitude", [0.05, 0.5, 1])
def test_whole_tone_has_neither_gap_nor_click(amplitude: float) -> None:
    assert find_gaps(tone(amplitude=amplitude), RATE, 440) == []
    assert find_clicks(tone(amplitude=amplitude), RATE, 440) == []


@pytest.mark.parametrize("lost", [1, 10, 128, 512])
def test_lost_samples_click(lost: int) -> None:
    whole = tone()
    (click,) = find_clicks(np.concatenate([whole[:9000], whole[9000 + lost :]]), RATE, 440)
    assert abs(click - 9000) <= 2


@pytest.mark.parametrize("length", [64, 512])
def test_hard_gap_is_a_gap_and_clicks(length: int) -> None:
    heard = tone()
    heard[9000 : 9000 + length] = 0
    ((start, end),) = find_gaps(heard, RATE, 440)
    assert abs(start - 9000) <= 40
    assert abs(end - 9000 - length) <= 40
    assert 1 <= len(find_clicks(heard, RATE, 440)) <= 2


def test_faded_gap_is_a_gap_without_a_click() -> None:
    heard = np.concatenate([tone(), tone()])
    assert len(find_gaps(heard, RATE, 440)) == 1
    assert find_clicks(heard, RATE, 440) == []


def test_silence_is_not_a_tone() -> None:
    assert find_gaps(np.zeros(RATE), RATE, 440) == []
    assert find_clicks(np.zeros(RATE), RATE, 440) == []
