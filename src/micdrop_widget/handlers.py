"""The user's event handlers: who wants to hear of which event."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, TypeAlias, get_args

from micdrop_widget.state.effects import EventName

__all__ = ["Handler", "Handlers"]

Handler: TypeAlias = Callable[..., Any]

_EVENTS = get_args(EventName)


class Handlers:
    """A register of handlers per event. A handler is called once per event, however often it was added."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {event: [] for event in _EVENTS}

    def on(self, event: str, handler: Handler) -> None:
        """Add a handler.

        Raises
        ------
        ValueError
            There is no such event.
        TypeError
            The handler cannot be called.
        """
        if not callable(handler):
            raise TypeError(f"on({event!r}): expected a function, got {type(handler).__name__}")
        handlers = self._of(event)
        if handler not in handlers:
            handlers.append(handler)

    def off(self, event: str, handler: Handler | None = None) -> None:
        """Remove a handler, or all of an event; one that is not there is no error."""
        handlers = self._of(event)
        if handler is None:
            handlers.clear()
        elif handler in handlers:
            handlers.remove(handler)

    def of(self, event: EventName) -> tuple[Handler, ...]:
        """Return the handlers of an event, in the order they were added."""
        return tuple(self._handlers[event])

    def _of(self, event: str) -> list[Handler]:
        if event not in self._handlers:
            near = difflib.get_close_matches(event, _EVENTS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(_EVENTS)}"
            raise ValueError(f"unknown event {event!r}: {hint}")
        return self._handlers[event]
