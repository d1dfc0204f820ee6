"""Jupyter's comm as the carrier between the kernel and the pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from micdrop_widget.browser.messages import Content

__all__ = ["JupyterCarrier"]

_FILLER = os.urandom(1 << 16)
"""Fills a TCP segment, also one of the loopback interface, the largest there are. Random: a proxy may compress."""


class JupyterCarrier:
    """Sends messages over a widget's comm.

    jupyter_server leaves Nagle's algorithm on: what does not fill a TCP segment waits until the browser has
    acknowledged what came before, which it does with its next microphone frame (32 to 64 ms) or 40 ms later. So an
    urgent message gets a buffer more, which nobody reads: it fills what the message's audio leaves of the segment. Only
    fast lines get urgent messages: see `docs/lines.md`.

    Parameters
    ----------
    send
        Sends a custom message with its buffers; from any thread.
    """

    def __init__(self, send: Callable[[Content, list[bytes] | None], object]) -> None:
        self._send = send
        self.publish_idle: Callable[[], object] = lambda: None
        """Publishes idle for the messages so far; that is a small message for each of them."""

    def send(self, content: Content, buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        """Send a message; see `micdrop_widget.browser.Carrier`."""
        filled = [*buffers, _FILLER[sum(map(len, buffers)) :]] if urgent else list(buffers)
        self._send(content, filled or None)

    def deferred_sent(self) -> None:
        """Publish idle: small messages have just been sent, and more of them delay no audio now."""
        self.publish_idle()
