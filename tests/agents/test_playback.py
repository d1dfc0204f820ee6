"""What was heard, by time alone."""

from __future__ import annotations

import pytest

from micdrop_widget.agents.playback import Playback, Spoken


def test_what_was_sent_is_heard_a_tenth_of_a_second_later_at_16_000_samples_a_second() -> None:
    playback = Playback()
    playback.send(10.0, 16_000)
    playback.send(10.0, 8_000)
    assert playback.sent_samples == 24_000
    assert [playback.heard_samples(now) for now in (10.0, 10.1, 10.6, 11.6, 99)] == [0, 0, 8_000, 24_000, 24_000]
    assert playback.ahead_s(10.6) == pytest.approx(1.0)


def test_after_a_pause_hearing_begins_anew_and_a_flush_ends_it() -> None:
    playback = Playback()
    playback.send(0.0, 1_600)
    playback.send(5.0, 16_000)
    assert playback.heard_samples(5.6) == 1_600 + 8_000
    playback.flush(5.6)
    assert playback.ahead_s(5.6) == 0
    playback.send(5.6, 1_600)
    assert playback.ahead_s(5.6) == pytest.approx(0.2)


def test_words_are_heard_in_step_with_their_audio() -> None:
    spoken = Spoken({}, "one two three four", 1000)
    assert [spoken.heard_text(heard) for heard in (0, 1000, 99_999)] == [""] * 3, "there is no audio of it yet"
    spoken.end = 5000
    expected = ["", "", "one", "one two", "one two three", "one two three four"]
    assert [spoken.heard_text(heard) for heard in (0, 1999, 2000, 3000, 4999, 5000)] == expected
