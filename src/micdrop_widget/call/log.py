"""The lines of `debug_log`: the effects of a call in words, but those that come with every frame or timer."""

from __future__ import annotations

from micdrop_widget.protocol import encode_client_frame
from micdrop_widget.state import MicdropState, effects

__all__ = ["describe"]

_LISTS = ("conversation", "micDevices", "speakerDevices", "notices")


def describe(effect: effects.Effect) -> str | None:
    """Return an effect in words, or None for those that come with every frame or timer.

    No line holds params, headers, urls or samples.
    """
    match effect:
        case effects.OpenMicrophone(_, device_id):
            return "asks for the microphone" + (f" {device_id!r}" if device_id else "")
        case effects.SelectSpeaker(device_id):
            return f"plays on {device_id!r}"
        case effects.CloseMicrophone():
            return "releases the microphone"
        case effects.OpenConnection():
            return "connects"
        case effects.SendParams():
            return "sends the params"
        case effects.SendCommand(command):
            return f"sends {encode_client_frame(command)}"
        case effects.PredictTurn():
            return "asks the turn detector"
        case effects.FlushPlayer():
            return "silences the assistant"
        case effects.StateChanged(state, previous):
            return _describe_change(state, previous)
        case effects.Emit(event, arguments):
            return f"event {event}" + "".join(f" {argument!r}" for argument in arguments)
        case effects.Warn(text):
            return text
        case _:
            return None


def _describe_change(state: MicdropState, previous: MicdropState) -> str | None:
    changes = [
        f"{name}={getattr(state, name)!r}"
        for name in MicdropState.FIELDS
        if name not in _LISTS and getattr(state, name) != getattr(previous, name)
    ]
    return "state " + " ".join(changes) if changes else None
