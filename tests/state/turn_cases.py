"""Cases of the rows about the end of a turn that a detector is asked about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from micdrop_widget import protocol as wire
from micdrop_widget.errors import error_for_close
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import Settings, inputs
from micdrop_widget.state.effects import Timer
from tests.state.cases import (
    ANY,
    CONNECTING,
    ENDING,
    GREETING,
    IDLE,
    KEPT,
    LIVE,
    NOISE_OFF,
    OPEN,
    OPENING,
    PCM,
    RETRYING,
    SETTINGS,
    Case,
)

BEFORE_READY = (OPENING, CONNECTING, GREETING)
CONFIRMED = SpeechConfirmed(512, 0, PCM)

DETECTS: dict[str, Any] = {"settings": Settings(has_url=True, detects_turns=True, turn_max_wait_ms=2500), **OPEN}
SPEAKING: dict[str, Any] = {**DETECTS, "user_speaking": True, "processing": False, "question": 4}
PAUSING: dict[str, Any] = {**DETECTS, "endpointing": True, "processing": False, "question": 5}
KEEPING: dict[str, Any] = {**PAUSING, "outbox": KEPT}
WENT_ON: dict[str, Any] = {"user_speaking": True, "endpointing": False}
OVER: dict[str, Any] = {"endpointing": False, "processing": True}
KEPT_OVER: dict[str, Any] = {**OVER, "outbox": (*KEPT, wire.StopSpeaking())}

RESUMED = "SpeechConfirmed if endpointing: resume_utterance"
ASKED = "SpeechEnded if turn_detector_decides: ask_turn_detector"
COMPLETE = "TurnPredicted if turn_complete: end_utterance"
INCOMPLETE = "TurnPredicted if turn_incomplete: keep_turn_open"
WAITED = "TimerFired if endpointing: end_utterance"
LOST = f"warn: {error_for_close(1006).message} Trying again."
STALLED = "MicrophoneStalled: end_utterance"
YES, NO = inputs.TurnPredicted(5, complete=True), inputs.TurnPredicted(5, complete=False)

CHANGED = "TurnDetectionChanged: change_turn_detection"
VAD_ALONE = inputs.TurnDetectionChanged(detects_turns=False, turn_max_wait_ms=900)
AFTER = {"settings": Settings(has_url=True, detects_turns=False, turn_max_wait_ms=900)}

CASES = [
    Case(CHANGED, ANY, inputs.TurnDetectionChanged(detects_turns=True, turn_max_wait_ms=900), ["use the turn detector"],
         {"settings": replace(SETTINGS, detects_turns=True, turn_max_wait_ms=900)}),
    Case(CHANGED, [LIVE], VAD_ALONE, ["reset detection", "send StopSpeaking", "use the turn detector"],
         {**AFTER, "user_speaking": False, "processing": True}, SPEAKING),
    Case(CHANGED, BEFORE_READY, VAD_ALONE, ["reset detection", "use the turn detector"],
         {**AFTER, "user_speaking": False, "processing": True, "outbox": (wire.StopSpeaking(),)}, SPEAKING),
    Case(CHANGED, [LIVE], VAD_ALONE, ["send StopSpeaking", "cancel endpointing", "use the turn detector"],
         {**AFTER, **OVER}, PAUSING),
    Case(CHANGED, [IDLE], VAD_ALONE, ["use the turn detector"], AFTER, SPEAKING),
    Case("SpeechConfirmed if listens: open_utterance", [LIVE], CONFIRMED,
         [*NOISE_OFF, "send StartSpeaking", "begin turn", "send 512 samples", "add 512 samples to the turn"],
         {"user_speaking": True, "drop_answer_until_ms": 1000}, DETECTS),
    Case("SpeechConfirmed if listens: open_utterance", BEFORE_READY, CONFIRMED,
         [*NOISE_OFF, "begin turn", "add 512 samples to the turn"],
         {"user_speaking": True, "processing": False, "outbox": KEPT}, DETECTS),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM),
         ["send 512 samples", "add 512 samples to the turn"], {}, SPEAKING),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM),
         ["send 512 samples", "add 512 samples to the turn"], {}, PAUSING),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM), given=DETECTS),
    Case(ASKED, [LIVE, *BEFORE_READY], SpeechEnded(9), ["predict turn 5", "set endpointing 1000 ms"],
         {"user_speaking": False, "endpointing": True, "question": 5}, SPEAKING),
    Case(RESUMED, [LIVE], CONFIRMED, ["cancel endpointing", "send 512 samples", "add 512 samples to the turn"],
         {**WENT_ON, "goodbye_due": False}, {**PAUSING, "goodbye_due": True}),
    Case(RESUMED, BEFORE_READY, CONFIRMED, ["cancel endpointing", "add 512 samples to the turn"],
         {**WENT_ON, "outbox": (*KEPT, PCM)}, KEEPING),
    Case(COMPLETE, [LIVE], YES, ["send StopSpeaking", "cancel endpointing"], OVER, PAUSING),
    Case(COMPLETE, BEFORE_READY, YES, ["cancel endpointing"], KEPT_OVER, KEEPING),
    Case(INCOMPLETE, [LIVE, *BEFORE_READY], NO, ["set endpointing 2500 ms"], {}, PAUSING),
    Case(WAITED, [LIVE], inputs.TimerFired(Timer.ENDPOINTING), ["send StopSpeaking", "cancel endpointing"], OVER,
         PAUSING),
    Case(WAITED, BEFORE_READY, inputs.TimerFired(Timer.ENDPOINTING), ["cancel endpointing"], KEPT_OVER, KEEPING),
    Case(STALLED, [LIVE], inputs.MicrophoneStalled(), ["send StopSpeaking", "cancel endpointing"], OVER, PAUSING),
    Case(STALLED, BEFORE_READY, inputs.MicrophoneStalled(), ["cancel endpointing"], KEPT_OVER, KEEPING),
    Case("Completion if utterance_while_ignored: end_utterance", [LIVE], inputs.Completion(),
         ["send StopSpeaking", "cancel endpointing"], OVER, {**PAUSING, "muted": True}),
    Case("Completion if utterance_while_ignored: end_utterance", [RETRYING, ENDING], inputs.Completion(),
         ["cancel endpointing"], OVER, {**PAUSING, "assistant_speaking": True}),
    Case("ConnectionClosed if retryable: wait_to_retry", [LIVE], inputs.ConnectionClosed(1, 1006),
         [LOST, "cancel endpointing", "cancel ready", "set retry 1000 ms less up to 30%", "reset detection"],
         {"endpointing": False, "attempt": 1}, {**PAUSING, "connection": 1}),
    Case("Received if current_socket: receive", [LIVE], inputs.Received(1, wire.Audio(bytes(8))), given=PAUSING),
]  # fmt: skip
