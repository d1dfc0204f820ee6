"""When samples were captured, from when they arrived."""

from __future__ import annotations

from micdrop_widget.history.sample_times import CaptureClock


def test_no_sample_was_captured_after_the_latest_arrival() -> None:
    """Another microphone counts anew: within one utterance a position may lie far ahead of what has arrived."""
    clock = CaptureClock()
    clock.note(1600, 100.0)
    assert (clock.captured_ms(800), clock.captured_ms(16_000)) == (50.0, 100.0)
