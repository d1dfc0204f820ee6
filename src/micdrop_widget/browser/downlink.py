"""The way of what the kernel says to the pages: audio first, small messages along with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeAlias, TypeVar

from micdrop_widget.browser import messages

__all__ = ["BuildMessage", "Downlink", "Send"]

Send: TypeAlias = Callable[[messages.Content, list[bytes] | None], None]
"""Sends a custom message with its buffers; from any thread."""

BuildMessage: TypeAlias = Callable[[], messages.Content | None]
"""Returns a message, as late as can be; None: there is nothing to tell any more."""

_T = TypeVar("_T")

_log = logging.getLogger("micdrop_widget.jupyter.widget")

_SOON_S = 0.2
_LATER_S = 0.4
"""What may wait does not wait longer than this, be it soon or not."""

_AT_LEAST_S = 0.05
"""What has waited less is not sent behind audio yet: chunks may be smaller than a frame of the microphone."""


class Downlink:
    """Sends messages at once, or along with the next audio.

    jupyter_server lets a small message wait until the browser has acknowledged the one before (Nagle's algorithm),
    up to 40 ms. An answer that is paced in real time would be held up by whatever small message went just before a
    chunk of it. So what can wait is sent behind a chunk, as one message: until the next chunk it has been acknowledged.

    Parameters
    ----------
    send
        Sends a custom message.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._along: dict[BuildMessage, None] = {}
        """In the order they came."""
        self._timer: asyncio.TimerHandle | None = None
        self._since_s = 0.0
        """When what waits longest came."""
        self.on_released: Callable[[], object] = lambda: None
        """Called when small messages have gone: the time for others of their kind."""

    def send(self, content: messages.Content, buffers: list[bytes] | None = None) -> None:
        """Send a message now; from any thread."""
        self._send(content, buffers)

    def send_deferred(self, tell: BuildMessage, *, soon: bool = True) -> None:
        """Send what a function returns, behind the next audio, or with what else goes; on the loop thread.

        One that waits already is not asked twice.

        Parameters
        ----------
        tell
            Returns the message.
        soon
            Within a fifth of a second; else within two fifths.
        """
        loop = asyncio.get_running_loop()
        if not self._along:
            self._since_s = loop.time()
        self._along[tell] = None
        due_s = loop.time() + (_SOON_S if soon else _LATER_S)
        if self._timer is None or due_s < self._timer.when():
            self._stop_waiting()
            self._timer = loop.call_at(due_s, self._send_all)

    def forget(self, tell: BuildMessage) -> None:
        """Do not ask a function any more."""
        self._along.pop(tell, None)

    def release(self) -> None:
        """Send what has waited for a while: audio has just gone; on the loop thread."""
        if self._timer is not None and asyncio.get_running_loop().time() - self._since_s >= _AT_LEAST_S:
            self._send_all()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_all(self) -> None:
        self._stop_waiting()
        waiting, self._along = self._along, {}
        contents = [content for tell in waiting if (content := _unfailing(tell)) is not None]
        if contents:
            self._send(messages.bundle(contents), None)
        _unfailing(self.on_released)


def _unfailing(call: Callable[[], _T]) -> _T | None:
    """Call a function; whatever it raises: audio and the others must not suffer."""
    try:
        return call()
    except Exception:  # noqa: BLE001 - see above
        _log.exception("the panel could not be told")
        return None
