"""The thread that writes a widget's traits and runs the user's handlers, one after the other."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import logging
import queue
import threading
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from micdrop_widget.call.events import Handler, InContext

__all__ = ["ObserverThread", "UserHandler"]

_T = TypeVar("_T")

_log = logging.getLogger("micdrop_widget.observer")

_IDLE_S = 10
"""The thread ends when nothing happened for this long, and starts again when something does."""


class ObserverThread:
    """Runs functions in the order they were posted, never two at once, on a daemon thread.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._posted = 0
        self._done = 0

    def post(self, function: Callable[[], object]) -> None:
        """Run a function after those before it; from any thread."""
        with self._lock:
            self._posted += 1
            self._queue.put(function)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def after(self, future: concurrent.futures.Future[_T]) -> concurrent.futures.Future[_T]:
        """Return a future with the same outcome, once what was posted until then has run.

        On the observer thread itself, where nothing can run meanwhile, that is the future itself.
        """
        if threading.current_thread() is self._thread:
            return future
        settled: concurrent.futures.Future[_T] = concurrent.futures.Future()
        future.add_done_callback(lambda done: self.post(lambda: _settle(settled, done)))
        return settled

    def stop(self) -> None:
        """End the thread when it has run what was posted; returns then, or at once on the thread itself."""
        with self._lock:
            thread = self._thread
            self._queue.put(None)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            try:
                function = self._queue.get(timeout=_IDLE_S)
            except queue.Empty:
                function = None
            if function is not None:
                try:
                    function()
                except Exception:  # noqa: BLE001 - the border of the thread
                    _log.exception("an observer failed")
                self._done += 1
                continue
            with self._lock:
                if self._done == self._posted:
                    self._thread = None
                    return


def _settle(settled: concurrent.futures.Future[_T], done: concurrent.futures.Future[_T]) -> None:
    if done.cancelled():
        settled.cancel()
    elif (error := done.exception()) is not None:
        settled.set_exception(error)
    else:
        settled.set_result(done.result())


class UserHandler(InContext):
    """A handler of the user's as the observer thread calls it: to its end, and without harm to the call.

    A coroutine is run to its end; an exception is logged, and its traceback shown under the cell that registered
    the handler.
    """

    def __call__(self, *arguments: Any) -> None:  # noqa: ANN401 - the handler's own types
        """Call the handler."""
        self.run(_complete, self.handler, *arguments)


def _complete(handler: Handler, *arguments: Any) -> None:  # noqa: ANN401 - the handler's own types
    try:
        result = handler(*arguments)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except Exception:  # noqa: BLE001 - the border to the user's code
        _log.exception("a handler failed")
        traceback.print_exc()
