"""What each step says of the facts of a call; whole calls are in `tests/call/test_diagnosis.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.history.diagnosis import (
    CallFacts,
    CapturedFacts,
    DetectorFacts,
    Diagnosis,
    FactCollector,
    LinkFacts,
    diagnose,
)
from micdrop_widget.history.turns import Turn, Turns
from micdrop_widget.state import Call, Phase, Settings, inputs
from micdrop_widget.state.snapshot import MicPhase
from micdrop_widget.vad import SileroVAD

LIVE = Call(phase=Phase.LIVE, was_ready=True, mic=MicPhase.OPEN)
ROOM = CapturedFacts(10_000, 10_000, -40.0, (DetectorFacts("SileroVAD", "probability", 0.2, 0.5),))
TURN = Turn(confirmed_ms=1000, speech_start_ms=800, speech_end_ms=2000, stopped_ms=2400)
ANSWER = replace(
    TURN,
    user_message_ms=2500,
    first_audio_ms=2700,
    heard_ms=2710,
    voiced_ms=2800,
    answer_heard_ms=900,
    answer_received_ms=1000,
)
FACTS = CallFacts(
    call=LIVE,
    now_ms=10_000,
    has_begun=True,
    mic_has_opened=True,
    mic_open_ms=10_000,
    frame_age_ms=20,
    since_opened=ROOM,
    was_ready=True,
    connections=1,
    frames_received=3,
)


def of(**changes: Any) -> Diagnosis:
    """Diagnose a live call in a room where nobody speaks, with other facts."""
    turn = changes.get("turn")
    return diagnose(replace(FACTS, **{"answer": turn, "turns": 1, "turn_number": 1, **changes}))


def call(**changes: Any) -> Call:
    return replace(LIVE, **changes)


@pytest.mark.parametrize(
    ("facts", "step", "outcome", "seen"),
    [
        ({"call": call(phase=Phase.GREETING)}, "connection", "waiting", "the server has not said a word yet"),
        ({"call": call(phase=Phase.CONNECTING)}, "connection", "waiting", "the server has not answered yet"),
        ({"link": LinkFacts(is_on_hold=True)}, "holds", "broken", "the call is on hold now"),
        ({"link": LinkFacts(is_on_hold=True), "frame_age_ms": 9000}, "holds", "broken", "the call is on hold now"),
        ({"link": LinkFacts(is_on_hold=True), "frame_age_ms": None}, "frames", "broken", "none has arrived"),
        ({"link": LinkFacts(), "frame_age_ms": 9000}, "frames", "broken", "the latest arrived 9.0 s ago"),
        ({"link": LinkFacts(missing_ms=11_000)}, "holds", "broken", "11.0 s of audio are missing"),
        ({"since_opened": replace(ROOM, listened_ms=0.0)}, "listening", "broken", "to 0.0 s of 10.0 s"),
        (
            {"since_opened": replace(ROOM, cancelled_segments=2)},
            "detection",
            "broken",
            "2 times it may have been speech",
        ),
        (
            {"since_opened": replace(ROOM, detectors=(DetectorFacts("VolumeVAD", "dB", None, -55.0),))},
            "detection",
            "broken",
            "VolumeVAD has decided nothing yet",
        ),
        (
            {"turn": Turn(), "call": call(outbox=(wire.StartSpeaking(),))},
            "StartSpeaking",
            "waiting",
            "kept until the server is ready",
        ),
        ({"turn": Turn()}, "StartSpeaking", "broken", "never sent"),
        (
            {"turn": Turn(confirmed_ms=1000), "call": call(endpointing=True)},
            "StopSpeaking",
            "waiting",
            "the user is silent, and the turn is not over",
        ),
        ({"turn": Turn(confirmed_ms=1000)}, "StopSpeaking", "broken", "never sent"),
        (
            {"turn": replace(TURN, user_message_ms=2500), "call": call(partial_assistant_message="I")},
            "answer",
            "waiting",
            "its text is being written",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_step_that_is_broken_or_waits_says_what_was_seen(
    facts: dict[str, Any], step: str, outcome: str, seen: str
) -> None:
    found = of(**facts).stopped_at
    assert found is not None
    assert (found.name, found.outcome) == (step, outcome)
    assert seen in found.seen


@pytest.mark.parametrize(
    ("facts", "step", "outcome", "seen"),
    [
        ({"frames_received": 0, "turn": ANSWER}, "connection", "ok", "open; the server has not sent anything"),
        ({"connections": 3, "turn": ANSWER}, "connection", "ok", "ready, connection 3"),
        (
            {"call": call(mic=MicPhase.CLOSED), "mic_has_ended": True, "mic_open_ms": None, "turn": ANSWER},
            "microphone",
            "ok",
            "its source is at its end",
        ),
        (
            {"link": LinkFacts(lag_ms=12.4, missing_ms=500.0), "turn": ANSWER},
            "holds",
            "ok",
            "none, 0.5 s of audio are missing; the page's audio is 12 ms late",
        ),
        (
            {"call": call(settings=Settings(disable_interruption=True)), "turn": ANSWER},
            "listening",
            "ok",
            "to 10.0 s of 10.0 s; not while the assistant speaks: interruption is disabled",
        ),
        (
            {"turn": replace(ANSWER, speech_start_ms=None, speech_end_ms=None)},
            "detection",
            "ok",
            "speech was confirmed",
        ),
        ({"turn": replace(ANSWER, speech_end_ms=None)}, "StopSpeaking", "ok", "sent at 2.4 s"),
        ({"turn": replace(ANSWER, user_message_ms=None)}, "transcript", "unknown", "none came; some servers send none"),
        ({"turn": ANSWER}, "answer", "ok", "audio came, and no text yet"),
        (
            {"turn": replace(ANSWER, interrupted=True, underruns=2)},
            "heard",
            "ok",
            "0.9 s of 1.0 s, then the user interrupted it, with 2 pauses because audio came too late; 800 ms after",
        ),
        (
            {"turn": replace(ANSWER, voiced_ms=None)},
            "heard",
            "ok",
            "0.9 s of 1.0 s",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_step_that_went_well_says_what_was_seen(facts: dict[str, Any], step: str, outcome: str, seen: str) -> None:
    diagnosis = of(**facts)
    assert diagnosis.stopped_at is None, str(diagnosis)
    assert diagnosis[step].outcome == outcome
    assert diagnosis[step].seen.startswith(seen)


def test_what_happened_all_the_same_behind_a_broken_step_is_ok() -> None:
    diagnosis = of(call=call(muted=True), turn=ANSWER)
    assert diagnosis.stopped_at is diagnosis["listening"]
    assert diagnosis["heard"].outcome == "ok"
    assert diagnosis.subject == "turn 1 of 1"


def test_a_microphone_that_was_open_before_the_call_keeps_what_it_captured() -> None:
    collector, vad = FactCollector(), SileroVAD()
    frame = np.array([-100, 100], dtype=np.int16)
    collector.record(inputs.MicrophoneOpened(1), (), LIVE, 1000)
    collector.add_captured(frame, True, 1200)
    collector.add_captured(frame[:0], True, 1300)
    collector.add_speech_event("CancelSpeaking")
    collector.record(inputs.Start(Settings()), (), LIVE, 2000)
    facts = collector.facts(LIVE, Turns(), vad, 2500)
    assert (facts.now_ms, facts.mic_open_ms, facts.frame_age_ms) == (500, 1500, 1300)
    assert facts.since_opened == CapturedFacts(
        captured_ms=0.125,
        listened_ms=0.125,
        loudest_dbfs=20 * np.log10(200 / 65536),
        detectors=(DetectorFacts("SileroVAD", "status"),),
        cancelled_segments=1,
    )
    assert facts.since_turn.captured_ms == 0
    collector.record(inputs.Start(Settings()), (), replace(LIVE, mic=MicPhase.CLOSED), 3000)
    assert collector.facts(LIVE, Turns(), vad, 3500).since_opened.captured_ms == 0
