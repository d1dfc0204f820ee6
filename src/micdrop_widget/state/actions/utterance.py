"""What the user says: utterances, sent from StartSpeaking to StopSpeaking."""

from __future__ import annotations

from dataclasses import replace

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm
from micdrop_widget.speech import SpeechConfirmed, SpeechContinued, SpeechEnded
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import AddTurnAudio, BeginTurn, CancelTimer, PredictTurn, Timer, UseTurnDetector
from micdrop_widget.state.limits import TURN_PREDICTION_MS
from micdrop_widget.state.step import Step

__all__ = [
    "ask_turn_detector",
    "change_turn_detection",
    "continue_utterance",
    "end_utterance",
    "keep_turn_open",
    "open_utterance",
    "resume_utterance",
    "show_speech_before_call",
]


def show_speech_before_call(step: Step, _: SpeechConfirmed) -> None:
    """Show that the user speaks; without a call nothing is sent."""
    step.set(user_speaking=True)


def open_utterance(step: Step, confirmed: SpeechConfirmed) -> None:
    """Silence the assistant, and send StartSpeaking and the speech so far."""
    step.silence_assistant()
    step.set(user_speaking=True, processing=False, unanswered=None, goodbye_due=False)
    step.send(wire.StartSpeaking())
    if step.call.settings.detects_turns:
        step.add(BeginTurn())
    _send_speech(step, confirmed.pcm)


def resume_utterance(step: Step, confirmed: SpeechConfirmed) -> None:
    """Continue the same utterance: the user speaks again."""
    step.add(CancelTimer(Timer.ENDPOINTING))
    step.set(user_speaking=True, endpointing=False, goodbye_due=False)
    _send_speech(step, confirmed.pcm)


def continue_utterance(step: Step, continued: SpeechContinued) -> None:
    """Send the next samples, silence within the turn included."""
    if step.call.utterance_open:
        _send_speech(step, continued.pcm)


def _send_speech(step: Step, pcm: Pcm) -> None:
    step.send(pcm)
    if step.call.settings.detects_turns:
        step.add(AddTurnAudio(pcm))


def ask_turn_detector(step: Step, _: SpeechEnded) -> None:
    """Ask the turn detector whether the turn is complete; without a prediction in time it is."""
    step.set(user_speaking=False, endpointing=True, question=step.call.question + 1)
    step.add(PredictTurn(step.call.question))
    step.set_timer(Timer.ENDPOINTING, TURN_PREDICTION_MS)


def keep_turn_open(step: Step, _: inputs.TurnPredicted) -> None:
    """Keep the turn open for `turn_max_wait_ms` of silence."""
    step.set_timer(Timer.ENDPOINTING, step.call.settings.turn_max_wait_ms)


def change_turn_detection(step: Step, changed: inputs.TurnDetectionChanged) -> None:
    """End an open turn, which the former detector was asked about; what is said from here on is the next one."""
    call = step.call
    if call.in_call and call.utterance_open:
        if call.user_speaking:
            step.reset_detection()
        step.end_utterance()
    settings = replace(call.settings, detects_turns=changed.detects_turns, turn_max_wait_ms=changed.turn_max_wait_ms)
    step.set(settings=settings)
    step.add(UseTurnDetector())


def end_utterance(
    step: Step, _: SpeechEnded | inputs.MicrophoneStalled | inputs.TurnPredicted | inputs.TimerFired | inputs.Completion
) -> None:
    """Send StopSpeaking and wait for the answer."""
    step.end_utterance()
