"""Turns as JSON, and back."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from micdrop_widget.history.turn_json import turn_from_json, turn_to_json
from micdrop_widget.history.turns import ToolUse, Turn, Verdict

WHOLE = Turn(
    kind="user",
    speech_start_ms=790.0625,
    confirmed_ms=1000,
    speech_end_ms=1490,
    stopped_ms=2000,
    user_message_ms=2300,
    first_audio_ms=2400,
    heard_ms=2450,
    voiced_ms=2650,
    assistant_message_ms=3000,
    answer_end_ms=3500,
    user_text="Hello?\n“…”",
    assistant_text="Hello! 👋 How are you?",
    tools=(ToolUse("clock", 2310, 2320.5), ToolUse("lamp", 2330)),
    verdicts=(Verdict(1600, complete=False), Verdict(1900, complete=True)),
    answer_heard_ms=1050,
    answer_received_ms=2100,
    interrupted=True,
    interruption_start_ms=3400,
    false_interruption=True,
    skipped=True,
    cancelled=True,
    underruns=1,
    holds=2,
    start_sample=512,
    confirmed_sample=8192,
    end_sample=24_192,
    stage_times_ms={"stt": 12.5, "first_text": 40},
)


@pytest.mark.parametrize("turn", [WHOLE, Turn(), Turn("greeting", heard_ms=10.0)])
def test_a_turn_comes_back_from_json_as_it_was(turn: Turn) -> None:
    written = json.loads(json.dumps(turn_to_json(turn)))
    assert turn_from_json(written) == turn


def test_every_field_is_tried() -> None:
    assert [field.name for field in fields(Turn) if getattr(WHOLE, field.name) == getattr(Turn(), field.name)] == [
        "kind"
    ]


def test_other_readers_find_what_follows_from_the_times() -> None:
    written = turn_to_json(WHOLE)
    assert written["reply_latency_ms"] == 1160
    assert written["yield_ms"] == 100
    assert written["tts_first_audio_ms"] is None
    assert written["heard_text"] == "Hello! 👋"


def test_what_follows_and_what_is_not_known_is_not_read() -> None:
    assert turn_from_json({"kind": "user", "reply_latency_ms": 7, "of_a_later_version": [1]}) == Turn()


@pytest.mark.parametrize(
    "values", [{}, {"kind": "other"}, {"kind": "user", "tools": [{"title": "x"}]}, {"kind": "user", "verdicts": [3]}]
)
def test_what_is_no_turn_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        turn_from_json(values)
