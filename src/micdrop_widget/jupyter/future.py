"""What the widget's methods return: something that may be awaited, and may be ignored."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Generator
from typing import Any, Generic, TypeVar

__all__ = ["CallFuture"]

_T = TypeVar("_T")


class CallFuture(Generic[_T]):
    """The outcome of a method that runs on the call's own thread.

    Await it in a cell or a coroutine to wait for the outcome and to get its error; ignore it to go on at once. An
    error that nobody awaits still reaches the panel, the `error` trait and the `Error` event. Cancelling the wait
    does not cancel what was asked for.
    """

    def __init__(self, future: concurrent.futures.Future[_T]) -> None:
        self._future = future

    def __repr__(self) -> str:
        return f"<CallFuture {'done' if self._future.done() else 'pending: await it, or ignore it'}>"

    def __await__(self) -> Generator[Any, None, _T]:
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()

    def done(self) -> bool:
        """Return whether there is an outcome."""
        return self._future.done()
