"""The served page of a call that other pages show too: made when it is first asked for, one at a time."""

from __future__ import annotations

import asyncio
import threading

from micdrop_widget._threads import LoopThread
from micdrop_widget.browser import PageCall
from micdrop_widget.page.call_page import CallPage

__all__ = ["PageOpener"]


class PageOpener:
    """Opens the page of a call: for a caller in Python, or for a panel in which it was asked for.

    Parameters
    ----------
    call
        What the page shows.
    thread
        The call's.
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

    async def open_for_panel(self, page_id: str) -> None:
        """Open the page for a panel, which is told the address, and in the user's browser; on the loop thread."""
        page = self._current()
        await page.serve()
        self._call.send_page_address(page_id, page.url)
        await asyncio.to_thread(page.try_browser)

    def close(self) -> None:
        """Serve the page no more; from any thread but the call's. Again is no error."""
        with self._lock:
            page, self._page = self._page, None
        if page is not None:
            page.close()

    def _current(self) -> CallPage:
        with self._lock:
            if self._page is None or self._page.is_closed:
                self._page = CallPage(self._call, self._thread)
            return self._page
