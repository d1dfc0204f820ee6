"""The steps in which a turn is sent."""

from __future__ import annotations

from micdrop_widget.history.diagnosis.facts import CallFacts
from micdrop_widget.history.diagnosis.result import Step

__all__ = ["start_speaking", "stop_speaking"]

_ENDLESS_MS = 20_000.0
"""Nobody speaks for so long without a pause: noise keeps the detector from detecting an end."""


def start_speaking(facts: CallFacts) -> Step:
    """Check that StartSpeaking was sent: the server knows that the user speaks."""
    turn = facts.turn
    if turn is None:
        return Step("", "not reached")
    if turn.confirmed_ms is not None:
        return Step("", "ok", f"sent at {turn.confirmed_ms / 1000:.1f} s", values={"confirmed_ms": turn.confirmed_ms})
    if facts.call.outbox:
        return Step("", "waiting", "kept until the server is ready")
    return Step("", "broken", "never sent: the connection was lost before", "Say it again.")


def stop_speaking(facts: CallFacts) -> Step:
    """Check that StopSpeaking was sent: the turn is over for the server."""
    turn, call = facts.turn, facts.call
    if turn is None or turn.confirmed_ms is None:
        return Step("", "not reached")
    if turn.stopped_ms is not None:
        values = {"stopped_ms": turn.stopped_ms}
        if turn.endpointing_ms is not None:
            values["endpointing_ms"] = turn.endpointing_ms
            seen = f"sent, {turn.endpointing_ms:.0f} ms after the last sound"
        else:
            seen = f"sent at {turn.stopped_ms / 1000:.1f} s"
        return Step("", "ok", seen, values=values)
    open_ms = facts.now_ms - turn.confirmed_ms
    values = {"open_ms": open_ms}
    if call.endpointing:
        advice = "The turn detector holds the turn open: turn_max_wait_ms says for how long at most."
        return Step("", "waiting", "the user is silent, and the turn is not over", advice, values)
    if call.user_speaking and open_ms < _ENDLESS_MS:
        return Step("", "waiting", f"the user has been speaking for {open_ms / 1000:.1f} s", "", values)
    if call.user_speaking:
        advice = "Noise or music may count as speech: give vad= a detector with a higher threshold."
        return Step("", "broken", f"no end of speech was detected in {open_ms / 1000:.1f} s", advice, values)
    return Step("", "broken", "never sent: the connection was lost, or the call ended, in the middle", "Say it again.")
