"""Calls the user's handlers in order, under the cell that registered them, on a thread that nothing else waits for."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import traceback
from collections.abc import Coroutine
from typing import Any

from micdrop_widget._threads import DaemonExecutor, WorkerThread, finish_loop
from micdrop_widget.browser.waiting_calls import HandlerCall, HandlerLimits, WaitingCalls

__all__ = ["HandlerThread"]

_log = logging.getLogger("micdrop_widget.browser.handlers")


class HandlerThread:
    """Calls the user's handlers in the order of the events, each to its end before the next.

    An async handler runs on the loop that ran where it was registered, to its end before it is called again, and no
    other handler waits for it; where no loop ran, or the loop is closed, it runs on this thread like the others. A
    slow handler delays the handlers after it, and nothing else.

    Parameters
    ----------
    name
        Of the thread, which lives while there is something to do.
    limits
        How many calls may wait, and for how long before it is reported.
    """

    def __init__(self, name: str, limits: HandlerLimits | None = None) -> None:
        self._limits = HandlerLimits() if limits is None else limits
        self._thread = WorkerThread(name)
        self._waiting = WaitingCalls(self._limits)
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._own_loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return self._thread.is_current

    def call(self, call: HandlerCall) -> None:
        """Call a handler after those that wait; from any thread, without blocking."""
        loop = call.handler.loop
        if loop not in (None, self._own_loop) and (call.handler.is_async or call.coroutine is not None):
            self._call_on(loop, call)
        else:
            self._call_here(call)

    def stop(self, *, join_s: float = 5) -> None:
        """Let the thread end when it has called what waits; see `WorkerThread.stop`."""
        self._thread.post(self._close_loop)
        self._thread.stop(join_s=join_s)

    # On this thread

    def _call_here(self, call: HandlerCall) -> None:
        if self._waiting.put(call):
            self._thread.post(self._drain)

    def _drain(self) -> None:
        while (call := self._waiting.next()) is not None:
            call.handler.run(self._complete, call)

    def _complete(self, call: HandlerCall) -> None:
        """Run a handler to its end; in its context."""
        handler = call.handler
        try:
            result = handler.invoke(*call.arguments) if call.coroutine is None else call.coroutine
            if not inspect.iscoroutine(result):
                return
            if handler.is_async or handler.loop is None or call.coroutine is not None:
                self._run_here(result)
            else:  # a coroutine of a function that is not async itself, such as a lambda
                self.call(HandlerCall(handler, call.event, coroutine=result))
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - the border to the user's code
            _show_failure()

    def _run_here(self, coroutine: Coroutine[Any, Any, object]) -> None:
        if self._own_loop is None:
            self._own_loop = asyncio.new_event_loop()
            self._own_loop.set_default_executor(DaemonExecutor("micdrop-handlers-worker"))
        self._own_loop.run_until_complete(coroutine)

    def _close_loop(self) -> None:
        loop, self._own_loop = self._own_loop, None
        if loop is not None:
            finish_loop(loop)

    # On the loops of the cells

    def _call_on(self, loop: asyncio.AbstractEventLoop, call: HandlerCall) -> None:
        with self._lock:
            waiting = call.handler.waiting = call.handler.waiting or WaitingCalls(self._limits)
        begins = waiting.put(call)
        try:
            if begins:
                loop.call_soon_threadsafe(self._begin_next, loop, waiting)
        except RuntimeError:
            _log.debug("the loop of a handler is closed")
        if loop.is_closed():
            for left in waiting.remove_all():
                self._call_here(left)

    def _begin_next(self, loop: asyncio.AbstractEventLoop, waiting: WaitingCalls) -> None:
        call = waiting.next()
        if call is None:
            return
        task = call.handler.run(loop.create_task, _complete_async(call))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._end(done, loop, waiting))

    def _end(self, task: asyncio.Task[None], loop: asyncio.AbstractEventLoop, waiting: WaitingCalls) -> None:
        self._tasks.discard(task)
        self._begin_next(loop, waiting)


async def _complete_async(call: HandlerCall) -> None:
    try:
        await (call.handler.invoke(*call.arguments) if call.coroutine is None else call.coroutine)
    except Exception:  # noqa: BLE001 - the border to the user's code
        _show_failure()


def _show_failure() -> None:
    """Log what a handler raised, and show it under its cell."""
    _log.exception("a handler failed")
    traceback.print_exc()
