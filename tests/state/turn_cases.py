"""Cases of the rows about the end of a turn that a detector is asked about."""

from __future__ import annotations

from typing import Any

from micdrop_widget import protocol as wire
from micdrop_widget.errors import error_for_close
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import Settings, inputs
from micdrop_widget.state.effects import Timer
from tests.state.cases import CONNECTING, ENDING, GREETING, KEPT, LIVE, NOISE_OFF, OPEN, OPENING, PCM, RETRYING, Case

BEFORE_READY = (OPENING, CONNECTING, GREETING)
CONFIRMED = SpeechConfirmed(512, 0, PCM)

DETECTS: dict[str, Any] = {"settings": Settings(has_url=True, detects_turns=True, turn_max_wait_ms=2500), **OPEN}
SPEAKING: dict[str, Any] = {**DETECTS, "speaking": True, "processing": False, "question": 4}
PAUSING: dict[str, Any] = {**DETECTS, "pausing": True, "processing": False, "question": 5}
KEEPING: dict[str, Any] = {**PAUSING, "outbox": KEPT}
WENT_ON: dict[str, Any] = {"speaking": True, "pausing": False}
OVER: dict[str, Any] = {"pausing": False, "processing": True}
KEPT_OVER: dict[str, Any] = {**OVER, "outbox": (*KEPT, wire.StopSpeaking())}

RESUMED = "SpeechConfirmed if pausing: resume_utterance"
ASKED = "SpeechEnded if turn_detected: ask_turn"
COMPLETE = "TurnPredicted if turn_complete: end_utterance"
INCOMPLETE = "TurnPredicted if turn_incomplete: wait_for_more"
WAITED = "TimerFired if turn wait: end_utterance"
LOST = f"warn: {error_for_close(1006).message} Trying again."
STALLED = "MicrophoneStalled: end_utterance"
YES, NO = inputs.TurnPredicted(5, complete=True), inputs.TurnPredicted(5, complete=False)

CASES = [
    Case("SpeechConfirmed if heard: open_utterance", [LIVE], CONFIRMED,
         [*NOISE_OFF, "send StartSpeaking", "open turn", "send 512 samples", "hear 512 samples"],
         {"speaking": True, "drop_answer_until_ms": 1000}, DETECTS),
    Case("SpeechConfirmed if heard: open_utterance", BEFORE_READY, CONFIRMED,
         [*NOISE_OFF, "open turn", "hear 512 samples"],
         {"speaking": True, "processing": False, "outbox": KEPT}, DETECTS),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM),
         ["send 512 samples", "hear 512 samples"], {}, SPEAKING),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM),
         ["send 512 samples", "hear 512 samples"], {}, PAUSING),
    Case("SpeechContinued: continue_utterance", [LIVE], SpeechContinued(PCM), given=DETECTS),
    Case(ASKED, [LIVE, *BEFORE_READY], SpeechEnded(9), ["ask turn 5", "set turn wait 1000 ms"],
         {"speaking": False, "pausing": True, "question": 5}, SPEAKING),
    Case(RESUMED, [LIVE], CONFIRMED, ["cancel turn wait", "send 512 samples", "hear 512 samples"],
         {**WENT_ON, "goodbye_due": False}, {**PAUSING, "goodbye_due": True}),
    Case(RESUMED, BEFORE_READY, CONFIRMED, ["cancel turn wait", "hear 512 samples"],
         {**WENT_ON, "outbox": (*KEPT, PCM)}, KEEPING),
    Case(COMPLETE, [LIVE], YES, ["send StopSpeaking", "cancel turn wait"], OVER, PAUSING),
    Case(COMPLETE, BEFORE_READY, YES, ["cancel turn wait"], KEPT_OVER, KEEPING),
    Case(INCOMPLETE, [LIVE, *BEFORE_READY], NO, ["set turn wait 2500 ms"], {}, PAUSING),
    Case(WAITED, [LIVE], inputs.TimerFired(Timer.TURN_WAIT), ["send StopSpeaking", "cancel turn wait"], OVER, PAUSING),
    Case(WAITED, BEFORE_READY, inputs.TimerFired(Timer.TURN_WAIT), ["cancel turn wait"], KEPT_OVER, KEEPING),
    Case(STALLED, [LIVE], inputs.MicrophoneStalled(), ["send StopSpeaking", "cancel turn wait"], OVER, PAUSING),
    Case(STALLED, BEFORE_READY, inputs.MicrophoneStalled(), ["cancel turn wait"], KEPT_OVER, KEEPING),
    Case("Completion if speaking_while_ignored: end_utterance", [LIVE], inputs.Completion(),
         ["send StopSpeaking", "cancel turn wait"], OVER, {**PAUSING, "muted": True}),
    Case("Completion if speaking_while_ignored: end_utterance", [RETRYING, ENDING], inputs.Completion(),
         ["cancel turn wait"], OVER, {**PAUSING, "answering": True}),
    Case("ConnectionClosed if recoverable: lose_connection", [LIVE], inputs.ConnectionClosed(1, 1006),
         [LOST, "cancel turn wait", "cancel ready", "set retry 1000 ms less up to 30%", "reset hearing"],
         {"pausing": False, "attempt": 1}, {**PAUSING, "connection": 1}),
    Case("Received if current: receive", [LIVE], inputs.Received(1, wire.Audio(bytes(8))), given=PAUSING),
]  # fmt: skip
