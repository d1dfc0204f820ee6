"""The events of a step of the call machine for the log of a call, with their payloads.

| name | when | payload |
|---|---|---|
| `Start` | `start()` | every field of the state that is true or false |
| `StateChange` | the state changed | the fields that are true or false and changed |
| `Message` | the server settled an item of the conversation | the item, as on the wire |
| `ToolCall` `Classification` | the server sent it | its fields |
| `EndCall` | the server wants the call to end | |
| `Error` | the call reports an error | `code`, `message`, `remedy` |
| `Turn` | a turn is settled | `kind`, `reply_latency_ms` |
| `sent.StartSpeaking` `sent.StopSpeaking` `sent.Mute` | the client sent the command | |
| `received.SkipAnswer` `received.CancelLastUserMessage` | the server sent it | |
| `vad.StartSpeaking` `vad.ConfirmSpeaking` `vad.CancelSpeaking` `vad.StopSpeaking` | the detection emitted it | |
| `TurnPredicted` | the turn detector answered | `complete` |
| `MicrophoneOpened` `MicrophoneStalled` `MicrophoneEnded` | the microphone did | |
| `ConnectionOpened` `ConnectionClosed` | the WebSocket did | `close_code` of the latter |

Audio, partial answers, lists and ids of devices, params, headers and addresses are not in there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from micdrop_widget import protocol as wire
from micdrop_widget.errors import MicdropError
from micdrop_widget.state import inputs
from micdrop_widget.state.effects import Effect, Emit, SendCommand, StateChanged
from micdrop_widget.state.snapshot import MicdropState

__all__ = ["START", "STATE_CHANGE", "NamedPayload", "state_payload", "step_events"]

START = "Start"
STATE_CHANGE = "StateChange"

NamedPayload: TypeAlias = tuple[str, Mapping[str, Any]]
"""The name of an event, and its payload."""

_FLAGS = tuple(field for field in MicdropState.FIELDS if field.startswith("is"))
_NOTHING: Mapping[str, Any] = {}


def state_payload(state: MicdropState, previous: MicdropState | None = None) -> dict[str, bool]:
    """Return the fields that are true or false; with a state before it those that changed."""
    flags = {field: getattr(state, field) for field in _FLAGS}
    if previous is None:
        return flags
    return {field: flag for field, flag in flags.items() if flag != getattr(previous, field)}


def step_events(event: inputs.Input, effects: tuple[Effect, ...], before: MicdropState) -> Iterator[NamedPayload]:
    """Yield the events of one step of the machine.

    Parameters
    ----------
    event, effects
        What happened, and what the machine asked for.
    before
        The state before the step.
    """
    yield from _of_input(event, before)
    for effect in effects:
        yield from _of_effect(effect)


def _of_input(event: inputs.Input, before: MicdropState) -> Iterator[NamedPayload]:
    match event:
        case inputs.Start():
            yield START, state_payload(before)
        case inputs.TurnPredicted(_, complete):
            yield "TurnPredicted", {"complete": complete}
        case inputs.Received(_, wire.SkipAnswer() | wire.CancelLastUserMessage() as frame):
            yield f"received.{type(frame).__name__}", _NOTHING
        case inputs.MicrophoneOpened() | inputs.MicrophoneStalled() | inputs.MicrophoneEnded():
            yield type(event).__name__, _NOTHING
        case inputs.ConnectionOpened():
            yield "ConnectionOpened", _NOTHING
        case inputs.ConnectionClosed(_, close_code):
            yield "ConnectionClosed", {"close_code": close_code}


def _of_effect(effect: Effect) -> Iterator[NamedPayload]:
    match effect:
        case StateChanged(state, previous):
            changes = state_payload(state, previous)
            if changes:
                yield STATE_CHANGE, changes
        case SendCommand(command):
            yield f"sent.{wire.encode_client_frame(command)}", _NOTHING
        case Emit(name, arguments) if name != "PartialAssistantMessage":
            yield name, _payload(arguments)


def _payload(arguments: tuple[Any, ...]) -> Mapping[str, Any]:
    match arguments:
        case (MicdropError() as error,):
            return {"code": str(error.code), "message": error.message, "remedy": error.remedy}
        case (wire.TextMessage() | wire.ToolCallMessage() | wire.ToolResultMessage() as item,):
            return wire.item_to_json(item)
        case (wire.ToolCall() | wire.Classification() as frame,):
            return asdict(frame)
        case ():
            return _NOTHING
        case _:
            raise TypeError(f"unknown arguments of an event: {arguments!r}")
