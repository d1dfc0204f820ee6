"""The steps from the end of a turn to the answer that is heard."""

from __future__ import annotations

from micdrop_widget.history.diagnosis.call_steps import remedy_of
from micdrop_widget.history.diagnosis.facts import CallFacts
from micdrop_widget.history.diagnosis.result import Outcome, Step
from micdrop_widget.history.turns import Turn

__all__ = ["answer", "audio", "heard", "transcript"]

_PATIENCE_MS = 5000.0
"""An answer that takes longer counts as missing: the user asks what is wrong."""

_PLAYBACK_MS = 2000.0
"""Within this, audio that has arrived should be heard."""


def transcript(facts: CallFacts) -> Step:
    """Check that the server sent what it understood."""
    turn = facts.turn
    if turn is None or turn.stopped_ms is None:
        return Step("", "not reached")
    if turn.cancelled:
        advice = "The server took it for noise: look at its log, and at what the recording sounds like."
        return Step("", "broken", "the server took the user's message back", advice)
    if turn.transcription_ms is not None:
        values = {"transcription_ms": turn.transcription_ms}
        return Step("", "ok", f"came after {turn.transcription_ms:.0f} ms", values=values)
    if _is_answered(facts):
        return Step("", "unknown", "none came; some servers send none")
    if turn.skipped:
        advice = "The server's speech recognition understood nothing: listen to the recording, and look at its log."
        return Step("", "broken", "none: the server sent SkipAnswer", advice)
    return _not_yet(facts, turn.stopped_ms, "no transcript", "The server's speech recognition does not answer")


def answer(facts: CallFacts) -> Step:
    """Check that the server answers: with text, with a partial text, or with audio at once."""
    turn, found = facts.turn, facts.answer
    if found is not None and found.assistant_message_ms is not None:
        return Step("", "ok", "its text came", values={"assistant_message_ms": found.assistant_message_ms})
    if _is_answered(facts):
        return Step("", "ok", "audio came, and no text yet")
    if turn is None or turn.stopped_ms is None:
        return Step("", "not reached")
    if facts.call.partial_assistant_message:
        return Step("", "waiting", "its text is being written")
    if turn.skipped:
        return Step("", "broken", "the server sent SkipAnswer: it has no answer", "Look at the server's log.")
    return _not_yet(facts, turn.user_message_ms or turn.stopped_ms, "no answer", "The server's agent does not answer")


def audio(facts: CallFacts) -> Step:
    """Check that audio of the answer arrived."""
    found, turn = facts.answer, facts.turn
    if found is not None and found.first_audio_ms is not None:
        received_ms = found.answer_received_ms or 0.0
        values = {"answer_received_ms": received_ms, "first_audio_ms": found.first_audio_ms}
        return Step("", "ok", f"{received_ms / 1000:.1f} s arrived", values=values)
    if turn is None or turn.assistant_message_ms is None:
        return Step("", "not reached")
    who = "The server's voice (text to speech) does not answer, or it is a server of text alone"
    return _not_yet(facts, turn.assistant_message_ms, "no audio", who)


def heard(facts: CallFacts) -> Step:
    """Check that the answer left the loudspeaker."""
    found = facts.answer
    if found is None or found.first_audio_ms is None:
        return Step("", "not reached")
    if (error := facts.playback_error) is not None:
        return Step("", "broken", f"not played ({error.reason or error.code})", remedy_of(error))
    if found.heard_ms is not None:
        return _how_heard(found)
    values = {"waiting_ms": facts.now_ms - found.first_audio_ms}
    advice = "The loudspeaker reports nothing: is the page still there, and may it play sound? Reload it."
    outcome: Outcome = "waiting" if values["waiting_ms"] < _PLAYBACK_MS else "broken"
    return Step("", outcome, "none of it was heard", advice, values)


def _how_heard(found: Turn) -> Step:
    heard_ms, received_ms = found.answer_heard_ms or 0.0, found.answer_received_ms or 0.0
    values = {"answer_heard_ms": heard_ms, "underruns": found.underruns}
    seen = f"{heard_ms / 1000:.1f} s of {received_ms / 1000:.1f} s"
    if found.interrupted:
        seen += ", then the user interrupted it"
    if found.underruns:
        seen += f", with {found.underruns} pauses because audio came too late"
    if found.voiced_ms is None and found.answer_end_ms is not None and not found.interrupted:
        advice = "The server's voice (text to speech) gives silence: look at its output."
        return Step("", "broken", f"{seen}, and all of it was silence", advice, values)
    if found.reply_latency_ms is not None:
        seen += f"; {found.reply_latency_ms:.0f} ms after the user's last sound"
        values["reply_latency_ms"] = found.reply_latency_ms
    return Step("", "ok", seen, values=values)


def _is_answered(facts: CallFacts) -> bool:
    found = facts.answer
    return found is not None and (found.first_audio_ms is not None or found.assistant_message_ms is not None)


def _not_yet(facts: CallFacts, since_ms: float, what: str, who: str) -> Step:
    waited_ms = facts.now_ms - since_ms
    values = {"waited_ms": waited_ms}
    outcome: Outcome = "waiting" if waited_ms < _PATIENCE_MS else "broken"
    advice = f"{who}: look at the server's log." if outcome == "broken" else "Wait for it."
    return Step("", outcome, f"{what} for {waited_ms / 1000:.1f} s", advice, values)
