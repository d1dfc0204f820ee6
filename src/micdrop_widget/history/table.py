"""Turns and events as pandas frames: one row each, one column a quantity, the unit in its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas

from micdrop_widget.audio import ms_to_samples
from micdrop_widget.history.columns import ANCHORS, COUNTS, DERIVED, FLAGS, TEXTS

__all__ = ["calls_frame", "events_frame", "turns_frame"]


def turns_frame(turns: Sequence[Any]) -> pandas.DataFrame:
    """Return one row per turn; the columns and their dtypes do not depend on the turns, which are `Turn`s.

    Times and durations are float64, NaN where they did not happen; their samples on the recording's time line Int64.
    """
    columns: dict[str, pandas.Series] = {
        "kind": pandas.Series([turn.kind for turn in turns], dtype="str"),
    }
    for name in (*(f"{anchor}_ms" for anchor in ANCHORS), *DERIVED):
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="float64")
    for anchor in ANCHORS:
        times = (getattr(turn, f"{anchor}_ms") for turn in turns)
        samples = [None if time_ms is None else ms_to_samples(time_ms) for time_ms in times]
        columns[f"{anchor}_sample"] = pandas.Series(samples, dtype="Int64")
    for name in TEXTS:
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="str")
    for name in FLAGS:
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="bool")
    for name in COUNTS:
        columns[name] = pandas.Series([getattr(turn, name) for turn in turns], dtype="int64")
    tools = [", ".join(tool.name for tool in turn.tools) for turn in turns]
    columns["tools"] = pandas.Series(tools, dtype="str")
    durations = [sum(tool.duration_ms or 0.0 for tool in turn.tools) if turn.tools else None for turn in turns]
    columns["tools_ms"] = pandas.Series(durations, dtype="float64")
    verdicts = [len(turn.verdicts) for turn in turns]
    columns["turn_detector_asked"] = pandas.Series(verdicts, dtype="int64")
    frame: pandas.DataFrame = pandas.DataFrame(columns)
    return frame


def events_frame(events: Iterable[Any]) -> pandas.DataFrame:
    """Return one row per event, which are `CallEvent`s; the payload of each is a dict."""
    rows = list(events)
    columns: dict[str, pandas.Series] = {
        "time_ms": pandas.Series([event.time_ms for event in rows], dtype="float64"),
        "sample": pandas.Series([event.sample for event in rows], dtype="int64"),
        "name": pandas.Series([event.name for event in rows], dtype="str"),
        "payload": pandas.Series([event.payload for event in rows], dtype="object"),
    }
    frame: pandas.DataFrame = pandas.DataFrame(columns)
    return frame


def calls_frame(calls: Sequence[Any]) -> pandas.DataFrame:
    """Return the turns of kept calls, which are `SavedCall`s, as one frame, with columns that identify the call first.

    `started` is datetime64 in UTC, `turn` int64, the rest of the new columns text.
    """
    counts = [len(call.turns) for call in calls]

    def repeated(values: Iterable[Any]) -> list[Any]:
        return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]

    started = pandas.to_datetime(repeated(call.about.get("started") for call in calls), utc=True, format="ISO8601")
    front = {
        "call": pandas.Series(repeated(call.name for call in calls), dtype="str"),
        "turn": pandas.Series([number for count in counts for number in range(count)], dtype="int64"),
        "started": pandas.Series(started).astype("datetime64[ms, UTC]"),
        "vad": pandas.Series(repeated(_named(call.about.get("vad")) for call in calls), dtype="str"),
        "turn_detector": pandas.Series(
            repeated(_named(call.about.get("turn_detector")) for call in calls), dtype="str"
        ),
    }
    turns = turns_frame([turn for call in calls for turn in call.turns])
    frame: pandas.DataFrame = pandas.concat([pandas.DataFrame(front), turns], axis="columns")
    return frame


def _named(detector: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return a detector that was kept as it is written in code: its name with its settings."""
    if isinstance(detector, list):
        return " + ".join(_named(member) or "" for member in detector)
    if not isinstance(detector, dict):
        return None
    settings = ", ".join(f"{name}={value!r}" for name, value in detector.get("settings", {}).items())
    return f"{detector.get('name')}({settings})"
