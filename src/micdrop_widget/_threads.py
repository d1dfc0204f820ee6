"""Event loops in daemon threads: one for all calls of a process, leased; one for each server in a notebook."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["Lease", "LoopThread"]

_T = TypeVar("_T")


class LoopThread:
    """An event loop that runs in a daemon thread of its own until `stop()`.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, _T]) -> concurrent.futures.Future[_T]:
        """Run a coroutine on the loop; from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the loop, after what was called before; from any thread."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def stop(self) -> None:
        """Cancel what still runs and end the thread; returns when it has ended, or at once on the thread itself."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()


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

    def release(self) -> None:
        """Give the share back; again is no error."""
        with Lease._lock:
            if self._released:
                return
            self._released = True
            Lease._count -= 1
            if Lease._count:
                return
            thread, Lease._thread = Lease._thread, None
        if thread is not None:
            thread.stop()
