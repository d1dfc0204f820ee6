"""Ends the calls of widgets that an earlier run of a cell has made."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Protocol

from micdrop_widget.server.cells import Place

__all__ = ["CellWidget", "Reruns"]


class CellWidget(Protocol):
    """A widget that a cell makes."""

    place: Place
    """Where it was made, and in which run."""

    @property
    def is_in_use(self) -> bool:
        """Whether a page shows the panel, or a call is under way."""
        ...

    @property
    def follows_ended_call(self) -> bool:
        """Whether it shows that an earlier call of its cell was ended, and none was begun since."""
        ...

    def follow_ended_call(self) -> None:
        """Show that the call of an earlier run was ended by this one; at once, from any thread."""
        ...

    def discard(self) -> None:
        """Release everything; on a thread of its own, where it may wait."""
        ...


class Reruns:
    """Discards the widgets of an earlier run of a cell as soon as they are not in use any more; from any thread.

    A cell that runs again removes the panel of its earlier run, which ends the call. Before or after that the cell
    makes a new widget, whose panel says that the call has ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: weakref.WeakSet[CellWidget] = weakref.WeakSet()
        self._successors: weakref.WeakKeyDictionary[CellWidget, weakref.ref[CellWidget]] = weakref.WeakKeyDictionary()
        """For each superseded widget the one that a later run of its cell has made."""
        self._ended: weakref.WeakKeyDictionary[CellWidget, int | None] = weakref.WeakKeyDictionary()
        """Widgets whose call ended with their panel before their cell made another, with the execution's number."""

    def add(self, widget: CellWidget) -> None:
        """Note a widget that a cell has made. A loop makes many in one run, and a program has no cells."""
        with self._lock:
            earlier = [each for each in self._made if widget.place.is_later_run_of_cell(each.place)]
            ended_in = [self._ended.pop(each) for each in earlier if each in self._ended]
            self._successors.update(dict.fromkeys(earlier, weakref.ref(widget)))
            self._made.add(widget)
        if widget.place.execution in ended_in or any(each.follows_ended_call for each in earlier):
            widget.follow_ended_call()
        for each in earlier:
            self.check(each)

    def remove(self, widget: CellWidget) -> None:
        """Forget a widget that was closed."""
        with self._lock:
            self._forget(widget)

    def note_ended_call(self, widget: CellWidget, execution: int | None) -> None:
        """Note that a call ends because its panel was removed.

        Parameters
        ----------
        widget
            The widget whose call it is.
        execution
            The number of the cell that runs, or runs next.
        """
        with self._lock:
            successor = self._successors.get(widget, lambda: None)()
            if successor is None:
                self._ended[widget] = execution
        if successor is not None:
            successor.follow_ended_call()

    def check(self, widget: CellWidget) -> None:
        """Discard a widget, if it is superseded and not in use any more."""
        with self._lock:
            if widget not in self._successors or widget.is_in_use:
                return
            self._forget(widget)
        _start(widget.discard)

    def _forget(self, widget: CellWidget) -> None:
        self._made.discard(widget)
        self._successors.pop(widget, None)
        self._ended.pop(widget, None)


def _start(function: Callable[[], object]) -> None:
    threading.Thread(target=function, name="micdrop-discard", daemon=True).start()
