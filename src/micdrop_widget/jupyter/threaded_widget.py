"""A widget of a program with threads: none of its handlers holds up another thread, and any thread may send."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from micdrop_widget.browser.waiting_calls import HandlerCall
from micdrop_widget.call.events import Handler
from micdrop_widget.jupyter.cell_handlers import CellObservers
from micdrop_widget.jupyter.handlers import MessageHandler, TraitObserver

__all__ = ["ThreadedWidget"]


class ThreadedWidget(anywidget.AnyWidget):
    """What ipywidgets offers, for a widget that derives from it and calls handlers in `_call_handler`."""

    def __init__(self) -> None:
        self._context = contextvars.copy_context()
        self._observers = CellObservers(self)
        super().__init__()

    def _call_handler(self, call: HandlerCall) -> None:
        """Call one of the user's handlers, where nobody waits for it; from any thread."""
        raise NotImplementedError

    def observe(self, handler: Handler, names: Any = traitlets.All, type: Any = "change") -> None:  # noqa: ANN401
        """Call a function when a trait changes; see the notes of the class, and `traitlets.HasTraits.observe`."""
        if not isinstance(handler, traitlets.EventHandler):
            observer: Handler = TraitObserver(handler, self._call_handler)
            self._observers.note(observer, names, type)
        elif handler.this_class is not None and issubclass(handler.this_class, ThreadedWidget):  # a decorated method
            observer = TraitObserver(handler.__get__(self, ThreadedWidget), self._call_handler)
        else:
            observer = handler  # of ipywidgets itself, which waits for it
        super().observe(observer, names=names, type=type)

    def on_msg(self, callback: Handler, remove: bool = False) -> None:
        """Call a function at each message of the panel; see the notes of the class, and `ipywidgets.Widget.on_msg`."""
        super().on_msg(MessageHandler(callback, self._call_handler), remove=remove)

    def send(self, content: object, buffers: list[bytes] | None = None) -> None:
        """Send a custom message to every page; from any thread. See `ipywidgets.Widget.send`."""
        self._send_in_context(super().send, content, buffers)

    def send_state(self, key: Any = None) -> None:  # noqa: ANN401 - as ipywidgets has it
        """Send traits to every page; see `ipywidgets.Widget.send_state`."""
        self._send_in_context(super().send_state, key)

    def _send_in_context(self, send: Callable[..., object], *arguments: object) -> None:
        try:
            send(*arguments)
        except LookupError:
            # ipykernel 7.0 finds what a message is a consequence of in the context alone, where other threads have none
            self._context.copy().run(send, *arguments)
