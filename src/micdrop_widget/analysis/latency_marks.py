"""The reply latencies in the picture of a recording: brackets with labels, or dots where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from micdrop_widget.analysis.palette import Palette
from micdrop_widget.analysis.picture import FONT_PT
from micdrop_widget.analysis.recording_view import MARGINS, WIDTH_IN, Lane, View
from micdrop_widget.history.turns import Turn

__all__ = ["draw_latencies"]

_LETTER_IN = 0.08
"""The width of a letter in the label of a latency."""

_BRACKET_IN = 0.3
"""The width that a bracket needs, so that it can be told from the next."""

_LABELLED_DOTS = 5


def draw_latencies(view: View, lane: Lane) -> None:
    """Draw the reply latencies: as brackets while there is room for them, otherwise as dots, the higher the longer."""
    turns = sorted(view.turns(), key=lambda turn: -abs(turn.reply_latency_ms or 0))
    if len(turns) * _BRACKET_IN > WIDTH_IN - MARGINS.left - MARGINS.right:
        _draw_dots(view, lane, turns)
    else:
        _draw_brackets(view, lane, turns)


def _draw_brackets(view: View, lane: Lane, turns: Sequence[Turn]) -> None:
    """Draw a bracket from the end of each turn to the first sound of its answer; the longest get their label first."""
    labels = _Labels(view.begin_s, view.end_s)
    middle = lane.top + lane.height * 0.72
    for turn in turns:
        first_s, last_s = _ends_s(turn)
        colour = _colour(turn, view.palette)
        view.ax.plot(
            [first_s, first_s, last_s, last_s],
            [lane.top, middle, middle, lane.bottom],
            color=colour,
            linewidth=1.1,
            solid_joinstyle="miter",
            zorder=4,
        )
        label = _label(turn)
        left_s = labels.place(label, *sorted((first_s, last_s)))
        if left_s is not None:
            view.ax.text(left_s, middle - 0.03, label, va="bottom", color=colour, fontsize=FONT_PT - 1, zorder=5)


def _draw_dots(view: View, lane: Lane, turns: Sequence[Turn]) -> None:
    """Draw a dot for each latency, the higher the longer; the five longest get labels, where there is room."""
    longest_ms = max(abs(turn.reply_latency_ms or 0) for turn in turns)
    labels = _Labels(view.begin_s, view.end_s)
    scale = lane.height * 0.55 / max(longest_ms, 1.0)
    view.ax.axhline(lane.bottom - 0.03, color=view.palette.border, linewidth=0.8, zorder=1)
    times_s = [_ends_s(turn)[0] for turn in turns]
    tops = [lane.bottom - 0.03 - max(0.0, turn.reply_latency_ms or 0) * scale for turn in turns]
    colours = [_colour(turn, view.palette) for turn in turns]
    view.ax.scatter(times_s, tops, s=5, c=colours, linewidths=0, zorder=4)
    for turn, at_s, top, colour in islice(zip(turns, times_s, tops, colours, strict=True), _LABELLED_DOTS):
        left_s = labels.place(_label(turn), at_s, at_s)
        if left_s is not None:
            view.ax.text(left_s, top - 0.03, _label(turn), va="bottom", color=colour, fontsize=FONT_PT - 1, zorder=5)


def _ends_s(turn: Turn) -> tuple[float, float]:
    assert turn.speech_end_ms is not None
    assert turn.voiced_ms is not None
    return turn.speech_end_ms / 1000, turn.voiced_ms / 1000


def _colour(turn: Turn, palette: Palette) -> str:
    """Return the colour of a latency; that of an answer before the end of the turn is the one for errors."""
    return palette.error if (turn.reply_latency_ms or 0) < 0 else palette.text


def _label(turn: Turn) -> str:
    return f"{turn.reply_latency_ms:.0f} ms".replace("-", "−")


class _Labels:
    """Finds room for the labels of brackets: over the line where it is long, right or left of its start otherwise."""

    def __init__(self, begin_s: float, end_s: float) -> None:
        self._s_per_in = (end_s - begin_s) / (WIDTH_IN - MARGINS.left - MARGINS.right)
        self._begin_s = begin_s
        self._end_s = end_s + MARGINS.right * self._s_per_in
        self._gap_s = 0.05 * self._s_per_in
        self._spans_s: list[tuple[float, float]] = []

    def place(self, label: str, first_s: float, last_s: float) -> float | None:
        """Return where the label of a bracket begins, and reserve its place; None where there is no room."""
        width_s = _LETTER_IN * len(label) * self._s_per_in
        left_s = first_s + self._gap_s
        if last_s - first_s > width_s:
            left_s = (first_s + last_s - width_s) / 2
        elif left_s + width_s > self._end_s:
            left_s = first_s - self._gap_s - width_s
        right_s = left_s + width_s + self._gap_s
        if left_s < self._begin_s or any(left_s < end and begin < right_s for begin, end in self._spans_s):
            return None
        self._spans_s.append((left_s, right_s))
        return left_s
