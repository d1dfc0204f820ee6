"""`CallPage`: the served page of a call, as the user controls it from any thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import sys
import threading
from urllib.parse import urlsplit

from micdrop_widget._threads import LoopThread
from micdrop_widget.browser import PageCall
from micdrop_widget.errors import CallClosedError
from micdrop_widget.page.limits import PageLimits
from micdrop_widget.page.opening import BrowserOpener
from micdrop_widget.page.server import PageServer

__all__ = ["CallPage"]

_OPEN_S = 10
_CLOSE_S = 5


class CallPage:
    """A page in the user's browser that shows a call: this process serves it, on this machine alone.

    It ends with the call, and when nobody has come to it for ten minutes. One browser shows it at a time: the newest
    that has its address.

    Parameters
    ----------
    call
        The call that it shows.
    thread
        The loop thread of the call.
    limits
        How much a connection may ask for.
    """

    def __init__(self, call: PageCall, thread: LoopThread, limits: PageLimits | None = None) -> None:
        self._thread = thread
        self._ended = threading.Event()
        self._server = PageServer(call, PageLimits() if limits is None else limits, self._end)
        self._browser = BrowserOpener()
        self._serving = asyncio.Lock()
        self._url = ""

    def __repr__(self) -> str:
        return f"<CallPage {'at ' + self.place if self.is_open else 'closed'}>"

    @property
    def url(self) -> str:
        """The address, for the user of the call alone: its token lets any browser in.

        Where the kernel is another machine, make a tunnel (`ssh -L 8765:localhost:PORT HOST`) and put the port of its
        near end into the address.
        """
        return self._url

    @property
    def is_open(self) -> bool:
        """Whether the page is served."""
        return bool(self._url) and not self.is_closed

    @property
    def place(self) -> str:
        """The address without its token, which may be shown to anybody."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_closed(self) -> bool:
        """Whether the page was served, and is no more."""
        return self._ended.is_set()

    async def serve(self, port: int = 0) -> None:
        """Begin to serve, unless it is served; on the loop thread.

        Raises
        ------
        OSError
            The port is taken.
        """
        async with self._serving:
            if not self._url:
                self._url = await self._server.open(port)

    def open(self, port: int = 0) -> None:
        """Begin to serve; from any other thread. See `serve`."""
        self._thread.submit(self.serve(port)).result(_OPEN_S)

    def open_browser(self) -> bool:
        """Open the page in the user's browser; where there is none, print its address. Return whether there is one."""
        if not self.is_open:
            raise CallClosedError
        found = self.try_browser()
        if not found:
            sys.stdout.write(f"Open this page in a browser: {self._url}\n")
            sys.stdout.flush()
        return found

    def try_browser(self) -> bool:
        """Open the page in the user's browser, and return whether there is one."""
        return self.is_open and self._browser.open(self._url)

    def wait(self, timeout: float | None = None) -> bool:
        """Block this thread until the page is served no more, and return whether that happened in time.

        Parameters
        ----------
        timeout
            Seconds; None waits until then.
        """
        return self._ended.wait(timeout)

    async def end(self) -> None:
        """Serve the page no more; on the loop thread."""
        await self._server.close()

    def close(self) -> None:
        """Serve the page no more: it shows that the call has ended, and releases the microphone. Idempotent."""
        if not self._ended.is_set() and not self._thread.is_current:
            with contextlib.suppress(concurrent.futures.TimeoutError):
                self._thread.submit(self._server.close()).result(_CLOSE_S)
        self._end()

    def _end(self) -> None:
        self._browser.close()
        self._ended.set()
