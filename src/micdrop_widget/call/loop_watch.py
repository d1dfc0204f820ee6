"""Notices that the event loop of a call was blocked: its audio was neither sent nor played meanwhile."""

from __future__ import annotations

import asyncio
import logging

__all__ = ["LoopWatch"]

_log = logging.getLogger("micdrop_widget.call.loop_watch")


class LoopWatch:
    """Warns once per call when its loop was blocked. All methods belong to the call's event loop.

    Parameters
    ----------
    every_s
        The time from one look to the next.
    blocked_s
        A timer that is later than this was held up by code that computes, sleeps or waits without `await`.
    """

    def __init__(self, *, every_s: float = 0.5, blocked_s: float = 1.0) -> None:
        self._every_s = every_s
        self._blocked_s = blocked_s
        self._timer: asyncio.TimerHandle | None = None
        self._has_warned = False

    def start(self) -> None:
        """Watch until the loop was blocked, or until `stop()`; a watch that runs already goes on."""
        if self._timer is None and not self._has_warned:
            self._schedule()

    def stop(self) -> None:
        """Watch no longer: the call is over; may be called again."""
        self._has_warned = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._every_s, self._check, loop.time() + self._every_s)

    def _check(self, due_s: float) -> None:
        late_s = asyncio.get_running_loop().time() - due_s
        if late_s <= self._blocked_s:
            self._schedule()
            return
        self._has_warned = True
        _log.warning(
            "the event loop of the call was blocked for %.1f s: nothing was captured, sent or played meanwhile. "
            "Let what takes long run in a thread: await asyncio.to_thread(…)",
            late_s,
        )
