"""Notices that a microphone gives no samples any more, though it is open: a frozen tab, a closed lid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["IdleWatch"]


class IdleWatch:
    """Compares at each check how much was captured; all methods are called on one event loop.

    Parameters
    ----------
    check_every_s
        Seconds between two checks.
    idle_checks
        Checks in a row without a new sample after which the microphone is idle. One is not enough: a loop that was
        blocked fires its timers before it receives the frames that have arrived.
    """

    def __init__(self, check_every_s: float = 0.3, idle_checks: int = 2) -> None:
        self._check_every_s = check_every_s
        self._idle_checks = idle_checks
        self._timer: asyncio.TimerHandle | None = None

    def start(self, captured: Callable[[], int], on_idle: Callable[[], None]) -> None:
        """Watch until `stop()`, or until the microphone is idle; a watch that runs already goes on.

        Parameters
        ----------
        captured
            Returns how many samples were captured so far.
        on_idle
            Called once, between 2 and 3 times `check_every_s` after the last sample.
        """
        if self._timer is None:
            self._schedule(captured, on_idle, captured(), 0)

    def stop(self) -> None:
        """Watch no longer; may be called again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self, captured: Callable[[], int], on_idle: Callable[[], None], before: int, idle: int) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._check_every_s, self._check, captured, on_idle, before, idle)

    def _check(self, captured: Callable[[], int], on_idle: Callable[[], None], before: int, idle: int) -> None:
        self._timer = None
        now = captured()
        idle = idle + 1 if now == before else 0
        if idle < self._idle_checks:
            self._schedule(captured, on_idle, now, idle)
        else:
            on_idle()
