"""Handlers that a cell has added: those of a later run of the cell replace those of an earlier one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import traitlets

from micdrop_widget.browser.waiting_calls import UserHandler
from micdrop_widget.call.events import Handler, InContext
from micdrop_widget.server.cells import Place, current_place

__all__ = ["CellHandler", "CellObservers"]


class CellHandler(UserHandler):
    """A handler of an event, with the cell that has added it."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(handler)
        self.place = current_place()

    def takes_place_of(self, earlier: InContext) -> bool:
        """Return whether an earlier run of the same cell has added the other one."""
        return isinstance(earlier, CellHandler) and self.place.is_later_run_of_cell(earlier.place)


@dataclass(frozen=True, slots=True, eq=False)
class _Added:
    place: Place
    observer: object
    names: tuple[Any, ...]
    type: Any


class CellObservers:
    """Remembers which cell has added which observer of which traits.

    Parameters
    ----------
    observed
        The object whose traits they observe, by traitlets' own methods.
    """

    def __init__(self, observed: traitlets.HasTraits) -> None:
        self._observed = observed
        self._added: list[_Added] = []

    def note(self, observer: object, names: Any, type: Any) -> None:  # noqa: ANN401 - as traitlets has it
        """Note an observer that is about to be added, and remove those that it replaces."""
        each_name = tuple(names) if isinstance(names, list | tuple) else (names,)
        added = _Added(current_place(), observer, each_name, type)
        kept = [earlier for earlier in self._added if not _takes_place_of(added, earlier)]
        superseded = [earlier for earlier in self._added if earlier not in kept]
        self._added = [*kept, added]
        for earlier in superseded:
            for name in each_name:
                self._remove(earlier.observer, name, type)

    def _remove(self, observer: Any, name: Any, type: Any) -> None:  # noqa: ANN401
        with contextlib.suppress(ValueError):  # the user has removed it
            traitlets.HasTraits.unobserve(self._observed, observer, name, type)


def _takes_place_of(added: _Added, earlier: _Added) -> bool:
    observes_the_same = (added.names, added.type) == (earlier.names, earlier.type)
    return observes_the_same and added.place.is_later_run_of_cell(earlier.place)
