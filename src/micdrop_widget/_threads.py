"""Daemon threads: an event loop for all calls of a process, leased; and one that runs functions, one after the other.

Nothing here keeps a process alive: the end of a thread is awaited for a while, and a thread that hangs is abandoned.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

__all__ = ["DaemonExecutor", "Lease", "LoopThread", "WorkerThread", "finish_loop"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_log = logging.getLogger("micdrop_widget.threads")

_JOIN_S = 5
"""How long the end of a thread is awaited."""

_EXECUTOR_JOIN_S = 1
"""The same for the worker threads of a loop; less, so that the loop's own thread still ends in time."""


class DaemonExecutor(concurrent.futures.ThreadPoolExecutor):
    """Runs what would block a loop, such as a model's prediction, in threads that the interpreter does not wait for.

    The standard library's own executor joins its threads when the interpreter exits: a function that hangs hangs
    the exit.

    Parameters
    ----------
    name
        Of the threads.
    join_s
        How long `shutdown` waits for what still runs.
    """

    def __init__(self, name: str, *, join_s: float = _EXECUTOR_JOIN_S) -> None:
        # asyncio requires this class as a loop's default executor; all that starts threads in it is overridden
        super().__init__()
        self._name = name
        self._join_s = join_s
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._job_lock = threading.Lock()
        self._daemons: list[threading.Thread] = []
        self._idle = 0
        self._limit = min(32, (os.cpu_count() or 1) + 4)
        self._ended = False

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> concurrent.futures.Future[_T]:
        """Run a function; see `concurrent.futures.Executor.submit`."""
        future: concurrent.futures.Future[_T] = concurrent.futures.Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - the future raises it
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._job_lock:
            if self._ended:
                raise RuntimeError("this executor was shut down")
            self._jobs.put(job)
            if self._idle:
                self._idle -= 1
            elif len(self._daemons) < self._limit:
                self._daemons.append(threading.Thread(target=self._work, name=self._name, daemon=True))
                self._daemons[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept nothing more, and wait a while for running functions; one that hangs is abandoned."""
        with self._job_lock:
            self._ended = True
            daemons = [*self._daemons]
            for _ in daemons:
                self._jobs.put(None)
        end_s = time.monotonic() + (self._join_s if wait else 0)
        for thread in daemons:
            thread.join(max(0, end_s - time.monotonic()))

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # and what it holds
            with self._job_lock:
                self._idle += 1


class LoopThread:
    """An event loop that runs in a daemon thread of its own until `stop()`.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._lock = threading.Lock()
        self._stops = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(DaemonExecutor(f"{name}-worker"))
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.current_thread() is self._thread

    def submit(self, work: Coroutine[Any, Any, _T]) -> concurrent.futures.Future[_T]:
        """Run a coroutine on the loop; from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the loop, after earlier calls; from any thread. A loop that has ended calls nothing."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    def stop(self, *, join_s: float = _JOIN_S) -> None:
        """Cancel all tasks and end the thread; may be called again.

        Returns when it has ended, or at once on the thread itself; a thread that hangs is abandoned.
        """
        with self._lock:
            if not self._stops:
                self._stops = True
                self._loop.call_soon_threadsafe(self._loop.stop)
        if not self.is_current:
            _join(self._thread, join_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            finish_loop(self._loop)
            asyncio.set_event_loop(None)


def finish_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks of a loop that does not run, shut its generators and executor down, and close it."""
    try:
        loop.run_until_complete(_cancel_tasks())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _cancel_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class WorkerThread:
    """Runs functions in the order they were posted, never two at once, on a daemon thread that ends when idle.

    Parameters
    ----------
    name
        Of the thread.
    idle_s
        The thread ends when nothing was posted for so long, and starts again with the next function.
    """

    def __init__(self, name: str, *, idle_s: float = 10) -> None:
        self._name = name
        self._idle_s = idle_s
        self._functions: deque[Callable[[], object]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stops = False

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.current_thread() is self._thread

    def post(self, function: Callable[[], object]) -> None:
        """Run a function after those posted earlier; from any thread."""
        with self._changed:
            self._functions.append(function)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def after(self, future: concurrent.futures.Future[_T]) -> concurrent.futures.Future[_T]:
        """Return a future with the same outcome, which is done when all functions posted until then have run.

        On this thread, where none can run meanwhile, that is the same future.
        """
        if self.is_current:
            return future
        settled: concurrent.futures.Future[_T] = concurrent.futures.Future()
        future.add_done_callback(lambda done: self.post(lambda: _settle(settled, done)))
        return settled

    def stop(self, *, join_s: float = _JOIN_S) -> None:
        """Let the thread end as soon as it has run all posted functions, now and after each later post.

        Returns when it has ended, or at once on the thread itself; a thread that hangs is abandoned.
        """
        with self._changed:
            self._stops = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            _join(thread, join_s)

    def _run(self) -> None:
        while (function := self._next()) is not None:
            try:
                function()
            except Exception:  # noqa: BLE001 - the border of the thread
                _log.exception("a function on the thread %s failed", self._name)
            del function  # and what it holds

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._functions or self._stops, self._idle_s)
            if self._functions:
                return self._functions.popleft()
            self._thread = None
            return None


def _join(thread: threading.Thread, join_s: float) -> None:
    thread.join(join_s)
    if thread.is_alive():
        _log.warning("the thread %s did not end within %g s: something on it hangs; it is left", thread.name, join_s)


def _settle(settled: concurrent.futures.Future[_T], done: concurrent.futures.Future[_T]) -> None:
    if done.cancelled():
        settled.cancel()
    elif (error := done.exception()) is not None:
        settled.set_exception(error)
    else:
        settled.set_result(done.result())


class Lease:
    """A share in the loop thread of all calls: it starts with the first lease and ends with the last."""

    _lock = threading.Lock()
    _thread: LoopThread | None = None
    _count = 0

    def __init__(self) -> None:
        with Lease._lock:
            if Lease._thread is None:
                Lease._thread = LoopThread("micdrop-loop")
            Lease._count += 1
            self.thread = Lease._thread
        self._released = False

    def release(self, *, join_s: float = _JOIN_S) -> None:
        """Give the share back; the last one stops the thread, as `LoopThread.stop`. May be called again."""
        with Lease._lock:
            if self._released:
                return
            self._released = True
            Lease._count -= 1
            if Lease._count:
                return
            thread, Lease._thread = Lease._thread, None
        if thread is not None:
            thread.stop(join_s=join_s)
