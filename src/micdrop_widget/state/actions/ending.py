"""A call ends: at once, or when the assistant has been heard to the end."""

from __future__ import annotations

from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Timer, Warn
from micdrop_widget.state.limits import GOODBYE_MS, LOUDSPEAKER_SILENT
from micdrop_widget.state.step import Step

__all__ = [
    "give_up_answer",
    "give_up_playback",
    "play_remaining",
    "stay",
    "stop",
    "stop_gracefully",
]


def stop(step: Step, _: inputs.Stop | inputs.ConnectionClosed | inputs.Completion) -> None:
    """End the call; an open utterance is ended first."""
    step.end_utterance()
    step.end_call()


def stop_gracefully(step: Step, _: inputs.Stop) -> None:
    """Release the microphone, and play the assistant to the end."""
    step.end_utterance()
    step.release_microphone()
    if step.call.processing or step.call.goodbye_due:
        step.set_timer(Timer.GOODBYE, GOODBYE_MS)


def play_remaining(step: Step, _: inputs.ConnectionClosed) -> None:
    """Release the microphone, and play what has arrived: the server sends no more."""
    step.release_microphone()
    step.drop_utterance()
    step.set(processing=False, goodbye_due=False)


def give_up_answer(step: Step, _: inputs.TimerFired) -> None:
    """Stop waiting for an answer."""
    step.set(processing=False, goodbye_due=False)


def give_up_playback(step: Step, _: inputs.TimerFired) -> None:
    """Stop waiting for the loudspeaker, which reports no progress."""
    step.add(Warn(LOUDSPEAKER_SILENT))
    step.silence_assistant()
    step.set(processing=False)


def stay(_step: Step, _input: inputs.Input) -> None:
    """Leave everything as it is."""
