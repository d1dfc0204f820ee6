"""Which steps of the call machine are in the log, and with what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.errors import error_for_close
from micdrop_widget.history.step_events import NamedPayload, step_events
from micdrop_widget.state import MicdropState, Settings, inputs
from micdrop_widget.state.effects import Effect, Emit, SendCommand, StateChanged

STATE = MicdropState(isMuted=True)


def log(event: inputs.Input, *effects: Effect) -> list[NamedPayload]:
    found: Iterator[NamedPayload] = step_events(event, effects, STATE)
    return list(found)


NOTHING = inputs.Completion()


def test_the_start_says_what_the_state_was() -> None:
    ((name, payload),) = log(inputs.Start(Settings()))
    assert name == "Start"
    assert payload == {field: field == "isMuted" for field in MicdropState.FIELDS if field.startswith("is")}


def test_a_change_of_state_says_which_flags_changed() -> None:
    changed = MicdropState(isMuted=False, isPaused=True)
    assert log(NOTHING, StateChanged(changed, STATE)) == [("StateChange", {"isMuted": False, "isPaused": True})]


def test_a_change_of_no_flag_is_no_event() -> None:
    changed = MicdropState(isMuted=True, partialAssistantMessage="We")
    assert log(NOTHING, StateChanged(changed, STATE)) == []


def test_what_is_sent_and_received_is_told_apart() -> None:
    assert log(NOTHING, SendCommand(wire.StartSpeaking())) == [("sent.StartSpeaking", {})]
    assert log(inputs.Received(1, wire.SkipAnswer())) == [("received.SkipAnswer", {})]
    assert log(inputs.Received(1, wire.Audio(b"12"))) == []


def test_what_handlers_receive_is_in_the_log_but_for_answers_in_pieces() -> None:
    item = wire.TextMessage("user", "Hello")
    error = error_for_close(4401)
    emitted = log(
        NOTHING,
        Emit("Message", (item,)),
        Emit("PartialAssistantMessage", ("We",)),
        Emit("ToolCall", (wire.ToolCall("look_up", {"a": 1}),)),
        Emit("Classification", (wire.Classification("x", "y", 3.0),)),
        Emit("EndCall"),
        Emit("Error", (error,)),
    )
    assert emitted == [
        ("Message", {"role": "user", "content": "Hello"}),
        ("ToolCall", {"name": "look_up", "parameters": {"a": 1}, "output": None}),
        ("Classification", {"input": "x", "result": "y", "duration": 3.0}),
        ("EndCall", {}),
        ("Error", {"code": "Unauthorized", "message": error.message, "remedy": error.remedy}),
    ]


def test_the_microphone_the_connection_and_the_turn_detector_are_in_the_log() -> None:
    assert log(inputs.MicrophoneOpened(1, "a secret id")) == [("MicrophoneOpened", {})]
    assert log(inputs.MicrophoneStalled()) == [("MicrophoneStalled", {})]
    assert log(inputs.ConnectionOpened(1)) == [("ConnectionOpened", {})]
    assert log(inputs.ConnectionClosed(1, 1006, "why")) == [("ConnectionClosed", {"close_code": 1006})]
    assert log(inputs.TurnPredicted(1, complete=True)) == [("TurnPredicted", {"complete": True})]


def test_an_event_whose_arguments_have_no_payload_is_refused() -> None:
    with pytest.raises(TypeError, match="unknown arguments of an event: \\('a text',\\)"):
        log(NOTHING, Emit("Message", ("a text",)))
