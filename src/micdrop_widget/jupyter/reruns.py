"""A cell that is run again: the widget that it made before is not needed any more."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Protocol

from micdrop_widget.server.cells import Place

__all__ = ["CellWidget", "Reruns"]


class CellWidget(Protocol):
    """What a cell makes."""

    place: Place
    """Where it was made, and in which run."""

    @property
    def is_in_use(self) -> bool:
        """Whether a page shows it, or something is under way."""
        ...

    def discard(self) -> None:
        """Release everything; on a thread of its own, where it may wait."""
        ...


class Reruns:
    """Discards what an earlier run of a cell has made, as soon as it is not in use any more; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: weakref.WeakSet[CellWidget] = weakref.WeakSet()
        self._superseded: weakref.WeakSet[CellWidget] = weakref.WeakSet()

    def add(self, widget: CellWidget) -> None:
        """Note what a cell has made. A loop makes many of them in one run, and a program has no cells."""
        with self._lock:
            earlier = [] if widget.place.run is None else [w for w in self._made if widget.place.is_rerun_of(w.place)]
            self._superseded.update(earlier)
            self._made.add(widget)
        for each in earlier:
            self.check(each)

    def check(self, widget: CellWidget) -> None:
        """Discard something, if it is superseded and not in use any more."""
        with self._lock:
            if widget not in self._superseded or widget.is_in_use:
                return
            self._superseded.discard(widget)
            self._made.discard(widget)
        _start(widget.discard)


def _start(function: Callable[[], object]) -> None:
    threading.Thread(target=function, name="micdrop-discard", daemon=True).start()
