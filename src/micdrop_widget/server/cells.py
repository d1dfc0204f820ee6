"""The place in the user's code that runs: the cell of a notebook, or the line of a program."""

from __future__ import annotations

import contextvars
import logging
import sys
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, TypeVar

__all__ = ["CellContext", "Place", "current_execution", "current_place"]

_T = TypeVar("_T")

_log = logging.getLogger("micdrop_widget.server")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the user's code, and which run of it this is."""

    words: str
    """The place in words, for an error message."""
    cell: Hashable
    """Identifies the cell or the line: the same for each of its runs."""
    run: Hashable = None
    """Identifies the run of the cell; None outside of notebooks."""
    execution: int | None = None
    """The number of the run, as the notebook shows it beside the cell."""

    def is_rerun_of(self, other: Place) -> bool:
        """Return whether this is a later run of the same cell or line."""
        return self.cell == other.cell and (self.run is None or self.run != other.run)

    def is_later_run_of_cell(self, other: Place) -> bool:
        """Return whether this is a later run of the same cell; in a program there are none."""
        return self.run is not None and self.is_rerun_of(other)


def current_place() -> Place:
    """Return the place that runs: the innermost code that is not of this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame):
        frame = frame.f_back
    line = (frame.f_code.co_filename, frame.f_lineno)
    shell = _shell()
    parent: dict[str, Any] = shell.get_parent() if hasattr(shell, "get_parent") else {}
    run = parent.get("header", {}).get("msg_id")
    if run is None:
        return Place(f"{line[0]}, line {line[1]}", line)
    cell_id = parent.get("metadata", {}).get("cellId")
    number = shell.execution_count
    return Place(f"cell [{number}]", line if cell_id is None else cell_id, run, number)


def current_execution() -> int | None:
    """Return the number of the cell that runs, or that of the next one; None outside of notebooks; from any thread."""
    number: int | None = getattr(_shell(), "execution_count", None)
    return number


def _shell() -> Any:  # noqa: ANN401 - IPython's shell, or None
    # asked for, never imported: outside of a notebook there is none
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


class CellContext:
    """The cell that runs when this is made: prints and tracebacks of the code that it defines appear under it."""

    def __init__(self) -> None:
        self._context = contextvars.copy_context()
        self._in_notebook = current_place().run is not None

    def run(self, function: Callable[..., _T], *arguments: Any) -> _T:  # noqa: ANN401 - the function's own types
        """Call a function so that what it prints appears under the cell; from any thread."""
        # a copy, since a context cannot be entered twice at a time
        return self._context.copy().run(function, *arguments)

    def show(self, what: str, error: BaseException) -> None:
        """Show an exception of the user's code: under its cell, or in the log where there is no notebook."""
        trace = _without_our_frames(error.__traceback__)
        if self._in_notebook:
            _log.debug("%s failed", what, exc_info=error)
            self.run(traceback.print_exception, type(error), error, trace)
        else:
            _log.error("%s failed", what, exc_info=(type(error), error, trace))


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the user's first frame on; None if there is none."""
    while trace is not None and _is_ours(trace.tb_frame):
        trace = trace.tb_next
    return trace


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("micdrop_widget.")
