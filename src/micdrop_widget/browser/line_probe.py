"""Whether the line to the owner is fast enough to pad an urgent message to 64 kB. On the loop thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.timing import Timing

__all__ = ["LineProbe"]

_SMALL = os.urandom(1 << 13)
"""A probe of 8 kB takes 65 ms at 1 Mbit/s: enough to recognize a slow line. Random, since a proxy may compress."""

_LARGE = os.urandom(1 << 16)
"""As many bytes as an urgent message is filled up to."""

_FAST_MS = 30
"""The longest fast round trip: on loopback, idle, it takes a few milliseconds; 64 kB in 30 ms are 17 Mbit/s."""

_RETRY_S = (0.3, 0.6, 1.2, 2.4, 4.8)
"""Seconds from a slow answer to the next probe: page and kernel may only have been busy."""

_FAST_LINE_S = 5.0
"""The time between probes during a call over a fast line, which may become slow."""

_SLOW_LINE_S = 30.0
"""The time between probes over a slow line, where each takes bandwidth from the call."""

_PUT_OFF_S = 1.0
"""How long a probe is put off that would hold up the assistant's audio on a slow line."""


class LineProbe:
    """Sends the owner a message of some size, and measures how long its answer takes.

    A line is slow until it has shown otherwise: first with 8 kB, then with 64 kB. It is slow again when 8 kB are slow
    twice in a row. `Downlink` says what follows from that.

    Parameters
    ----------
    downlink
        Sends the probes; its `is_fast` is set by the answers.
    is_wanted
        Whether a call is up: then probes go on, otherwise they end when the line is known.
    is_in_use
        Whether the page plays an answer.
    note_line
        Told how many bytes a second the line carries at least, after each answer.
    timing
        The clock.
    """

    def __init__(
        self,
        downlink: Downlink,
        *,
        is_wanted: Callable[[], bool],
        is_in_use: Callable[[], bool],
        note_line: Callable[[float], None],
        timing: Timing,
    ) -> None:
        self._downlink = downlink
        self._is_wanted = is_wanted
        self._is_in_use = is_in_use
        self._note_line = note_line
        self._timing = timing
        self._page_id: str | None = None
        self._number = 0
        self._padding = _SMALL
        """What the latest probe is filled up with."""
        self._asked_s = 0.0
        self._slow_answers = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, page_id: str) -> None:
        """Measure the line to a page: it has arrived, or its microphone has been opened."""
        if page_id != self._page_id:
            self._page_id = page_id
            self._downlink.is_fast = False
        self._slow_answers = 0
        self._ask()

    def stop(self) -> None:
        """Send no more probes."""
        self._page_id = None
        self._stop_timer()

    def receive(self, answer: messages.Probed) -> None:
        """Receive the answer of a page; one to an earlier probe is ignored."""
        if answer.page_id != self._page_id or answer.number != self._number or self._timer is not None:
            return
        round_trip_s = self._timing.clock_s() - self._asked_s
        self._note_line(len(self._padding) / max(round_trip_s, 0.001))
        if round_trip_s * 1000 > _FAST_MS:
            self._note_slow()
        elif self._downlink.is_fast or self._padding is _LARGE:
            self._slow_answers = 0
            self._downlink.is_fast = True
            if self._is_wanted():
                self._ask_after(_FAST_LINE_S)
        else:
            self._ask(_LARGE)

    def _note_slow(self) -> None:
        self._slow_answers += 1
        if self._slow_answers > 1:
            self._downlink.is_fast = False
        if self._slow_answers <= len(_RETRY_S):
            self._ask_after(_RETRY_S[self._slow_answers - 1])
        elif self._is_wanted():
            self._ask_after(_SLOW_LINE_S)

    def _ask(self, padding: bytes = _SMALL) -> None:
        self._stop_timer()
        if self._page_id is None:
            return
        if self._is_in_use() and not self._downlink.is_fast:
            self._ask_after(_PUT_OFF_S)
            return
        self._number += 1
        self._padding = padding
        self._asked_s = self._timing.clock_s()
        self._downlink.send(messages.probe(self._page_id, self._number), [padding])

    def _ask_after(self, delay_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._ask)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
