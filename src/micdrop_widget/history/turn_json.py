"""Turns as JSON objects, and back: everything that was measured, and what follows from it for other readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from micdrop_widget.history.columns import DERIVED, TEXTS
from micdrop_widget.history.turns import ToolUse, Turn, Verdict

__all__ = ["turn_from_json", "turn_to_json"]

_MEASURED = tuple(field.name for field in fields(Turn))
_DERIVED = tuple(name for name in (*DERIVED, *TEXTS) if name not in _MEASURED)

_PARTS: dict[str, Callable[[Any], Any]] = {
    "tools": lambda uses: tuple(ToolUse(**use) for use in uses),
    "verdicts": lambda verdicts: tuple(Verdict(**verdict) for verdict in verdicts),
}
"""How the fields are read that hold more than a number or a text."""


def turn_to_json(turn: Turn) -> dict[str, Any]:
    """Return every field of a turn, and what follows from them, as a JSON object."""
    return {**asdict(turn), **{name: getattr(turn, name) for name in _DERIVED}}


def turn_from_json(values: Mapping[str, Any]) -> Turn:
    """Return the turn of a JSON object. What follows from the rest, and what is not known, is not read.

    Raises
    ------
    ValueError
        It is not that of a turn.
    """
    known = {name: values[name] for name in _MEASURED if name in values}
    if known.get("kind") not in ("user", "greeting", "unprompted"):
        raise ValueError(f"expected a turn of kind 'user', 'greeting' or 'unprompted', got {known.get('kind')!r}")
    try:
        return Turn(**{name: _PARTS[name](value) if name in _PARTS else value for name, value in known.items()})
    except TypeError as error:
        raise ValueError(f"expected the tools and verdicts of a turn, got others: {error}") from None
