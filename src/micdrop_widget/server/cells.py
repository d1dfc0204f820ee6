"""Where in the user's code a server was started: the cell of a notebook, or the line of a program."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

__all__ = ["Place", "current_place"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the user's code, and which run of it this is."""

    words: str
    """For an error message."""
    cell: Hashable
    """The same for every run of the same cell, or of the same line."""
    run: Hashable = None
    """Another for every run of a cell; None outside of notebooks."""

    def is_rerun_of(self, other: Place) -> bool:
        """Return whether this is a later run of the same cell or line."""
        return self.cell == other.cell and (self.run is None or self.run != other.run)


def current_place() -> Place:
    """Return the place that is running: the innermost code that is not this package's."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("micdrop_widget."):
        frame = frame.f_back
    line = (frame.f_code.co_filename, frame.f_lineno)
    # asked for, never imported: outside of a notebook there is none
    get_ipython: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    shell: Any = get_ipython()
    parent: dict[str, Any] = shell.get_parent() if hasattr(shell, "get_parent") else {}
    run = parent.get("header", {}).get("msg_id")
    if run is None:
        return Place(f"{line[0]}, line {line[1]}", line)
    cell_id = parent.get("metadata", {}).get("cellId")
    return Place(f"cell [{shell.execution_count}]", line if cell_id is None else cell_id, run)
