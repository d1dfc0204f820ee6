"""Threads for functions of the user's that block."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["Worker"]

_T = TypeVar("_T")

_MAX_THREADS = 500
"""So many functions may block at once, those included whose answers were interrupted long ago."""


class Worker:
    """A daemon thread that calls one function after the other; nobody waits for what it calls.

    Raises
    ------
    RuntimeError
        Too many threads of this kind are blocked.
    """

    _lock = threading.Lock()
    _count = 0

    def __init__(self) -> None:
        with Worker._lock:
            if Worker._count >= _MAX_THREADS:
                raise RuntimeError(f"{_MAX_THREADS} functions of this program's agents block, and none returns")
            Worker._count += 1
        self._jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="micdrop-agent", daemon=True).start()

    async def run(self, function: Callable[..., _T], *arguments: Any) -> _T:  # noqa: ANN401 - the function's own types
        """Call a function after those before it, and return what it returns.

        When this is cancelled the function goes on, and what it returns is thrown away.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()

        def job() -> None:
            try:
                result = function(*arguments)
            except Exception as error:  # noqa: BLE001 - the border of the thread
                _post(loop, _fail, future, error)
            except BaseException as error:  # noqa: BLE001 - an exit is no end of the server
                _post(loop, _fail, future, RuntimeError(f"{type(error).__name__} in a function of an agent"))
            else:
                _post(loop, _succeed, future, result)

        self._jobs.put(job)
        return await future

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function after those before it; what it raises is nobody's business."""
        self._jobs.put(lambda: function(*arguments))

    def finish(self) -> None:
        """End the thread when it has called what was given to it; returns at once."""
        self._jobs.put(None)

    def _run(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                try:
                    job()
                except BaseException:  # noqa: BLE001 - see `call`
                    continue
        finally:
            with Worker._lock:
                Worker._count -= 1


def _post(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: object) -> None:
    if not loop.is_closed():
        try:
            loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # closed meanwhile
            return


def _succeed(future: asyncio.Future[_T], result: _T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[_T], error: Exception) -> None:
    if not future.done():
        future.set_exception(RuntimeError("StopIteration") if isinstance(error, StopIteration) else error)
