"""Loads the module that draws the pictures of turns and recordings.

`analysis`, a room above this one, draws them, with matplotlib. `call.turns.plot()` is where a user looks for them, and
lies below: so `analysis.pictures` is a plug-in, found by its name when a picture is asked for, and its interface is
`Pictures`. `tests/test_architecture.py` knows of this one way up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

from micdrop_widget._extras import extra_needed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PLUG_IN", "Pictures", "Theme", "load_pictures"]

Theme: TypeAlias = Literal["light", "dark", "print"]
"""The colours of a picture: the panel's in a light or a dark notebook, or such as a printer distinguishes in grey."""

PLUG_IN = "micdrop_widget.analysis.pictures"


class Pictures(Protocol):
    """The interface of the plug-in: functions that return figures."""

    def draw_recording(self, recording: Any, span: tuple[int, int], ax: Axes | None, theme: Theme) -> Figure:  # noqa: ANN401
        """Draw a stretch of a `Recording`, from one sample of its time line to another."""
        ...

    def draw_turns(self, turns: Any, ax: Axes | None, theme: Theme) -> Figure:  # noqa: ANN401 - `Turns`
        """Draw the parts of each reply latency."""
        ...


def load_pictures() -> Pictures:
    """Return the plug-in.

    Raises
    ------
    MissingPackageError
        matplotlib is not installed.
    """
    with extra_needed("analysis", "matplotlib", "Pictures"):
        return cast("Pictures", import_module(PLUG_IN))
