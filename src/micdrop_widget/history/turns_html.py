"""Turns as the table that a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

__all__ = ["turns_html"]

_TEXT_COLUMNS = ("kind", "user", "assistant")
_COLUMNS = (*_TEXT_COLUMNS, "reply ms", "endpointing", "server", "playout", "lead-in", "heard ms", "")


def turns_html(turns: Sequence[Any]) -> str:
    """Return one row per turn, which are `Turn`s, with what was said and the parts of the reply latency; as HTML."""
    if not turns:
        return "<p>No turns yet.</p>"
    head = "".join(_cell(name, name, "th") for name in _COLUMNS)
    rows = "".join(f"<tr><td>{n}</td>{_row(turn)}</tr>" for n, turn in enumerate(turns))
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(turn: Any) -> str:  # noqa: ANN401 - a turn
    texts = (turn.kind, turn.user_text or "", turn.heard_text if turn.interrupted else turn.assistant_text)
    times = (
        turn.reply_latency_ms,
        turn.endpointing_ms,
        turn.server_ms,
        turn.playout_ms,
        turn.lead_in_ms,
        turn.answer_heard_ms,
    )
    marks = ("interrupted" if turn.interrupted else "") + (" (no speech)" if turn.false_interruption else "")
    cells = [*(text or "" for text in texts), *("" if ms is None else f"{ms:.0f}" for ms in times), marks]
    return "".join(_cell(name, cell) for cell, name in zip(cells, _COLUMNS, strict=True))


def _cell(column: str, content: str, tag: str = "td") -> str:
    """Return a cell of the table; texts begin at the left, where notebooks would put them at the right."""
    style = ' style="text-align: left"' if column in (*_TEXT_COLUMNS, "") else ""
    return f"<{tag}{style}>{escape(content)}</{tag}>"
