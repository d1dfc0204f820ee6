"""Pictures of latencies: of each turn, stacked by its parts, and of several calls, one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from micdrop_widget.analysis.palette import Palette, mix, palette_of
from micdrop_widget.analysis.picture import FONT_PT, Margins, axes_for, describe
from micdrop_widget.history.pictures import Theme
from micdrop_widget.history.turns import Turn

__all__ = ["HUMAN_MS", "draw_latencies", "draw_turns"]

HUMAN_MS = 200.0
"""How long people take to answer one another, in the mode: Stivers et al. 2009, ten languages."""

Floats: TypeAlias = NDArray[np.float64]

_FEWEST_FOR_P95 = 20
_WIDTH_IN = 8.0
_MARGINS = Margins(left=0.85, right=1.3, top=0.36)
_LONGEST_NAME = 24
_PARTS = ("endpointing_ms", "server_ms", "playout_ms", "lead_in_ms")
_MOST_BARS = 60
"""The number of bars up to which there are gaps between them."""

_LABELS = ("waited for silence (endpointing)", "server", "playout", "silence in the answer (lead-in)")
_HATCHES = ("", "////", "", "....")
_FEWEST_SLOTS = 6
"""The least width of the axis, in turns, so that the bar of a single turn does not fill the picture."""


def draw_turns(turns: Sequence[Turn], ax: Axes | None, theme: Theme) -> Figure:
    """Return the picture of the reply latencies of one call, with their parts."""
    palette = palette_of(theme)
    axes = axes_for(ax, _WIDTH_IN, 3.4, _MARGINS, palette)
    asked = [number for number, turn in enumerate(turns) if turn.kind == "user"]
    answered = [number for number in asked if turns[number].reply_latency_ms is not None]
    parts = np.array([[getattr(turns[number], part) for part in _PARTS] for number in answered], float).reshape(-1, 4)
    tops, bottoms = _stack(axes, palette, np.array(answered, float), parts)
    unanswered = sorted(set(asked) - set(answered))
    axes.plot(unanswered, np.zeros(len(unanswered)), "x", color=palette.error, markersize=6, clip_on=False, zorder=5)
    latencies = parts.sum(axis=1)
    _mark_levels(axes, palette, latencies, _range(axes, palette, tops, bottoms))
    room = max(0.0, (_FEWEST_SLOTS - len(turns)) / 2)
    axes.set_xlim(-0.6 - room, len(turns) - 0.4 + room)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, len(turns)) if len(turns) <= 12 * step)
    axes.set_xticks(range(0, len(turns), step))
    axes.set_xlabel("turn")
    axes.set_ylabel("reply latency (ms)")
    _add_legend(axes, palette, has_unanswered=bool(unanswered))
    return describe(axes, _words_of_turns(latencies, parts, len(unanswered)))


def draw_latencies(calls: Mapping[str, Iterable[Turn]], quantity: str, ax: Axes | None, theme: Theme) -> Figure:
    """Return the picture of the latencies of several calls; see `plot_latencies`."""
    palette = palette_of(theme)
    values = {name: _values(turns, quantity) for name, turns in calls.items()}
    names = [fill(name, _LONGEST_NAME) for name in values]
    longest = max((len(line) for name in names for line in name.splitlines()), default=0)
    margins = Margins(left=0.25 + 0.085 * longest, top=0.3)
    axes = axes_for(ax, _WIDTH_IN, margins.top + margins.bottom + 0.6 * len(values), margins, palette)
    for row, measured in enumerate(values.values()):
        _draw_distribution(axes, palette, row, measured)
    axes.set_yticks(range(len(values)), names)
    axes.tick_params(axis="y", labelcolor=palette.text)
    axes.set_ylim(len(values) - 0.45, -0.55)
    axes.grid(axis="x", color=palette.border, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{quantity.removesuffix('_ms').replace('_', ' ')} (ms)")
    every = np.concatenate(list(values.values()))
    low, high = (min(0.0, float(every.min())), float(every.max())) if len(every) else (0.0, 1000.0)
    axes.set_xlim(low - (0.02 * (high - low) if low < 0 else 0), high + 0.04 * (high - low) + 1)
    if quantity == "reply_latency_ms":
        axes.axvline(HUMAN_MS, color=palette.secondary, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
        where = axes.get_xaxis_transform()
        axes.text(
            HUMAN_MS,
            1.01,
            "people: 200 ms",
            transform=where,
            ha="center",
            color=palette.secondary,
            fontsize=FONT_PT - 1,
        )
    return describe(axes, _words_of_calls(values, quantity))


def _stack(ax: Axes, palette: Palette, numbers: Floats, parts: Floats) -> tuple[Floats, Floats]:
    """Draw the parts on one another, those below zero downwards; return where each stack ends."""
    up, down = np.zeros(len(parts)), np.zeros(len(parts))
    draw = _draw_bars if len(parts) <= _MOST_BARS else _draw_area
    for part, (colour, hatch) in enumerate(zip(_colours(palette), _HATCHES, strict=True)):
        values = parts[:, part]
        base = np.where(values >= 0, up, down)
        draw(ax, numbers, base, values, color=colour, hatch=hatch if palette.hatched else "", edge=palette.surface)
        up += np.maximum(values, 0)
        down += np.minimum(values, 0)
    return up, down


def _draw_bars(ax: Axes, numbers: Floats, base: Floats, values: Floats, *, color: str, hatch: str, edge: str) -> None:
    ax.bar(numbers, values, 0.72, bottom=base, color=color, hatch=hatch, edgecolor=edge, linewidth=0.8, zorder=2)


def _draw_area(ax: Axes, numbers: Floats, base: Floats, values: Floats, *, color: str, hatch: str, edge: str) -> None:
    """Draw bars that touch, as one thing: a thousand of them would take seconds one by one."""
    sides = numbers - 0.5, numbers + 0.5
    tops = base + values
    corners = [(sides[0], base), (sides[0], tops), (sides[1], tops), (sides[1], base)]
    outlines = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    # antialiased edges would leave seams between the bars
    ax.add_collection(
        PolyCollection(
            list(outlines), facecolor=color, edgecolor=edge, hatch=hatch, linewidth=0, antialiased=False, zorder=2
        ),
        autolim=False,
    )


def _colours(palette: Palette) -> tuple[str, str, str, str]:
    """Return a colour for each part. Neighbours differ in lightness too, for people who do not see their hues."""
    return (
        palette.user,
        mix(palette.wait, palette.surface, 0.6),
        palette.assistant,
        mix(palette.assistant, palette.surface, 0.4),
    )


def _range(ax: Axes, palette: Palette, tops: Floats, bottoms: Floats) -> float:
    """Set how far the axis of latencies goes, and return it."""
    highest = max(float(tops.max(initial=0)), HUMAN_MS) * 1.1
    lowest = min(float(bottoms.min(initial=0)) * 1.06, 0.0)
    ax.set_ylim(lowest, highest)
    ax.grid(axis="y", color=palette.border, linewidth=0.6)
    ax.set_axisbelow(True)
    return highest - lowest


def _mark_levels(ax: Axes, palette: Palette, latencies: Floats, shown_ms: float) -> None:
    """Draw median, p95 and what is usual among people, with their labels right of the axes, which do not overlap."""
    levels: list[tuple[float, str, Any, str]] = [(HUMAN_MS, "people: 200 ms", (0, (1, 2)), palette.secondary)]
    if len(latencies):
        middle = float(np.median(latencies))
        levels.append((middle, f"p50: {middle:.0f} ms", "-", palette.text))
    if len(latencies) >= _FEWEST_FOR_P95:
        high = float(np.percentile(latencies, 95))
        levels.append((high, f"p95: {high:.0f} ms", (0, (5, 2)), palette.text))
    apart = 0.085 * shown_ms
    label_at = -np.inf
    for level, label, dashes, colour in sorted(levels):
        if dashes != "-":  # seen on the bars too
            ax.axhline(level, color=palette.surface, linewidth=2.4, zorder=3)
        ax.axhline(level, color=colour, linestyle=dashes, linewidth=1.3, zorder=4)
        label_at = max(level, label_at + apart)
        ax.annotate(
            label,
            (1, label_at),
            xycoords=ax.get_yaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=FONT_PT - 1,
            annotation_clip=False,
        )


def _add_legend(ax: Axes, palette: Palette, *, has_unanswered: bool) -> None:
    handles: list[Patch] = [
        Patch(facecolor=colour, edgecolor=palette.surface, hatch=hatch if palette.hatched else "", label=label)
        for colour, hatch, label in zip(_colours(palette), _HATCHES, _LABELS, strict=True)
    ]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        fontsize=FONT_PT - 1,
        labelcolor=palette.secondary,
        handlelength=1.1,
        handletextpad=0.5,
        columnspacing=1.3,
        borderaxespad=0,
    )
    if has_unanswered:
        ax.annotate(
            "× without an answer that was heard",
            (1, 0),
            xycoords="axes fraction",
            xytext=(0, -22),
            textcoords="offset points",
            ha="right",
            va="top",
            color=palette.error,
            fontsize=FONT_PT - 1,
        )


def _values(turns: Iterable[Turn], quantity: str) -> Floats:
    measured = (getattr(turn, quantity) for turn in turns)
    return np.array([value for value in measured if value is not None], float)


def _draw_distribution(ax: Axes, palette: Palette, row: int, values: Floats) -> None:
    """Draw every value, the middle half, the median, and the p95 where there are values enough."""
    colour = palette.user
    # the golden ratio spreads them evenly without chance: the same turns give the same picture
    spread = ((np.arange(len(values)) * 0.618034) % 1 - 0.5) * 0.44
    pale = mix(colour, palette.surface, 0.45)
    ax.plot(values, row + spread, "o", color=pale, markersize=3.2, markeredgewidth=0, zorder=2, clip_on=False)
    if not len(values):
        ax.annotate(
            "nothing measured",
            (0.01, row),
            xycoords=ax.get_yaxis_transform(),
            va="center",
            color=palette.secondary,
            fontsize=FONT_PT - 1,
        )
        return
    low, middle, high = (float(value) for value in np.percentile(values, (25, 50, 75)))
    ax.plot([low, high], [row, row], color=colour, linewidth=5, solid_capstyle="butt", zorder=3)
    ax.plot([middle], [row], "|", color=palette.text, markersize=17, markeredgewidth=2.4, zorder=4)
    label = f"n = {len(values)}   p50: {middle:.0f} ms"
    if len(values) >= _FEWEST_FOR_P95:
        late = float(np.percentile(values, 95))
        ax.plot([late], [row], "|", color=colour, markersize=13, markeredgewidth=1.8, zorder=4)
        label += f"   p95: {late:.0f} ms"
    ax.annotate(
        label,
        (1, row - 0.36),
        xycoords=ax.get_yaxis_transform(),
        ha="right",
        va="center",
        color=palette.text,
        fontsize=FONT_PT - 1,
    )


def _words_of_turns(latencies: Floats, parts: Floats, unanswered: int) -> str:
    verb = "has" if unanswered == 1 else "have"
    missing = f" {_turns(unanswered)} {verb} no answer that was heard." if unanswered else ""
    if not len(latencies):
        return f"No reply latency was measured.{missing}"
    high = (
        f", {np.percentile(latencies, 95):.0f} ms in the 95th percentile" if len(latencies) >= _FEWEST_FOR_P95 else ""
    )
    medians = ", ".join(
        f"{label} {value:.0f} ms" for label, value in zip(_LABELS, np.median(parts, axis=0), strict=True)
    )
    return (
        f"Reply latencies of {_turns(len(latencies))} as stacked bars: {np.median(latencies):.0f} ms in the "
        f"median{high}; people take 200 ms among themselves. Their parts in the median: {medians}.{missing}"
    )


def _turns(count: int) -> str:
    return "1 turn" if count == 1 else f"{count} turns"


def _words_of_calls(values: Mapping[str, Floats], quantity: str) -> str:
    rows = (
        f"{name}: {_turns(len(measured))}, median {np.median(measured):.0f} ms" if len(measured) else f"{name}: none"
        for name, measured in values.items()
    )
    return f"Distributions of {quantity}, one row a call. {'; '.join(rows)}."
