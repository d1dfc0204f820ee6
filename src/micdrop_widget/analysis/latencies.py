"""`plot_latencies`: the latencies of several calls side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from micdrop_widget._extras import extra_needed
from micdrop_widget.history.columns import DERIVED
from micdrop_widget.history.pictures import Theme
from micdrop_widget.history.turns import Turn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_latencies"]


def plot_latencies(
    calls: Mapping[str, Iterable[Turn]],
    *,
    quantity: str = "reply_latency_ms",
    ax: Axes | None = None,
    theme: Theme = "light",
) -> Figure:
    """Draw the latencies of several calls one below the other: every turn, the middle half, median and p95.

    Parameters
    ----------
    calls
        The turns of each call, or of several calls together, by the name that it has in the picture.
    quantity
        Which latency: the name of a duration of `Turn`, such as `server_ms`. Turns without it are left out.
    ax
        Where to draw; by default a figure of its own, 8 inches wide.
    theme
        `"light"`, `"dark"`, or `"print"`, which needs no colours.

    Returns
    -------
    matplotlib.figure.Figure
        It shows itself in a cell, with an alt text (`figure.alt_text`). A p95 is drawn of 20 turns and more.

    Raises
    ------
    ValueError
        There is no call, no such quantity, or no such theme.
    MissingPackageError
        matplotlib is not installed.
    """
    if quantity not in DERIVED:
        raise ValueError(f"quantity: expected one of {', '.join(DERIVED)}, got {quantity!r}")
    if not calls:
        raise ValueError("calls: expected the turns of at least one call, got none")
    with extra_needed("analysis", "matplotlib", "Pictures"):
        from micdrop_widget.analysis.latency_plot import draw_latencies  # noqa: PLC0415 - matplotlib loads here

    return draw_latencies(calls, quantity, ax, theme)
