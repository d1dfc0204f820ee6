"""Two thresholds and two counts: from scores to a status."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES
from micdrop_widget.vad import VAD, Status
from micdrop_widget.vad.score_gate import ScoreGate

SILENCE, MAYBE, SPEAKING = Status
HIGH, BETWEEN, LOW = 0.9, 0.4, 0.1


class Scores(VAD):
    """The first sample of a window is its score."""

    def update(self, window: NDArray[np.floating]) -> float:
        return float(window[0])


class Gate:
    """A gate that is given scores."""

    def __init__(self, speech: int, silence: int) -> None:
        self.vad = Scores()
        self.vad.min_speech_ms = 32 * speech
        self.vad.min_silence_ms = 32 * silence
        self.gate = ScoreGate(self.vad)

    def update(self, score: float) -> Status:
        return self.gate.update(np.full(FRAME_SAMPLES, score))


def gate(speech: int = 3, silence: int = 2) -> Gate:
    return Gate(speech, silence)


@pytest.mark.parametrize(
    ("scores", "statuses"),
    [
        ("HHH", "mmS"),
        ("BBL", "sss"),
        ("HBBH", "mmmm"),
        ("HBHBH", "mmmmS"),
        ("HLHLH", "mmmmS"),  # cumulative within the segment
        ("HLL", "mms"),
        ("HLBL", "mmms"),  # between the thresholds neither count moves
        ("HLLHLLH", "mmsmmsm"),  # what was cancelled does not count
        ("HHHLHLHL", "mmSSSSSS"),
        ("HHHLLH", "mmSSsm"),
        ("HHHBBBB", "mmSSSSS"),
    ],
)
def test_statuses_by_hand(scores: str, statuses: str) -> None:
    names = {SILENCE: "s", MAYBE: "m", SPEAKING: "S"}
    values = {"H": HIGH, "B": BETWEEN, "L": LOW}
    tested = gate()
    assert "".join(names[tested.update(values[score])] for score in scores) == statuses


@pytest.mark.parametrize(("score", "status"), [(0.5, MAYBE), (0.4999, SILENCE)])
def test_the_upper_threshold_itself_counts_as_speech(score: float, status: Status) -> None:
    assert gate().update(score) is status


@pytest.mark.parametrize(("score", "status"), [(0.35, MAYBE), (0.3499, SILENCE)])
def test_the_lower_threshold_itself_does_not_count_as_silence(score: float, status: Status) -> None:
    tested = gate(silence=1)
    tested.update(HIGH)
    assert tested.update(score) is status


def test_one_window_may_confirm_and_one_may_end() -> None:
    tested = gate(speech=1, silence=1)
    assert [tested.update(score) for score in (HIGH, LOW, HIGH)] == [SPEAKING, SILENCE, SPEAKING]


@pytest.mark.parametrize(("duration_ms", "windows"), [(1, 1), (32, 1), (33, 2), (64, 2), (65, 3)])
def test_a_duration_is_rounded_up_to_whole_windows(duration_ms: float, windows: int) -> None:
    tested = gate()
    tested.vad.min_speech_ms = duration_ms
    assert [tested.update(HIGH) for _ in range(windows)] == [MAYBE] * (windows - 1) + [SPEAKING]
    tested.vad.min_silence_ms = duration_ms
    assert [tested.update(LOW) for _ in range(windows)] == [SPEAKING] * (windows - 1) + [SILENCE]


def test_a_lower_threshold_above_the_upper_one_acts_as_if_it_were_equal() -> None:
    tested = gate(speech=1, silence=1)
    tested.vad.threshold, tested.vad.negative_threshold = 0.2, 0.35
    assert [tested.update(score) for score in (0.3, 0.2, 0.19, 0.1)] == [SPEAKING, SPEAKING, SILENCE, SILENCE]


@given(st.lists(st.floats(0, 1), max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_statuses_are_those_of_the_protocol_page(scores: list[float], speech: int, silence: int) -> None:
    tested = gate(speech, silence)
    for n in range(len(scores)):
        segment = scores[segment_start(scores[:n], speech, silence) : n + 1]
        assert tested.update(scores[n]) is status_of(segment, speech, silence)


def segment_start(scores: list[float], speech: int, silence: int) -> int:
    """Return where the current segment begins: after the last one that was cancelled or ended."""
    start = 0
    for n in range(len(scores)):
        if silent_after_speech(scores[start : n + 1]) >= silence:
            start = n + 1
    return start


def silent_after_speech(segment: list[float]) -> int:
    """Return how many windows were under the lower threshold since the last one over the upper; 0 without one."""
    high = [n for n, score in enumerate(segment) if score >= 0.5]
    return sum(score < 0.35 for score in segment[high[-1] :]) if high else 0


def status_of(segment: list[float], speech: int, silence: int) -> Status:
    count = sum(score >= 0.5 for score in segment)
    if count == 0 or silent_after_speech(segment) >= silence:
        return SILENCE
    return SPEAKING if count >= speech else MAYBE
