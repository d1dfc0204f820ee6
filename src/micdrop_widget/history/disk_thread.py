"""A thread that writes what a call leaves behind: a disk that is slow, stalls or is full holds up no call."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable

from micdrop_widget.errors import MicdropError

__all__ = ["CLOSE_TIMEOUT_S", "ClosingThreads", "DiskThread", "reporting_to"]

_log = logging.getLogger("micdrop_widget.history.writer")

CLOSE_TIMEOUT_S = 2
"""How long the disk may take at the end of a call. After that, writing is given up; the file stays as it is."""

_open_threads: weakref.WeakSet[DiskThread] = weakref.WeakSet()


class DiskThread(ABC):
    """Writes until it is closed, fails, or is given up; `close` returns at once, whatever the disk does.

    A subclass stores what is to be written while it holds `_changed`, notifies that, and calls `_start` when the
    thread has all that it needs.

    Parameters
    ----------
    option
        The option of the call that asked for the files, for errors and the thread's name.
    on_failed
        Called at most once, from any thread, with the error, when the writing ends before the call does.
    """

    def __init__(self, option: str, on_failed: Callable[[MicdropError], object]) -> None:
        self._option = option
        self._on_failed = on_failed
        self._changed = threading.Condition()
        self._closing = False
        self._ended = False
        """Whether it accepts nothing more: it was closed, failed, or was given up."""
        self._closed = threading.Event()
        self._on_closed: list[Callable[[], object]] = []

    def close(self, on_closed: Callable[[], object] = lambda: None) -> None:
        """Let the thread write the rest and end; calling it again is no error.

        Parameters
        ----------
        on_closed
            Called when the thread has ended: from that thread, or at once if it has ended before.
        """
        with self._changed:
            self._closing = True
            if not self._closed.is_set():
                self._on_closed.append(on_closed)
                self._changed.notify()
                return
        on_closed()

    def wait_closed(self, timeout_s: float) -> bool:
        """Block until it is closed; return whether it is."""
        return self._closed.wait(timeout_s)

    def give_up(self) -> None:
        """Wait no longer for the disk: what was written so far stays."""
        if not self._closed.is_set():
            self._fail(f"the disk took longer than {CLOSE_TIMEOUT_S} s to take the rest")

    @abstractmethod
    def _write_all(self) -> None:
        """Write until it is closed or has ended; an OSError ends it."""

    @abstractmethod
    def _release(self) -> None:
        """Release what was opened, as the last thing; may raise an OSError."""

    @abstractmethod
    def _drop_pending(self) -> None:
        """Discard what waits to be written; the caller holds `_changed`."""

    @abstractmethod
    def _error(self, why: str) -> MicdropError:
        """Return what is reported when the writing ends before the call does."""

    def _start(self) -> None:
        threading.Thread(target=self._run, name=f"micdrop-{self._option}", daemon=True).start()
        _open_threads.add(self)

    def _run(self) -> None:
        try:
            self._write_all()
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        finally:
            self._end()

    def _fail(self, why: str) -> None:
        """Stop writing, and report it once; the call goes on."""
        with self._changed:
            if self._ended:
                return
            self._ended = True
            self._drop_pending()
            self._changed.notify()
        error = self._error(why)
        _log.error("%s: %s", self._option, error.message)
        self._on_failed(error)

    def _end(self) -> None:
        try:
            self._release()
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)
        with self._changed:
            self._ended = True
            self._closed.set()
            waiting, self._on_closed = self._on_closed, []
        _open_threads.discard(self)
        for on_closed in waiting:
            on_closed()


class ClosingThreads:
    """The threads that write the rest of calls that have ended; all methods are called on one event loop."""

    def __init__(self) -> None:
        self._closing: set[asyncio.Future[None]] = set()

    def close(self, thread: DiskThread) -> None:
        """Close a thread in the background, and give it up when the disk takes too long."""
        loop = asyncio.get_running_loop()
        closed: asyncio.Future[None] = loop.create_future()

        def finish() -> None:
            if not closed.done():
                closed.set_result(None)

        def give_up() -> None:
            thread.give_up()
            finish()

        def on_closed() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish)

        limit = loop.call_later(CLOSE_TIMEOUT_S, give_up)
        closed.add_done_callback(lambda done: limit.cancel())
        self._closing.add(closed)
        closed.add_done_callback(self._closing.discard)
        thread.close(on_closed)

    async def closed(self) -> None:
        """Wait until all of them are closed, or given up: 2 s at most."""
        while self._closing:
            await asyncio.wait(self._closing)


def reporting_to(report: Callable[[MicdropError], object]) -> Callable[[MicdropError], None]:
    """Return a function that lets the running event loop call another with an error; from any thread."""
    loop = asyncio.get_running_loop()

    def on_failed(error: MicdropError) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(report, error)

    return on_failed


@atexit.register
def _close_all() -> None:
    """Give the threads that are writing time to write the rest when the process ends."""
    threads = tuple(_open_threads)
    for thread in threads:
        thread.close()
    for thread in threads:
        thread.wait_closed(CLOSE_TIMEOUT_S)
