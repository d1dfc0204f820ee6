"""The user's event handlers: who wants to hear of which event, and in which context."""

from __future__ import annotations

import contextvars
import difflib
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, get_args

from micdrop_widget.protocol import EventName

__all__ = ["Handler", "Handlers", "InContext"]

Handler: TypeAlias = Callable[..., Any]

_T = TypeVar("_T")

_EVENTS: tuple[str, ...] = get_args(EventName)


class InContext:
    """A handler that runs in the context it was registered in, so that its prints appear under that cell.

    It equals the handler it wraps: whoever removes the handler finds it.
    """

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self._context = contextvars.copy_context()

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - the handler's own types
        """Call the handler."""
        return self.run(self.handler, *arguments)

    def run(self, function: Callable[..., _T], *arguments: Any) -> _T:  # noqa: ANN401 - the function's own types
        """Call any function in the handler's context."""
        # a copy, since a context cannot be entered twice at a time
        return self._context.copy().run(function, *arguments)

    def __eq__(self, other: object) -> bool:
        return self.handler == (other.handler if isinstance(other, InContext) else other)

    def __hash__(self) -> int:
        return hash(self.handler)


class Handlers:
    """A register of handlers per event. A handler is called once per event, however often it was added.

    Parameters
    ----------
    wrap
        What each handler is wrapped in.
    events
        The names of the events there are; by default those of a call.
    """

    def __init__(self, wrap: type[InContext] = InContext, events: tuple[str, ...] = _EVENTS) -> None:
        self._wrap = wrap
        self._handlers: dict[str, list[InContext]] = {event: [] for event in events}

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
            handlers.append(self._wrap(handler))

    def off(self, event: str, handler: Handler | None = None) -> None:
        """Remove a handler, or all of an event; one that is not there is no error."""
        handlers = self._of(event)
        if handler is None:
            handlers.clear()
        elif handler in handlers:
            handlers.remove(handler)  # type: ignore[arg-type]  # equal to its wrapper

    def of(self, event: str) -> tuple[InContext, ...]:
        """Return the handlers of an event, in the order they were added."""
        return tuple(self._handlers[event])

    def _of(self, event: str) -> list[InContext]:
        if event not in self._handlers:
            near = difflib.get_close_matches(event, self._handlers, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(self._handlers)}"
            raise ValueError(f"unknown event {event!r}: {hint}")
        return self._handlers[event]
