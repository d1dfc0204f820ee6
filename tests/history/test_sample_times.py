"""When samples were captured, from when they arrived."""

from __future__ import annotations

import numpy as np
import pytest

from micdrop_widget.history.sample_times import AnswerAudio, CaptureClock

FRAME, FRAME_MS = 512, 32.0


def clock_of(*arrivals: tuple[int, float]) -> CaptureClock:
    """Return a clock that was told of frames up to a number, and when each arrived."""
    clock = CaptureClock()
    for frames, now_ms in arrivals:
        clock.note(frames * FRAME, now_ms)
    return clock


def prompt(first: int, last: int, late_ms: float = 0.0) -> list[tuple[int, float]]:
    return [(frame, 1000 + FRAME_MS * frame + late_ms) for frame in range(first, last + 1)]


def test_samples_are_dated_by_the_promptest() -> None:
    clock = clock_of(*prompt(1, 10, late_ms=40), (11, 1000 + 11 * FRAME_MS), *prompt(12, 20, late_ms=300))
    assert clock.captured_ms(20 * FRAME) == pytest.approx(1000 + 20 * FRAME_MS, abs=0.2)


def test_samples_that_were_held_up_were_captured_before_they_arrived() -> None:
    """A kernel was busy for two seconds; then 62 frames arrive within a tenth of a second."""
    backlog = [(10 + n, 1000 + 10 * FRAME_MS + 2000 + 2 * n) for n in range(1, 63)]
    clock = clock_of(*prompt(1, 10), *backlog, *prompt(74, 90))
    assert clock.captured_ms(40 * FRAME) == pytest.approx(1000 + 40 * FRAME_MS, abs=1)


def test_a_microphone_that_gave_nothing_for_a_while_goes_on_when_its_samples_come() -> None:
    clock = clock_of(*prompt(1, 10), *prompt(11, 30, late_ms=2000))
    assert clock.captured_ms(30 * FRAME) == pytest.approx(3000 + 30 * FRAME_MS, abs=1)
    assert clock.captured_ms(11 * FRAME) == pytest.approx(3000 + 11 * FRAME_MS, abs=1)
    assert clock.captured_ms(10 * FRAME) == pytest.approx(1000 + 10 * FRAME_MS, abs=1)  # from before


def test_a_new_microphone_counts_from_anew() -> None:
    clock = clock_of(*prompt(1, 10))
    clock.restart()
    clock.note(FRAME, 9000)
    assert clock.captured_ms(0) == 9000 - FRAME_MS


def test_an_answer_of_which_nothing_was_heard_has_no_voiced_sound() -> None:
    answer = AnswerAudio(0)
    answer.received = 1600
    answer.loudness.push(np.full(1600, 8000, np.int16))
    assert answer.voiced_ms(is_over=True) is None
