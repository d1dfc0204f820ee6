"""What the kernel sends to the pages: audio first, small messages behind it. On the loop thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

from micdrop_widget.browser import messages
from micdrop_widget.browser.timing import Timing

__all__ = ["BuildMessage", "Carrier", "Downlink"]

BuildMessage: TypeAlias = Callable[[], messages.Content | None]
"""Builds a message just before it is sent; None: there is nothing to send any more."""

_T = TypeVar("_T")

_log = logging.getLogger("micdrop_widget.browser.downlink")


class Carrier(Protocol):
    """What moves messages between the kernel and the pages."""

    def send(self, content: messages.Content, buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        """Send a message to all pages; from any thread.

        Parameters
        ----------
        content, buffers
            The message, and its audio.
        urgent
            It must not be held back on its way, whatever that costs: a page waits for it.
        """
        ...

    def deferred_sent(self) -> None:
        """Note that deferred messages have just been sent: now the carrier may send small messages of its own."""
        ...


class Downlink:
    """Sends messages at once, or behind the next audio.

    Each message costs kernel, carrier and page the same, however small it is, and may hold up audio that goes just
    after it. So what can wait is sent right behind a chunk of audio, together, as one message.

    Parameters
    ----------
    carrier
        Moves the messages.
    timing
        How long a deferred message waits.
    """

    def __init__(self, carrier: Carrier, timing: Timing) -> None:
        self._carrier = carrier
        self.timing = timing
        self.is_fast = True
        """Whether the owner's line is so fast that an urgent message may be made larger; see `LineProbe`."""
        self._deferred: dict[BuildMessage, None] = {}
        """In the order they were deferred."""
        self._timer: asyncio.TimerHandle | None = None
        self._deferred_since_s = 0.0
        """When the first of them was deferred."""

    def send(self, content: messages.Content, buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        """Send a message now; from any thread. See `Carrier.send`; on a slow line nothing is urgent."""
        self._carrier.send(content, buffers, urgent=urgent and self.is_fast)

    def send_deferred(self, build: BuildMessage, max_delay_s: float) -> None:
        """Send what a function builds behind the next audio, or with what else is deferred.

        A function that waits already is called once all the same.

        Parameters
        ----------
        build
            Builds the message.
        max_delay_s
            It is sent by then.
        """
        loop = asyncio.get_running_loop()
        if not self._deferred:
            self._deferred_since_s = loop.time()
        self._deferred[build] = None
        due_s = loop.time() + max_delay_s
        if self._timer is None or due_s < self._timer.when():
            self._stop_timer()
            self._timer = loop.call_at(due_s, self._send_all)

    def cancel(self, build: BuildMessage) -> None:
        """Do not send what a function would build."""
        self._deferred.pop(build, None)

    def audio_sent(self) -> None:
        """Send the deferred messages, if they have waited for a while: audio has just been sent."""
        waited_s = asyncio.get_running_loop().time() - self._deferred_since_s
        if self._timer is not None and waited_s >= self.timing.piggyback_after_s:
            self._send_all()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_all(self) -> None:
        self._stop_timer()
        deferred, self._deferred = self._deferred, {}
        contents = [content for build in deferred if (content := _call_safely(build)) is not None]
        if contents:
            self._carrier.send(messages.bundle(contents))
        _call_safely(self._carrier.deferred_sent)


def _call_safely(function: Callable[[], _T]) -> _T | None:
    """Call a function, and log what it raises: audio and the other messages must be sent all the same."""
    try:
        return function()
    except Exception:  # noqa: BLE001 - see above
        _log.exception("a message to the panel could not be sent")
        return None
