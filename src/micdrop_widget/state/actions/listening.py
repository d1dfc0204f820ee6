"""The user mutes and pauses."""

from __future__ import annotations

from micdrop_widget import protocol as wire
from micdrop_widget.state import inputs
from micdrop_widget.state.step import Step

__all__ = [
    "mute",
    "pause",
    "resume",
    "unmute",
]


def mute(step: Step, _: inputs.Mute) -> None:
    """Stop listening; the completion row ends an open utterance."""
    step.set(muted=True)


def unmute(step: Step, _: inputs.Unmute) -> None:
    """Listen again."""
    step.set(muted=False)


def pause(step: Step, _: inputs.Pause) -> None:
    """End the open utterance, cancel the answer at the server, and be silent."""
    if step.call.paused:
        return
    step.end_utterance()
    step.send(wire.MuteCommand())
    step.silence_assistant()
    step.set(paused=True, processing=False)


def resume(step: Step, _: inputs.Resume) -> None:
    """End the pause; nothing is sent."""
    # A pause that is over before its Mute was sent has nothing to cancel at the server.
    outbox = tuple(kept for kept in step.call.outbox if not isinstance(kept, wire.MuteCommand))
    step.set(paused=False, outbox=outbox)
