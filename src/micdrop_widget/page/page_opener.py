"""Serves the page of a call that a notebook shows too: made at the first request, one at a time."""

from __future__ import annotations

import asyncio
import threading

from micdrop_widget._threads import LoopThread
from micdrop_widget.browser import PageCall
from micdrop_widget.page.call_page import CallPage

__all__ = ["PageOpener"]

_SHOW_S = 5


class PageOpener:
    """Opens the served page of a call: for a caller in Python, or for the user of a panel.

    Parameters
    ----------
    call
        The call that the page shows.
    thread
        The loop thread of the call.
    """

    def __init__(self, call: PageCall, thread: LoopThread) -> None:
        self._call = call
        self._thread = thread
        self._lock = threading.Lock()
        self._page: CallPage | None = None
        call.on_open_page = self.open_for_panel

    def open(self) -> CallPage:
        """Return the page, open; from any thread but the call's."""
        page = self._current()
        page.open()
        return page

    def show_address(self) -> None:
        """Let every panel show the address, also a panel that is shown later; from any thread but the call's."""
        self._thread.submit(self._show_address(self._current())).result(_SHOW_S)

    async def open_for_panel(self, page_id: str) -> None:
        """Open the page in the user's browser, and send its address to a panel; on the loop thread."""
        page = self._current()
        await page.serve()
        self._call.send_page_address(page_id, page.url)
        await asyncio.to_thread(page.try_browser)

    def close(self) -> None:
        """Serve the page no more; from any thread but the call's. May be called again."""
        with self._lock:
            page, self._page = self._page, None
        if page is not None:
            page.close()

    async def _show_address(self, page: CallPage) -> None:
        self._call.page_address = lambda: page.url if page.is_open else None
        for page_id in self._call.pages.shown:
            self._call.send_page_address(page_id, page.url)

    def _current(self) -> CallPage:
        with self._lock:
            if self._page is None or self._page.is_closed:
                self._page = CallPage(self._call, self._thread)
            return self._page
