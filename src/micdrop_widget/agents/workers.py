"""Threads for functions of the user's that block."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

__all__ = ["Worker"]

_T = TypeVar("_T")

_MAX_THREADS = 500
"""How many functions may block at once, including those whose answers were interrupted long ago."""


_IDLE_S = 5.0
"""How long an idle thread waits for the next function: to start a thread costs more than most functions."""


class Worker:
    """A daemon thread that calls one function after the other; the program's exit does not wait for it.

    An idle thread of a worker that has finished is used again.

    Raises
    ------
    RuntimeError
        Too many threads of this kind are blocked.
    """

    def __init__(self) -> None:
        self._jobs = _Thread.lease().jobs

    async def run(self, function: Callable[..., _T], *arguments: Any) -> _T:  # noqa: ANN401 - the function's own types
        """Call a function after those before it, and return what it returns.

        When this is cancelled the function goes on, and what it returns is thrown away.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()

        def job() -> None:
            try:
                result = function(*arguments)
            except Exception as error:  # noqa: BLE001 - handed to whoever awaits it
                _post(loop, _fail, future, error)
            except BaseException as error:  # noqa: BLE001 - an exit is no end of the server
                _post(loop, _fail, future, RuntimeError(f"{type(error).__name__} in a function of an agent"))
            else:
                _post(loop, _succeed, future, result)

        self._jobs.put(job)
        return await future

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function after those before it; what it raises is ignored."""
        self._jobs.put(lambda: function(*arguments))

    def finish(self) -> None:
        """Release the thread when it has called what was given to it; returns at once."""
        self._jobs.put(None)


class _Thread:
    """A thread that serves one worker after the other, and ends when it was idle for a while."""

    _lock = threading.Lock()
    _idle: ClassVar[list[_Thread]] = []
    _count: ClassVar[int] = 0
    """How many threads serve a worker."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="micdrop-agent", daemon=True).start()

    @classmethod
    def lease(cls) -> _Thread:
        """Return an idle thread, or a new one."""
        with cls._lock:
            if cls._count >= _MAX_THREADS:
                raise RuntimeError(f"{_MAX_THREADS} functions of this program's agents block, and none returns")
            cls._count += 1
            if cls._idle:
                return cls._idle.pop()
        return cls()

    def _run(self) -> None:
        limit_s: float | None = None
        while True:
            try:
                job = self.jobs.get(timeout=limit_s)
            except queue.Empty:
                with _Thread._lock:
                    if self in _Thread._idle:
                        _Thread._idle.remove(self)
                        return
                limit_s = None  # leased between the timeout and the lock
                continue
            if job is None:
                limit_s = _IDLE_S
                with _Thread._lock:
                    _Thread._count -= 1
                    _Thread._idle.append(self)
            else:
                limit_s = None
                with contextlib.suppress(BaseException):  # see `Worker.call`
                    job()
            del job  # which refers to the user's objects


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
