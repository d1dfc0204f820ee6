"""The heartbeat between the kernel and the pages of a call. On the loop thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from micdrop_widget.browser.timing import Timing

__all__ = ["Heartbeat"]


class Heartbeat:
    """Sends a beat every second for as long as it is wanted, and counts those that are not answered.

    It counts beats, not seconds: a kernel that was held up sent none meanwhile.

    Parameters
    ----------
    send_beat
        Sends a beat.
    is_wanted
        Returns whether an answer is still expected; when not, the heartbeat stops.
    on_silent
        Called once when no answer has come for too long.
    timing
        Seconds from beat to beat, and how many may go unanswered.
    """

    def __init__(
        self,
        send_beat: Callable[[], object],
        *,
        is_wanted: Callable[[], bool],
        on_silent: Callable[[], object],
        timing: Timing,
    ) -> None:
        self._send_beat = send_beat
        self._is_wanted = is_wanted
        self._on_silent = on_silent
        self._timing = timing
        self._timer: asyncio.TimerHandle | None = None
        self._unanswered = 0
        self.answers_while_busy = False
        """Whether the pages' messages are handled while a cell runs."""

    def ensure_running(self) -> None:
        """Begin to beat, unless it beats already or is not wanted."""
        if self._timer is None:
            self._unanswered = 0
            self._beat()

    def note_answer(self) -> None:
        """Note that a page whose answer is expected has sent something."""
        self._unanswered = 0

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._timer = None
        if not self._is_wanted():
            return
        timing = self._timing
        limit = timing.unanswered_beats if self.answers_while_busy else timing.unanswered_beats_while_busy
        if self._unanswered >= limit:
            self._unanswered = 0
            self._on_silent()
            if not self._is_wanted():
                return
        self._unanswered += 1
        self._send_beat()
        self._timer = asyncio.get_running_loop().call_later(timing.heartbeat_s, self._beat)
