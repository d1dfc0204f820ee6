"""What all pictures have in common: a figure that a cell shows with its alt text, and axes in the panel's colours."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape
from pathlib import PurePath
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from micdrop_widget.analysis.palette import Palette

__all__ = [
    "FONT_PT",
    "Margins",
    "Picture",
    "alt_text",
    "axes_for",
    "clock",
    "describe",
    "figure_of",
    "style",
    "time_axis",
]

_DPI = 144
_CSS_DPI = 96
FONT_PT = 10
"""At 8 inches a picture is 768 pixels wide; shrunk to 600, its letters are 10 pixels high."""

_DESCRIBED_BY = {"png": "Description", "svg": "Description", "pdf": "Subject"}
"""The metadata field for the alt text, by the kind of file."""


_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 9


class Picture(Figure):
    """A figure that a notebook shows, with its alt text, also when pyplot was never imported there.

    A file that it is saved to has the alt text among its metadata (PNG, SVG, PDF).
    """

    alt_text: str = ""
    """What the picture shows, in words."""

    def savefig(self, fname: Any, **options: Any) -> None:  # noqa: ANN401 - those of matplotlib
        """Save the figure as `Figure.savefig` does, with its own background, and its alt text as metadata."""
        name = fname if isinstance(fname, str | PurePath) else "picture.png"
        kind = str(options.get("format") or PurePath(name).suffix.lstrip(".") or "png").lower()
        if kind in _DESCRIBED_BY:
            options["metadata"] = {_DESCRIBED_BY[kind]: self.alt_text, **(options.get("metadata") or {})}
        super().savefig(fname, **{"dpi": _DPI, "facecolor": self.get_facecolor(), **options})

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        self.savefig(png, format="png")
        return png.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401 - IPython's filters
        encoded = base64.b64encode(self._repr_png_()).decode()
        width = round(self.get_figwidth() * _CSS_DPI)
        html = (
            f'<img alt="{escape(self.alt_text)}" width="{width}" style="max-width: 100%" '
            f'src="data:image/png;base64,{encoded}">'
        )
        bundle = {"text/plain": self.alt_text, "text/html": html, "image/png": encoded}
        return bundle, {"image/png": {"width": width, "alt": self.alt_text}}


def describe(ax: Axes, text: str) -> Figure:
    """Append what axes show to the alt text of their figure; return the figure."""
    figure = figure_of(ax)
    figure.alt_text = " ".join(filter(None, (alt_text(figure), text)))  # type: ignore[attr-defined]  # also of others
    return figure


def alt_text(figure: Figure) -> str:
    """Return the alt text of a figure; "" for one that is no `Picture`."""
    return str(getattr(figure, "alt_text", ""))


@dataclass(frozen=True, slots=True)
class Margins:
    """What is left free around the axes of a new figure, in inches; the defaults align the pictures of a call."""

    left: float = 1.3
    right: float = 0.3
    top: float = 0.1
    bottom: float = 0.55


def axes_for(ax: Axes | None, width_in: float, height_in: float, margins: Margins, palette: Palette) -> Axes:
    """Return the axes to draw in: those that are given, or those of a new figure, in the colours of a palette."""
    if ax is None:
        figure = Picture(figsize=(width_in, height_in), facecolor=palette.surface)
        sides = margins.left / width_in, margins.bottom / height_in
        free = (margins.left + margins.right) / width_in, (margins.top + margins.bottom) / height_in
        ax = figure.add_axes((*sides, 1 - free[0], 1 - free[1]))
    style(ax, palette)
    return ax


def figure_of(ax: Axes) -> Figure:
    """Return the whole figure that axes are in."""
    figure = ax.figure
    while isinstance(figure, SubFigure):
        figure = figure.figure
    assert isinstance(figure, Figure), "axes that are in a figure"
    return figure


def style(ax: Axes, palette: Palette) -> None:
    """Give axes the colours of a palette, and no more lines than they need."""
    ax.set_facecolor(palette.surface)
    for side, spine in ax.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(palette.border)
    ax.tick_params(colors=palette.secondary, labelcolor=palette.secondary, labelsize=FONT_PT, length=3)
    ax.tick_params(axis="y", length=0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_color(palette.secondary)
        axis.label.set_fontsize(FONT_PT)


def clock(seconds: float, decimals: int = 0) -> str:
    """Return a time as minutes and seconds, with hours where there are any."""
    whole = round(seconds * 10**decimals)
    minutes, rest = divmod(whole, 60 * 10**decimals)
    shown = f"{rest / 10**decimals:0{3 + decimals if decimals else 2}.{decimals}f}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{shown}" if hours else f"{minutes}:{shown}"


def time_axis(ax: Axes, begin_s: float, end_s: float) -> None:
    """Show times since the start of the call: seconds where they are few, otherwise as a clock does."""
    ax.set_xlim(begin_s, end_s)
    step_s = next((step for step in _STEPS_S if (end_s - begin_s) / step <= _MOST_TICKS), _STEPS_S[-1])
    ax.xaxis.set_major_locator(MultipleLocator(step_s))
    if end_s <= 100:
        ax.set_xlabel("since the start of the call (s)")
        return
    decimals = 0 if step_s >= 1 else 1
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: clock(value, decimals)))
    ax.set_xlabel("since the start of the call (min:s)" if end_s < 3600 else "since the start of the call (h:min:s)")
