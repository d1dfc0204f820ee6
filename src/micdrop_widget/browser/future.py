"""Futures that the methods of a call on another thread return: they may be awaited, and may be ignored."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Generator
from typing import Any, Generic, Protocol, TypeVar

from micdrop_widget.browser.waiting_calls import HandlerCall, UserHandler
from micdrop_widget.call.subscriptions import EventFuture
from micdrop_widget.errors import CallClosedError

__all__ = ["CallFuture", "CallThreadGuard", "GuardedEventFuture", "WaitGuard"]

_T = TypeVar("_T")


_DEADLOCK = (
    "result() and exception() would wait for ever here: this thread carries the call, and the outcome comes by it. "
    "Await in a coroutine of your own, or use add_done_callback()"
)


class WaitGuard(Protocol):
    """Keeps a thread from waiting where the messages that end the wait cannot arrive."""

    @property
    def may_block_messages(self) -> bool:
        """Whether a wait on this thread may keep the messages from arriving."""
        ...

    async def watch(self, outcome: asyncio.Future[Any]) -> None:
        """Return when there is an outcome, or messages arrive meanwhile; raise `TimeoutError` when none do."""
        ...

    def wait(self, wait: Callable[[float | None], bool], timeout_s: float | None) -> bool:
        """Block this thread until there is an outcome, and return whether there is one in time.

        Parameters
        ----------
        wait
            Blocks for so many seconds, None without end, and returns whether there is an outcome.
        timeout_s
            How long to block in all; None without end.

        Raises
        ------
        RuntimeError
            The thread must not wait.
        TimeoutError
            No message of a page arrives while it does.
        """
        ...


class CallThreadGuard:
    """Refuses waits on the threads that carry the call; on all others the pages' messages arrive meanwhile.

    Parameters
    ----------
    is_own_thread
        Returns whether the caller runs on one of those threads.
    """

    def __init__(self, is_own_thread: Callable[[], bool]) -> None:
        self._is_own_thread = is_own_thread

    @property
    def may_block_messages(self) -> bool:
        """Always false."""
        return False

    async def watch(self, outcome: asyncio.Future[Any]) -> None:
        """Return at once."""

    def wait(self, wait: Callable[[float | None], bool], timeout_s: float | None) -> bool:
        """Block this thread until there is an outcome; see `WaitGuard.wait`."""
        if wait(0):
            return True
        if self._is_own_thread():
            raise RuntimeError(_DEADLOCK)
        return wait(timeout_s)


class CallFuture(Generic[_T]):
    """The outcome of a method that runs on the call's own thread.

    Await it in a cell or a coroutine to wait for the outcome and to get its error; ignore it to go on at once. An
    error that nobody awaits still reaches the panel, the `error` trait and the `Error` event. Cancelling the wait
    does not cancel the method. In a script, a thread, or a handler that is not async, take its `result()`.

    Raises
    ------
    TimeoutError
        When awaited, or asked for its result, on the main thread of a kernel that receives no message of the browser
        while a cell waits (ipykernel before 7). It is raised after 20 s; the method itself goes on.
    CallClosedError
        When awaited, or asked for its result: the call was closed before there was one.
    """

    def __init__(
        self,
        future: concurrent.futures.Future[_T],
        wait_guard: WaitGuard,
        call_handler: Callable[[HandlerCall], object],
    ) -> None:
        self._future = future
        self._wait_guard = wait_guard
        self._call_handler = call_handler

    def __repr__(self) -> str:
        return f"<CallFuture {'done' if self._future.done() else 'pending: await it, or ignore it'}>"

    def __await__(self) -> Generator[Any, None, _T]:
        return self._wait().__await__()

    def done(self) -> bool:
        """Return whether there is an outcome."""
        return self._future.done()

    def cancelled(self) -> bool:
        """Return whether the method was given up, because the call was closed first."""
        return self._future.cancelled()

    def result(self, timeout: float | None = None) -> _T:
        """Return the outcome, blocking this thread until there is one; in a coroutine use `await` instead.

        Parameters
        ----------
        timeout
            Seconds; None waits until there is one.

        Raises
        ------
        MicdropError
            It is the outcome.
        CallClosedError
            The call was closed before there was one.
        TimeoutError
            There is none in time, or the kernel receives nothing of the browser while this thread waits.
        RuntimeError
            On a thread that carries the call, such as that of a detector, where it would wait for ever.
        """
        self._block(timeout)
        return self._outcome().result()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the error, or None where there is none, blocking this thread until it is known; see `result`."""
        self._block(timeout)
        return self._outcome().exception()

    def add_done_callback(self, callback: Callable[[CallFuture[_T]], object]) -> None:
        """Call a function with this future when there is an outcome, as handlers are called and in order with them."""
        handler = UserHandler(callback)
        call = HandlerCall(handler, "add_done_callback", (self,))
        self._future.add_done_callback(lambda _: self._call_handler(call))

    async def _wait(self) -> _T:
        outcome = asyncio.wrap_future(self._future)
        # The error is retrieved here too, where `watch` raises first.
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
        await self._wait_guard.watch(outcome)
        await asyncio.wait([outcome])
        return self._outcome().result()

    def _outcome(self) -> concurrent.futures.Future[_T]:
        if self._future.cancelled():
            raise CallClosedError
        return self._future

    def _block(self, timeout_s: float | None) -> None:
        def wait(seconds: float | None) -> bool:
            try:
                self._future.exception(seconds)
            except concurrent.futures.TimeoutError:
                return False
            except concurrent.futures.CancelledError:
                pass
            return True

        if not self._wait_guard.wait(wait, timeout_s):
            raise TimeoutError(f"there is no outcome after {timeout_s:g} s")


class GuardedEventFuture(EventFuture[_T]):
    """An event future whose waits a `WaitGuard` ends where no message of a page arrives meanwhile."""

    wait_guard: WaitGuard

    def result(self, timeout: float | None = None) -> _T:
        """Return the event, blocking this thread until it comes; see `EventFuture.result` and `CallFuture.result`."""
        timeout_s = self._timeout_s if timeout is None else timeout

        def wait(seconds: float | None) -> bool:
            try:
                super(GuardedEventFuture, self).result(seconds)
            except TimeoutError:
                return False
            return True

        if not self.wait_guard.wait(wait, timeout_s):
            raise TimeoutError(f"after {timeout_s:g} s {self._missing()}")
        return super().result()

    async def _wait(self) -> _T:
        if not self.wait_guard.may_block_messages:
            return await super()._wait()
        waiting = asyncio.ensure_future(super()._wait())
        try:
            await self.wait_guard.watch(waiting)
            return await waiting
        finally:
            waiting.cancel()
