"""Runs the user's handlers on the event loop of a call, in the order of the events."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from typing import Any

from micdrop_widget.call.events import LATEST_COUNTS, InContext

__all__ = ["HandlerQueue"]

_log = logging.getLogger("micdrop_widget.call.handlers")

_MAX_WAITING = 1000
"""How many events may wait for the end of one handler; then the oldest are dropped."""

_SLOW_S = 1
"""A handler that lets its own next event wait for longer than this is logged, once."""


class HandlerQueue:
    """Calls each handler at once, but an async one only when its call for the previous event has ended.

    Other handlers do not wait for it. All methods belong to one event loop.
    """

    def __init__(self) -> None:
        self._running: dict[int, _Running] = {}
        """By the identity of the handler: not every function can be hashed."""

    def post(self, event: str, handlers: tuple[InContext, ...], arguments: tuple[Any, ...]) -> None:
        """Call the handlers of an event, each after its own calls for earlier events."""
        for handler in handlers:
            if id(handler) in self._running:
                self._running[id(handler)].add(event, arguments)
            else:
                self._call(handler, event, arguments)

    def _call(self, handler: InContext, event: str, arguments: tuple[Any, ...]) -> None:
        try:
            result = handler(*arguments)
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("a handler of %s failed", event)
            return
        if inspect.isawaitable(result):
            task = handler.run(asyncio.ensure_future, result)
            self._running[id(handler)] = _Running(handler, task)
            task.add_done_callback(lambda task: self._done(handler, event, task))

    def _done(self, handler: InContext, event: str, task: asyncio.Future[Any]) -> None:
        waiting = self._running.pop(id(handler)).waiting
        if task.cancelled():
            return  # a closing loop cancels its tasks: nothing more may begin on it
        if task.exception() is not None:
            _log.error("a handler of %s failed", event, exc_info=task.exception())
        while waiting:
            self._call(handler, *waiting.popleft())
            if id(handler) in self._running:
                self._running[id(handler)].waiting = waiting
                return


class _Running:
    """The call of an async handler that is under way, and the events that wait for its end."""

    def __init__(self, handler: InContext, task: asyncio.Future[Any]) -> None:
        self.waiting: deque[tuple[str, tuple[Any, ...]]] = deque(maxlen=_MAX_WAITING)
        self._held = handler, task  # by nobody else
        self._began_s = asyncio.get_running_loop().time()
        self._is_logged = False

    def add(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Let an event wait; a partial message, or levels, that wait already are replaced by the next."""
        if event in LATEST_COUNTS:
            self.waiting = deque((waiting for waiting in self.waiting if waiting[0] != event), maxlen=_MAX_WAITING)
        self.waiting.append((event, arguments))
        if not self._is_logged and asyncio.get_running_loop().time() - self._began_s > _SLOW_S:
            self._is_logged = True
            _log.warning("a handler of %s takes long: %d events wait for it", event, len(self.waiting))
