"""The handlers of ipywidgets' own events, called as those of the call are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from micdrop_widget.browser.waiting_calls import HandlerCall, UserHandler
from micdrop_widget.call.events import Handler

__all__ = ["MessageHandler", "TraitObserver"]


class MessageHandler(UserHandler):
    """A handler of the panel's messages, as `on_msg` has it called: that hands the call over.

    Parameters
    ----------
    handler
        The user's.
    call
        Given each call.
    """

    def __init__(self, handler: Handler, call: Callable[[HandlerCall], object]) -> None:
        super().__init__(handler)
        self._call = call

    def __call__(self, *arguments: Any) -> None:  # noqa: ANN401 - the handler's own types
        """Hand the call over."""
        self._call(HandlerCall(self, "on_msg", arguments))


class TraitObserver(UserHandler):
    """A handler of changes, as `observe` has it called, on the thread that writes the traits: that hands them over.

    Parameters
    ----------
    handler
        The user's; or that of a traitlets `link`, which is broken when the trait is another one meanwhile.
    call
        Given each call.
    """

    def __init__(self, handler: Handler, call: Callable[[HandlerCall], object]) -> None:
        super().__init__(handler)
        self._call = call
        self._is_link = isinstance(getattr(handler, "__self__", None), traitlets.link)

    def invoke(self, change: Any) -> Any:  # noqa: ANN401 - what traitlets calls a change
        """Call the handler; a link, only with the value that the trait still has: another change follows."""
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
        """Hand a change over; those of one trait supersede one another."""
        key = change.name if change.type == "change" else None
        self._call(HandlerCall(self, f"observe {change.name}", (change,), key, _merge_changes))


def _is_current(change: Any) -> bool:  # noqa: ANN401 - as above
    return bool(getattr(change.owner, change.name) == change.new)


def _merge_changes(earlier: tuple[Any, ...], later: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the change from before the earlier one to after the later one, as `hold_trait_notifications` does."""
    return (traitlets.Bunch({**later[0], "old": earlier[0].old}),)
