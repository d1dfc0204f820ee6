"""The event loop that a call belongs to: any thread may have something done there."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Generator
from typing import Any

__all__ = ["CallLoop"]


class CallLoop:
    """Runs functions on the event loop where it was made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def run(self, function: Callable[..., object], *arguments: object) -> Awaitable[None]:
        """Call a function on the loop: at once there, in its next turn from any other thread, never on a closed loop.

        Returns
        -------
        Awaitable
            Does not wait for the function; may be ignored.
        """
        if threading.get_ident() == self._thread:
            function(*arguments)
        else:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and the call over
                self._loop.call_soon_threadsafe(function, *arguments)
        return _Scheduled()


class _Scheduled:
    """The result of a method that runs on the call's loop: may be awaited, or ignored."""

    def __repr__(self) -> str:
        return "<scheduled on the server>"

    def __await__(self) -> Generator[Any, None, None]:
        return asyncio.sleep(0).__await__()
