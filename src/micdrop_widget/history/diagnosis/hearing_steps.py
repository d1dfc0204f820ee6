"""The steps from the microphone to detected speech."""

from __future__ import annotations

from micdrop_widget.history.diagnosis.call_steps import cause_of, remedy_of
from micdrop_widget.history.diagnosis.facts import CallFacts, CapturedFacts, DetectorFacts
from micdrop_widget.history.diagnosis.result import Outcome, Step
from micdrop_widget.state.snapshot import MicPhase, Phase

__all__ = ["SILENT_DBFS", "detection", "frames", "holds", "level", "listening", "microphone"]

SILENT_DBFS = -70.0
"""What never peaks higher is a microphone that is off: the noise of one in a quiet room does, a whisper by far."""

_ENOUGH_MS = 3000.0
"""So much audio should hold some speech, when the user asks why nobody answers."""

_FRAMES_LATE_MS = 2000.0
"""A live microphone gives samples thirty times a second."""

_MUCH_MISSING = 0.5
"""When a larger share of the audio is missing, the rest is no speech any more."""


def microphone(facts: CallFacts) -> Step:
    """Check that the microphone was allowed, and is open."""
    call = facts.call
    values = {"echo_cancellation": call.echo_cancellation} if call.mic is MicPhase.OPEN else {}
    if call.mic is MicPhase.OPEN:
        echo = "with" if call.echo_cancellation else "without"
        return Step("", "ok", f"open, {echo} echo cancellation", values=values)
    if call.mic is MicPhase.OPENING:
        return Step("", "waiting", "asked for, and not open yet", "Answer the browser's question for the microphone.")
    if facts.mic_error is not None:
        verb = "ended" if facts.mic_has_opened else "not opened"
        return Step("", "broken", f"{verb} ({cause_of(facts.mic_error)})", remedy_of(facts.mic_error))
    if facts.mic_has_ended:
        return Step("", "ok", "its source is at its end")
    if facts.mic_has_opened:
        return Step("", "ok", "was open, and is released")
    return Step("", "not reached", "was not asked for")


def frames(facts: CallFacts) -> Step:
    """Check that samples of the microphone arrive."""
    captured_ms, age_ms, open_ms = facts.since_opened.captured_ms, facts.frame_age_ms, facts.mic_open_ms
    values: dict[str, float | int | str | bool] = {"captured_ms": captured_ms}
    if age_ms is not None:
        values["frame_age_ms"] = age_ms
    advice = "Reload the page, or choose another microphone."
    if not facts.mic_has_opened:
        return Step("", "not reached")
    if open_ms is not None and facts.mic_is_live:
        late_ms = open_ms if age_ms is None else age_ms
        if age_ms is not None and facts.link is not None and facts.link.is_on_hold:
            return Step("", "unknown", f"the latest arrived {age_ms / 1000:.1f} s ago", values=values)
        if late_ms > _FRAMES_LATE_MS:
            seen = "none has arrived" if age_ms is None else f"the latest arrived {age_ms / 1000:.1f} s ago"
            return Step("", "broken", seen, advice, values)
    if age_ms is None:
        outcome: Outcome = "waiting" if open_ms is not None else "broken"
        return Step("", outcome, "none has arrived", advice, values)
    return Step("", "ok", f"{captured_ms / 1000:.1f} s of audio", values=values)


def holds(facts: CallFacts) -> Step:
    """Check that no audio was lost because the kernel, the page, or the source was busy."""
    values: dict[str, float | int | str | bool] = {"holds": facts.holds}
    if not facts.mic_has_opened:
        return Step("", "not reached")
    seen = "none" if not facts.holds else f"{facts.holds} times, the microphone gave nothing"
    link = facts.link
    if link is None:
        return Step("", "ok", seen, values=values)
    values |= {"missing_ms": link.missing_ms, "lag_ms": link.lag_ms}
    advice = (
        "A cell or a handler keeps the kernel busy, the page sleeps, its microphone stopped, or the line is too slow "
        "for live audio: look at the panel, and reload the page if nothing else helps."
    )
    if link.is_on_hold:
        return Step("", "broken", "the call is on hold now: the page's audio does not come", advice, values)
    if link.missing_ms > _MUCH_MISSING * (link.missing_ms + facts.since_opened.captured_ms):
        return Step("", "broken", f"{link.missing_ms / 1000:.1f} s of audio are missing", advice, values)
    missing = f", {link.missing_ms / 1000:.1f} s of audio are missing" if link.missing_ms else ""
    return Step("", "ok", f"{seen}{missing}; the page's audio is {link.lag_ms:.0f} ms late", values=values)


