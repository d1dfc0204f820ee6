"""Which pages show the call panel, and which of them has microphone and loudspeaker."""

from __future__ import annotations

import asyncio

from micdrop_widget.browser.mic_errors import microphone_error

__all__ = ["FrontEnds"]

_ANSWER_S = 10
"""How long a panel may take to be shown."""


class FrontEnds:
    """The pages that show the panel, and which of them owns the call. On the loop thread."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._arrived = asyncio.Event()
        self.owner: str | None = None

    def hello(self, front_end: str) -> None:
        """Note that a front end shows the panel."""
        if front_end not in self._shown:
            self._shown.append(front_end)
        self._arrived.set()

    def bye(self, front_end: str) -> None:
        """Note that a front end shows it no more."""
        if front_end in self._shown:
            self._shown.remove(front_end)
        if not self._shown:
            self._arrived.clear()
        if self.owner == front_end:
            self.owner = None

    @property
    def shown(self) -> tuple[str, ...]:
        """The front ends that show the panel, the first one first."""
        return tuple(self._shown)

    async def choose_owner(self) -> str:
        """Return the owner: where Start was pressed, or the first one shown.

        Raises
        ------
        MicdropError
            No panel is shown in time.
        """
        arrived = asyncio.ensure_future(self._arrived.wait())
        try:
            # not wait_for: before Python 3.12 it loses a cancellation that meets the arrival
            done, _ = await asyncio.wait([arrived], timeout=_ANSWER_S)
        finally:
            arrived.cancel()
        if not done:
            raise microphone_error("no_panel")
        if self.owner is None:
            self.owner = self._shown[0]
        return self.owner
