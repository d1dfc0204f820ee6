"""Ends a wait on the kernel's main thread where the browser's messages do not arrive meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from micdrop_widget.browser.future import CallThreadGuard

__all__ = ["MainThreadGuard"]

_UNREACHED = (
    "no message of the browser arrived for {limit_s:g} s: this kernel (an ipykernel before 7, or one without its "
    "threads) receives none while a cell waits. Do not wait in the cell: call start() and the like without await, or "
    "press Start in the panel, and read the state in the next cell"
)


class MainThreadGuard(CallThreadGuard):
    """Ends a wait in a cell that receives nothing of the browser, and refuses one on a thread that must not wait.

    Whether messages are received while a cell waits differs between kernels and their versions, so it is tried: the
    pages are asked for an answer.

    Parameters
    ----------
    ping
        Asks every page for an answer; called on any thread.
    is_own_thread
        Returns whether the caller runs on a thread that carries the call.
    limit_s
        How long a wait goes on without a message of the browser.
    """

    def __init__(
        self, ping: Callable[[], object], is_own_thread: Callable[[], bool] = lambda: False, *, limit_s: float = 20
    ) -> None:
        super().__init__(is_own_thread)
        self._ping = ping
        self._limit_s = limit_s
        self._received = 0
        self.receives_while_waiting = False
        """The messages are received on another thread than the main one."""

    def note_message(self) -> None:
        """Note that a message of the browser has been received, on the thread that receives it."""
        self._received += 1
        if threading.current_thread() is not threading.main_thread():
            self.receives_while_waiting = True

    async def watch(self, outcome: asyncio.Future[Any]) -> None:
        """Return when there is an outcome, or a message arrives in the meantime; the outcome is not cancelled.

        Raises
        ------
        TimeoutError
            Neither happened within the limit.
        """
        if not self.may_block_messages:
            return
        before = self._received
        for ask in (self._ping, lambda: None):
            await asyncio.wait([outcome], timeout=self._limit_s / 2)
            if outcome.done() or self._received > before:
                return
            ask()
        raise TimeoutError(_UNREACHED.format(limit_s=self._limit_s))

    def wait(self, wait: Callable[[float | None], bool], timeout_s: float | None) -> bool:
        """Block this thread until there is an outcome; see `WaitGuard.wait`."""
        is_short = timeout_s is not None and timeout_s <= self._limit_s
        if not self.may_block_messages or is_short or self._is_own_thread() or wait(0):
            return super().wait(wait, timeout_s)
        before = self._received
        for ask in (self._ping, lambda: None):
            if wait(self._limit_s / 2):
                return True
            ask()
        if self._received == before:
            raise TimeoutError(_UNREACHED.format(limit_s=self._limit_s))
        return wait(None if timeout_s is None else timeout_s - self._limit_s)

    @property
    def may_block_messages(self) -> bool:
        """Whether a wait on this thread may keep the browser's messages from arriving."""
        return not self.receives_while_waiting and threading.current_thread() is threading.main_thread()