def level(facts: CallFacts) -> Step:
    """Check that the microphone captures sound, not silence."""
    captured = facts.since_opened
    loudest = captured.loudest_dbfs
    if loudest is None:
        return Step("", "not reached")
    values = {"loudest_dbfs": round(loudest, 1)}
    seen = f"loudest {loudest:.0f} dBFS in {captured.captured_ms / 1000:.1f} s"
    if loudest > SILENT_DBFS or facts.turn is not None:
        return Step("", "ok", seen, values=values)
    if captured.captured_ms < _ENOUGH_MS:
        outcome: Outcome = "unknown" if _greeting_is_unheard(facts) else "waiting"
        return Step("", outcome, f"{seen}: silence so far", "Say something.", values)
    advice = "It is muted on the device or in the system, or the wrong one is chosen: choose another in the panel."
    return Step("", "broken", f"the microphone is silent: {seen}", advice, values)


def listening(facts: CallFacts) -> Step:
    """Check that the call uses what the microphone captures."""
    call, captured = facts.call, facts.since_opened
    values = {"listened_ms": captured.listened_ms}
    if call.phase is not Phase.IDLE:
        for ignores, seen, advice in (
            (call.muted, "the call is muted", "Call unmute(), or press the microphone in the panel."),
            (call.paused, "the call is paused", "Call resume(), or press Resume in the panel."),
        ):
            if ignores:
                return Step("", "broken", seen, advice, values)
    if captured.loudest_dbfs is None:
        return Step("", "not reached", values=values)
    seen = f"to {captured.listened_ms / 1000:.1f} s of {captured.captured_ms / 1000:.1f} s"
    if call.interruption_disabled:
        seen += "; not while the assistant speaks: interruption is disabled"
    if facts.turn is None and not captured.listened_ms:
        outcome: Outcome = "broken" if captured.captured_ms >= _ENOUGH_MS else "waiting"
        return Step("", outcome, seen, "Wait until the state is isListening.", values)
    return Step("", "ok", seen, values=values)


def detection(facts: CallFacts) -> Step:
    """Check that speech was detected."""
    turn = facts.turn
    if turn is None:
        return _nothing_detected(facts)
    seen = "speech was confirmed"
    if turn.speech_start_ms is not None:
        seen = f"speech from {turn.speech_start_ms / 1000:.1f} s"
        if turn.speech_end_ms is not None:
            seen += f" to {turn.speech_end_ms / 1000:.1f} s"
    since = facts.since_turn
    if turn.stopped_ms is not None and since.listened_ms:
        seen += f"; since the turn {_most(since)}"
    return Step("", "ok", seen, values=_values(since))


def _nothing_detected(facts: CallFacts) -> Step:
    captured = facts.since_opened
    if not captured.listened_ms:
        return Step("", "not reached")
    values = _values(captured)
    seen = f"no speech in {captured.listened_ms / 1000:.1f} s: {_most(captured)}"
    if captured.cancelled_segments:
        seen += f"; {captured.cancelled_segments} times it may have been speech, but not for long enough"
    if _greeting_is_unheard(facts):
        return Step("", "unknown", seen, "Say something.", values)  # what is to blame is the greeting
    if captured.listened_ms < _ENOUGH_MS:
        return Step("", "waiting", seen, "Say something.", values)
    advice = "Speak louder or closer, raise the microphone's level, or give vad= a detector with a lower threshold."
    return Step("", "broken", seen, advice, values)


def _greeting_is_unheard(facts: CallFacts) -> bool:
    return facts.answer is not None and (facts.answer.heard_ms is None or facts.playback_error is not None)


def _most(captured: CapturedFacts) -> str:
    level_seen = "" if captured.loudest_dbfs is None else f"loudest {captured.loudest_dbfs:.0f} dBFS"
    return ", ".join(filter(None, (level_seen, *(_of(detector) for detector in captured.detectors))))


def _of(detector: DetectorFacts) -> str:
    if detector.unit == "status":
        return f"{detector.name} shows no numbers"
    if detector.highest is None:
        return f"{detector.name} has decided nothing yet"
    if detector.unit == "dB":
        return f"{detector.name} highest {detector.highest:.0f} dB, threshold {detector.threshold:.0f} dB"
    return f"{detector.name} highest {detector.highest:.2f}, threshold {detector.threshold:.2f}"


def _values(captured: CapturedFacts) -> dict[str, float | int | str | bool]:
    values: dict[str, float | int | str | bool] = {
        "listened_ms": captured.listened_ms,
        "cancelled_segments": captured.cancelled_segments,
    }
    if captured.loudest_dbfs is not None:
        values["loudest_dbfs"] = round(captured.loudest_dbfs, 1)
    for detector in captured.detectors:
        if detector.highest is not None and detector.threshold is not None:
            values[f"{detector.name}_highest"] = round(detector.highest, 3)
            values[f"{detector.name}_threshold"] = detector.threshold
    return values
