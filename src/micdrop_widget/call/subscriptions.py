"""Waiting for the events of a call: from any thread and any event loop, without polling, and without losing one.

A predicate runs in the coroutine or thread that waits, never on a thread of the call.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Generic, TypeVar

from micdrop_widget.errors import CallClosedError

__all__ = ["EventFuture", "EventStream", "Inbox", "Subscriptions"]

_T = TypeVar("_T")

_MAX_KEPT = 10_000
"""How many events are kept that nobody fetches; then the oldest are dropped."""


class Inbox:
    """The events of one name since somebody began to wait for them; one thread may put while others get."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Any] = deque(maxlen=_MAX_KEPT)
        self._wakers: list[Callable[[], None]] = []
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether no more events will come."""
        return self._closed

    def put(self, value: object) -> None:
        """Keep an event, and wake all that wait."""
        with self._lock:
            self._kept.append(value)
        self._wake()

    def close(self) -> None:
        """End the inbox: no more events will come; those that are kept can still be fetched."""
        with self._lock:
            self._closed = True
        self._wake()

    def get_nowait(self) -> list[Any]:
        """Return the next event, alone in a list, or nothing where there is none yet.

        Raises
        ------
        CallClosedError
            The inbox is empty, and no more events will come.
        """
        with self._lock:
            if self._kept:
                return [self._kept.popleft()]
            if self._closed:
                raise CallClosedError
            return []

    async def changed(self) -> None:
        """Return when there may be something to fetch."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        waker = partial(_wake_loop, loop, future)
        if self._waits(waker):
            try:
                await future
            finally:
                self._forget(waker)

    def wait_changed(self, timeout_s: float | None) -> None:
        """Block until there may be something to fetch, or the time is over."""
        event = threading.Event()
        if self._waits(event.set):
            try:
                event.wait(timeout_s)
            finally:
                self._forget(event.set)

    def _waits(self, waker: Callable[[], None]) -> bool:
        with self._lock:
            if self._kept or self._closed:
                return False
            self._wakers.append(waker)
            return True

    def _forget(self, waker: Callable[[], None]) -> None:
        with self._lock:
            if waker in self._wakers:
                self._wakers.remove(waker)

    def _wake(self) -> None:
        with self._lock:
            wakers, self._wakers = self._wakers, []
        for waker in wakers:
            waker()


class Subscriptions:
    """The inboxes of all that wait for events of one call. An inbox that nobody holds any more is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inboxes: dict[str, weakref.WeakSet[Inbox]] = {}
        self._closed = False

    def add(self, event: str) -> Inbox:
        """Return an inbox for all events of this name from now on."""
        inbox = Inbox()
        with self._lock:
            if self._closed:
                inbox.close()
            else:
                self._inboxes.setdefault(event, weakref.WeakSet()).add(inbox)
        return inbox

    def has(self, event: str) -> bool:
        """Return whether anybody waits for an event of this name."""
        if event not in self._inboxes:
            return False
        with self._lock:
            return any(not inbox.is_closed for inbox in self._inboxes[event])

    def publish(self, event: str, value: object) -> None:
        """Put an event into every inbox of its name; from one thread."""
        with self._lock:
            inboxes = tuple(self._inboxes.get(event, ()))
        for inbox in inboxes:
            inbox.put(value)

    def close(self) -> None:
        """End every wait: no more events will come. May be called again."""
        with self._lock:
            self._closed = True
            inboxes = [inbox for waiting in self._inboxes.values() for inbox in waiting]
            self._inboxes.clear()
        for inbox in inboxes:
            inbox.close()


class EventStream(Generic[_T]):
    """The events of one name as they come, from the moment it was made: `async for item in call.events("Message")`.

    It works on any event loop, and ends when the call is closed. An event that comes while the loop's body runs is
    kept for the next round. Cancelling the wait for an event loses none.
    """

    def __init__(self, inbox: Inbox, matches: Callable[[_T], object]) -> None:
        self._inbox = inbox
        self._matches = matches

    def __aiter__(self) -> EventStream[_T]:
        return self

    async def __anext__(self) -> _T:
        while True:
            try:
                values = self._inbox.get_nowait()
            except CallClosedError:
                raise StopAsyncIteration from None
            if not values:
                await self._inbox.changed()
            elif self._matches(values[0]):
                matching: _T = values[0]
                return matching

    def close(self) -> None:
        """End the iteration after the events that have come; from any thread."""
        self._inbox.close()


class EventFuture(Generic[_T]):
    """The first matching event since this future was made: await it on any event loop, or ask for its `result()`.

    Cancelling the wait loses nothing: it may be awaited again. A future that nobody awaits costs nothing, and its
    error is not logged.

    Raises
    ------
    TimeoutError
        When awaited: no event matched in time. The time begins with the wait.
    CallClosedError
        When awaited: the call was closed before.
    """

    def __init__(
        self,
        inbox: Inbox,
        matches: Callable[[_T], object],
        *,
        timeout_s: float | None,
        missing: Callable[[], str],
        first: tuple[_T, ...] = (),
    ) -> None:
        self._inbox = inbox
        self._matches = matches
        self._timeout_s = timeout_s
        self._missing = missing
        self._first = list(first)
        self._found: list[_T] = []

    def __repr__(self) -> str:
        return f"<EventFuture {'done' if self._found else 'pending'}>"

    def __await__(self) -> Generator[Any, None, _T]:
        return self._wait().__await__()

    def done(self) -> bool:
        """Return whether the wait is over: the event has come, or none will come any more."""
        try:
            return self._search()
        except CallClosedError:
            return True

    def _search(self) -> bool:
        """Fetch events up to the first that matches, and return whether there is one."""
        while not self._found:
            values = [self._first.pop(0)] if self._first else self._inbox.get_nowait()
            if not values:
                return False
            if self._matches(values[0]):
                self._found.append(values[0])
                self._inbox.close()  # wakes others who wait for the same
        return True

    def result(self, timeout: float | None = None) -> _T:
        """Return the event, blocking this thread until it comes; in a coroutine use `await` instead.

        Parameters
        ----------
        timeout
            Seconds; None means the timeout that the future was made with.
        """
        timeout_s = self._timeout_s if timeout is None else timeout
        ends_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._search():
            left_s = None if ends_s is None else ends_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                raise TimeoutError(f"after {timeout_s:g} s {self._missing()}")
            self._inbox.wait_changed(left_s)
        return self._found[0]

    async def _wait(self) -> _T:
        try:
            await asyncio.wait_for(self._arrival(), self._timeout_s)
        except asyncio.TimeoutError:
            raise TimeoutError(f"after {self._timeout_s:g} s {self._missing()}") from None
        return self._found[0]

    async def _arrival(self) -> None:
        while not self._search():
            await self._inbox.changed()


def _wake_loop(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_set, future)
    except RuntimeError:
        return  # the loop that waited has ended, and nobody waits any more


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
