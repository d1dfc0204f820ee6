"""Turns as a pandas frame: one row a turn, one column a quantity, the unit in its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas

from micdrop_widget.audio import ms_to_samples

__all__ = ["turns_frame"]

_ANCHORS = (
    "speech_start",
    "confirmed",
    "speech_end",
    "stopped",
    "user_message",
    "first_audio",
    "heard",
    "voiced",
    "assistant_message",
    "answer_end",
)

_DERIVED = (
    "reply_latency_ms",
    "endpointing_ms",
    "server_ms",
    "playout_ms",
    "lead_in_ms",
    "transcription_ms",
    "answer_latency_ms",
    "utterance_ms",
    "speech_ms",
    "answer_heard_ms",
    "answer_received_ms",
    "yield_ms",
    "stt_ms",
    "agent_first_text_ms",
    "tts_first_audio_ms",
)

_TEXTS = ("user_text", "assistant_text", "heard_text")
_FLAGS = ("interrupted", "false_interruption", "skipped", "cancelled")
_COUNTS = ("underruns", "holds")


def turns_frame(turns: Sequence[Any]) -> pandas.DataFrame:
    """Return one row per turn; the columns and their dtypes do not depend on the turns, which are `Turn`s.

    Times and durations are float64, NaN where they did not happen; their samples on the recording's time line Int64.
    """
    columns: dict[str, pandas.Series] = {
        "kind": pandas.Series([turn.kind for turn in turns], dtype="str"),
    }
    for name in (*(f"{anchor}_ms" for anchor in _ANCHORS), *_DERIVED):
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="float64")
    for anchor in _ANCHORS:
        times = (getattr(turn, f"{anchor}_ms") for turn in turns)
        samples = [None if time_ms is None else ms_to_samples(time_ms) for time_ms in times]
        columns[f"{anchor}_sample"] = pandas.Series(samples, dtype="Int64")
    for name in _TEXTS:
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="str")
    for name in _FLAGS:
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="bool")
    for name in _COUNTS:
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="int64")
    tools = [", ".join(tool.name for tool in turn.tools) for turn in turns]
    columns["tools"] = pandas.Series(tools, dtype="str")
    durations = [sum(tool.duration_ms or 0.0 for tool in turn.tools) if turn.tools else None for turn in turns]
    columns["tools_ms"] = pandas.Series(durations, dtype="float64")
    verdicts = [len(turn.verdicts) for turn in turns]
    columns["turn_detector_asked"] = pandas.Series(verdicts, dtype="int64")
    frame: pandas.DataFrame = pandas.DataFrame(columns)
    return frame
