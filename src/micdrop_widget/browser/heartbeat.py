"""Whether the page that has the microphone is still there, and word to it that the kernel is. On the loop thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Heartbeat"]

_BEAT_S = 1.0
"""The page releases the microphone when it hears nothing for 4.5 s: no page listens for a kernel that is gone."""

_UNANSWERED = 10
"""So many beats without an answer tell that the page is gone, where a cell that runs does not keep answers away."""

_UNANSWERED_WHILE_BUSY = 600
"""The same, where answers wait for the end of the running cell: a cell is given ten minutes."""


class Heartbeat:
    """Speaks to a page once a second and counts what it does not answer.

    Beats are counted, not seconds: a kernel that was held up asked nothing meanwhile.

    Parameters
    ----------
    beat
        Tells the page that the kernel lives.
    on_silent
        Called once when the page has not answered for too long.
    """

    def __init__(self, beat: Callable[[], object], on_silent: Callable[[], object]) -> None:
        self._beat = beat
        self._on_silent = on_silent
        self._timer: asyncio.TimerHandle | None = None
        self._unanswered = 0
        self.answers_while_busy = False
        """Whether the page's messages are handled while a cell runs."""

    def start(self) -> None:
        """Begin to speak to the page, anew."""
        self.stop()
        self._unanswered = 0
        self._speak()

    def answer(self) -> None:
        """Note that the page said something."""
        self._unanswered = 0

    def stop(self) -> None:
        """Speak no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _speak(self) -> None:
        if self._unanswered >= (_UNANSWERED if self.answers_while_busy else _UNANSWERED_WHILE_BUSY):
            self._timer = None
            self._on_silent()
            return
        self._unanswered += 1
        self._beat()
        self._timer = asyncio.get_running_loop().call_later(_BEAT_S, self._speak)
