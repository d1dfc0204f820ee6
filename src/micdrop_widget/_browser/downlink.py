"""The way of what the kernel says to the pages: audio first, small messages along with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from micdrop_widget import _comm

__all__ = ["Downlink", "Send"]

Send: TypeAlias = Callable[[_comm.Content, list[bytes] | None], None]
"""Sends a custom message with its buffers; from any thread."""

_ALONG_S = 0.125


class Downlink:
    """Sends messages at once, or along with the next audio.

    jupyter_server lets a small message wait until the browser has acknowledged the one before (Nagle's algorithm),
    up to 40 ms. An answer that is paced in real time would be held up by whatever small message went just before a
    chunk of it. So what can wait is sent behind a chunk: until the next one it has been acknowledged.

    Parameters
    ----------
    send
        Sends a custom message.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._along: dict[Callable[[], None], None] = {}
        """In the order they came."""
        self._timer: asyncio.TimerHandle | None = None
        self.on_released: Callable[[], object] = lambda: None
        """Called when small messages have gone: the time for others of their kind."""

    def send(self, content: _comm.Content, buffers: list[bytes] | None = None) -> None:
        """Send a message now; from any thread."""
        self._send(content, buffers)

    def send_along(self, tell: Callable[[], None]) -> None:
        """Call a function that sends, behind the next audio or an eighth of a second from now; on the loop thread.

        One that waits already is not called twice.
        """
        self._along[tell] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_ALONG_S, self.release)

    def forget(self, tell: Callable[[], None]) -> None:
        """Do not call a function any more."""
        self._along.pop(tell, None)

    def release(self) -> None:
        """Send what waits: audio has just gone; on the loop thread."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        waiting, self._along = self._along, {}
        for tell in waiting:
            tell()
        self.on_released()
