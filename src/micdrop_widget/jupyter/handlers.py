"""Handlers of ipywidgets' own events, `on_msg` and `observe`, called like the handlers of the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from micdrop_widget.browser.waiting_calls import HandlerCall, UserHandler
from micdrop_widget.call.events import Handler

__all__ = ["MessageHandler", "TraitObserver"]


class MessageHandler(UserHandler):
    """A handler of the panel's messages. When `on_msg` calls it, it hands the call over to the handler thread.

    Parameters
    ----------
    handler
        The user's.
    call
        Receives each call.
    """

    def __init__(self, handler: Handler, call: Callable[[HandlerCall], object]) -> None:
        super().__init__(handler)
        self._call = call

    def __call__(self, *arguments: Any) -> None:  # noqa: ANN401 - the handler's own types
        """Hand the call over."""
        self._call(HandlerCall(self, "on_msg", arguments))


class TraitObserver(UserHandler):
    """A handler of changes. When the trait thread calls it, it hands the call over to the handler thread.

    Parameters
    ----------
    handler
        The user's; or that of a traitlets `link`, which fails when the trait has changed again meanwhile.
    call
        Receives each call.
    """

    def __init__(self, handler: Handler, call: Callable[[HandlerCall], object]) -> None:
        super().__init__(handler)
        self._call = call
        self._is_link = isinstance(getattr(handler, "__self__", None), traitlets.link)

    def invoke(self, change: Any) -> Any:  # noqa: ANN401 - what traitlets calls a change
        """Call the handler; a link only with the value that the trait still has, since another change follows."""
        if not self._is_link:
            return self.handler(change)
        if _is_current(change):
            try:
                self.handler(change)
            except traitlets.TraitError:
                if _is_current(change):
                    raise
        return None

    def __call__(self, change: Any) -> None:  # noqa: ANN401 - what traitlets calls a change
        """Hand a change over; the changes of one trait supersede one another."""
        key = change.name if change.type == "change" else None
        self._call(HandlerCall(self, f"observe {change.name}", (change,), key, _merge_changes))


def _is_current(change: Any) -> bool:  # noqa: ANN401 - as above
    return bool(getattr(change.owner, change.name) == change.new)


def _merge_changes(earlier: tuple[Any, ...], later: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return one change from the earlier one's old value to the later one's new value."""
    return (traitlets.Bunch({**later[0], "old": earlier[0].old}),)
