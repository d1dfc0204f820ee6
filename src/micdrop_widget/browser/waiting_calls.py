"""The calls of the user's handlers that wait: bounded, and merged while the handlers are slow."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from micdrop_widget.call.events import Handler, InContext

__all__ = ["HandlerCall", "HandlerLimits", "UserHandler", "WaitingCalls"]

_log = logging.getLogger("micdrop_widget.browser.handlers")

Merge: TypeAlias = Callable[[tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]]


class UserHandler(InContext):
    """A handler of the user's, with the context of its cell, and the loop that ran where it was registered."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(handler)
        call = getattr(handler, "__call__", None)  # noqa: B004 - it may be an object with an async one
        self.is_async = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)
        try:
            self.loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self.loop = None
        self.waiting: WaitingCalls | None = None
        """Of an async handler on its loop: it is not called again before it has ended, and no other waits for it."""

    def invoke(self, *arguments: Any) -> Any:  # noqa: ANN401 - the handler's own types
        """Call the handler, here and now."""
        return self.handler(*arguments)

    @property
    def name(self) -> str:
        """The name that the user gave it."""
        return str(getattr(self.handler, "__qualname__", repr(self.handler)))


@dataclass(frozen=True, slots=True)
class HandlerLimits:
    """How far the user's handlers may fall behind."""

    behind_s: float = 1
    """Handlers that are further behind than this are reported, and superseded calls are merged."""
    waiting: int = 1000
    """How many calls may wait; then the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """One call of one handler."""

    handler: UserHandler
    event: str
    """The event, in words for the user."""
    arguments: tuple[Any, ...] = ()
    key: Hashable = None
    """Calls of one handler with the same key supersede one another; None: each of them counts."""
    merge: Merge = lambda earlier, later: later
    """Returns the arguments of the one call that stands for both."""
    coroutine: Coroutine[Any, Any, object] | None = None
    """The coroutine of a handler that was called already; it remains to be run."""
    since_s: float = 0.0
    """When it was put into the queue."""

    def discard(self) -> None:
        """Give the call up: it never runs."""
        if self.coroutine is not None:
            self.coroutine.close()


class WaitingCalls:
    """Calls in the order they came, one at a time; from any thread.

    Parameters
    ----------
    limits
        How many may wait, and for how long before that is reported.
    clock
        Returns seconds.
    """

    def __init__(self, limits: HandlerLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[HandlerCall] = deque()
        self._running: HandlerCall | None = None
        self._running_since_s = 0.0
        self._is_drained = True
        self._slow: set[int] = set()
        """The handlers that were reported, by id."""
        self._dropped: Counter[str] = Counter()

    def put(self, call: HandlerCall) -> bool:
        """Add a call, and return whether somebody has to begin with `next`."""
        now_s = self._clock()
        with self._lock:
            delay_s = self._delay_s(now_s)
            reports = self._report_slow(delay_s)
            if call.key is not None and delay_s > self._limits.behind_s:
                call = self._merged(call)
            dropped = self._waiting.popleft() if len(self._waiting) >= self._limits.waiting else None
            if dropped is not None:
                if not self._dropped:
                    text = f"{self._limits.waiting} calls of handlers wait: from now on the oldest are dropped"
                    reports.append((dropped.handler, text))
                self._dropped[dropped.event] += 1
            self._waiting.append(replace(call, since_s=now_s))
            begins, self._is_drained = self._is_drained, False
        if dropped is not None:
            dropped.discard()
        _show(reports)
        return begins

    def next(self) -> HandlerCall | None:
        """End the call before, and return the next one; None: none waits, and `put` says when to begin anew."""
        now_s = self._clock()
        with self._lock:
            reports = self._report_slow(self._delay_s(now_s)) if self._waiting else []
            before, self._running = self._running, self._waiting.popleft() if self._waiting else None
            self._running_since_s = now_s
            self._is_drained = self._running is None
            if self._is_drained and self._dropped and before is not None:
                counts = ", ".join(f"{count} × {event}" for event, count in self._dropped.items())
                reports.append((before.handler, f"the handlers have caught up; dropped were {counts}"))
                self._dropped.clear()
            following = self._running
        _show(reports)
        return following

    def remove_all(self) -> list[HandlerCall]:
        """Remove and return the calls that wait."""
        with self._lock:
            waiting, self._waiting = [*self._waiting], deque()
        return waiting

    def _delay_s(self, now_s: float) -> float:
        """Return how long the call that waits longest has waited, and the running one has run: the longer of both."""
        began_s = [self._waiting[0].since_s] if self._waiting else []
        if self._running is not None:
            began_s.append(self._running_since_s)
        return now_s - min(began_s, default=now_s)

    def _merged(self, call: HandlerCall) -> HandlerCall:
        """Return a call that also stands for the one it supersedes, which is removed."""
        for waiting in self._waiting:
            if waiting.key == call.key and waiting.handler is call.handler:
                self._waiting.remove(waiting)
                return replace(call, arguments=call.merge(waiting.arguments, call.arguments))
        return call

    def _report_slow(self, delay_s: float) -> list[tuple[UserHandler, str]]:
        """Return what to say of the handler that the others wait for; once for each handler."""
        call = self._running or (self._waiting[0] if self._waiting else None)
        if call is None or delay_s <= self._limits.behind_s or id(call.handler) in self._slow:
            return []
        self._slow.add(id(call.handler))
        name = f"the handler {call.handler.name} of {call.event}"
        if self._running is None:
            what = f"{name} waits for its event loop, which is busy, for instance with a cell"
        else:
            what = f"{name} is slow, and others wait for it"
        text = (
            f"{what} ({delay_s:.1f} s). Until they have caught up, partial messages and changes of a trait are merged"
        )
        return [(call.handler, text)]


def _show(reports: list[tuple[UserHandler, str]]) -> None:
    """Log each text, and show it under the cell that registered the handler."""
    for handler, text in reports:
        _log.warning("%s", text)
        try:
            handler.run(sys.stderr.write, f"micdrop-widget: {text}\n")
        except Exception:  # noqa: BLE001 - a stream of the user's; what is logged must do
            _log.debug("a report could not be shown", exc_info=True)
