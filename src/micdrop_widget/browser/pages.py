"""Which pages show the call panel, and which of them has microphone and loudspeaker."""

from __future__ import annotations

import asyncio

from micdrop_widget.browser.mic_errors import microphone_error
from micdrop_widget.browser.timing import Timing

__all__ = ["Pages"]


class Pages:
    """The pages that show the panel, and the owner of the call among them. On the loop thread.

    Parameters
    ----------
    timing
        How long a panel may take to be shown.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._shown: list[str] = []
        self._arrived = asyncio.Event()
        self.owner: str | None = None

    def add(self, page_id: str) -> None:
        """Note that a page shows the panel."""
        if page_id not in self._shown:
            self._shown.append(page_id)
        self._arrived.set()

    def remove(self, page_id: str) -> None:
        """Note that a page shows it no more."""
        if page_id in self._shown:
            self._shown.remove(page_id)
        if not self._shown:
            self._arrived.clear()
        if self.owner == page_id:
            self.owner = None

    def demote(self, page_id: str) -> None:
        """Note that a page can have no microphone: where others show the panel too, they come first from now on."""
        if page_id in self._shown and len(self._shown) > 1:
            self._shown.remove(page_id)
            self._shown.append(page_id)
            if self.owner == page_id:
                self.owner = None

    @property
    def shown(self) -> tuple[str, ...]:
        """The pages that show the panel, the first one first; those without a microphone last."""
        return tuple(self._shown)

    async def choose_owner(self) -> str:
        """Return the owner: where Start was pressed, or the first one shown.

        Raises
        ------
        MicdropError
            No panel is shown in time.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._timing.panel_s
        while not self._shown:  # one that arrives may be gone again before this wakes up
            if not await self._wait_for_arrival(deadline_s - loop.time()):
                raise microphone_error("no_panel")
        if self.owner is None:
            self.owner = self._shown[0]
        return self.owner

    async def _wait_for_arrival(self, timeout_s: float) -> bool:
        arrived = asyncio.ensure_future(self._arrived.wait())
        try:
            # not wait_for: before Python 3.12 it loses a cancellation that meets the arrival
            done, _ = await asyncio.wait([arrived], timeout=timeout_s)
        finally:
            arrived.cancel()
        return bool(done)
