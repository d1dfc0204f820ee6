"""The browser as the call's loudspeaker. Everything here runs on the loop thread."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.pages import FrontEnds
from micdrop_widget.call.sinks import HeardReport

__all__ = ["BrowserSpeaker"]

_AHEAD_SAMPLES = 2 * SAMPLE_RATE
"""Audio that waits in the browser; the rest waits here, so that no flush queues behind a minute of speech."""

_PIECE_SAMPLES = SAMPLE_RATE // 2
_REST_S = 0.2
"""While the page has this much, audio waits for as much more, and goes in one message; the rest of an answer, or what
comes in real time, does not wait for longer than that."""

_BEGINNING_SAMPLES = 3 * SAMPLE_RATE // 10
"""What begins this early in an answer meets the news that the assistant speaks, and must not wait for it."""

_REPORT_SAMPLES = 3 * SAMPLE_RATE // 10
"""From one report of the page to the next while it plays: a fifth of a second, or a tenth more where one waits."""

_FILLER_SAMPLES = SAMPLE_RATE // 20
"""From one filler to the next: a server that sends small chunks must not send fillers before all."""


class BrowserSpeaker:
    """The loudspeaker of the front end that owns the call.

    Parameters
    ----------
    downlink
        The way to the pages.
    front_ends
        Who shows the panel.
    """

    live = True

    def __init__(self, downlink: Downlink, front_ends: FrontEnds) -> None:
        self._downlink = downlink
        self._front_ends = front_ends
        self._report: HeardReport = lambda epoch, samples: None
        self._device_id: str | None = None
        self.underruns = 0
        """How often the current answer was interrupted because its audio came too late."""
        self._rest: asyncio.TimerHandle | None = None
        self._begin(0)

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._waiting: deque[Pcm] = deque()
        self._waiting_samples = 0
        self._stop_waiting()
        self._unheard: deque[Pcm] = deque()
        """What was sent and is not known to be heard, from the sample `_heard` on."""
        self._sent = 0
        self._heard = 0
        self._heard_at_s = 0.0
        """When that was told."""
        self._filled: float = -math.inf
        """Where the latest chunk with a filler began."""
        self.underruns = 0

    def bind(self, report: HeardReport) -> None:
        """Take the function to report to."""
        self._report = report

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Play samples after those before them."""
        if epoch > self._epoch:
            self._begin(epoch)
        self._waiting.append(pcm)
        self._waiting_samples += len(pcm)
        if self._front_ends.owner is None:
            self.lose()
        else:
            self._send_ahead()

    def lose(self) -> None:
        """Give the answer up: there is no page any more that plays it, so it is over."""
        self._stop_waiting()
        self._sent += self._waiting_samples
        self._waiting.clear()
        self._waiting_samples = 0
        self._unheard.clear()
        if self._sent > self._heard:
            self._heard = self._sent
            self._report(self._epoch, self._heard)

    def move(self, before: str) -> None:
        """Play on at the owner of now, from where the one before was heard; that page is silent."""
        self._downlink.send(messages.flush(self._epoch, before))
        self._waiting.extendleft(reversed(self._unheard))
        self._waiting_samples += sum(len(pcm) for pcm in self._unheard)
        self._unheard.clear()
        self._sent = self._heard
        self._filled = -math.inf
        self._send_ahead()

    def flush(self, epoch: int) -> None:
        """Be silent at once; what must have been heard since the last report is reported before."""
        if epoch > self._epoch:
            self._report_estimated_playback()
            self._begin(epoch)
        self._downlink.send(*messages.with_nagle_filler(messages.flush(self._epoch)))

    def select(self, device_id: str) -> None:
        """Play on another loudspeaker, on every page that shows the call."""
        self._device_id = device_id
        self.tell_device()

    def tell_device(self) -> None:
        """Tell the pages which loudspeaker was chosen, if one was: a page that is new does not know it."""
        if self._device_id is not None:
            self._downlink.send(messages.set_speaker(self._device_id))

    def receive(self, report: messages.PlaybackProgress) -> None:
        """Take the front end's word for what was heard."""
        if report.epoch != self._epoch or report.page_id != self._front_ends.owner:
            return
        self._forget_heard(report.samples - self._heard)
        self._heard = max(self._heard, report.samples)
        self._heard_at_s = time.monotonic()
        self.underruns = report.underruns
        self._send_ahead()
        self._report(report.epoch, report.samples)

    def _report_estimated_playback(self) -> None:
        if 0 < self._heard < self._sent:
            since = min(round((time.monotonic() - self._heard_at_s) * SAMPLE_RATE), _REPORT_SAMPLES)
            self._report(self._epoch, min(self._heard + since, self._sent))

    def _forget_heard(self, samples: int) -> None:
        while samples > 0 and self._unheard:
            first = self._unheard.popleft()
            if samples < len(first):
                self._unheard.appendleft(first[samples:])
            samples -= len(first)

    def _send_ahead(self, *, can_wait: bool = True) -> None:
        """Send as much as the page has room for, unless it can wait for more."""
        owner, ahead = self._front_ends.owner, self._sent - self._heard
        samples = min(self._waiting_samples, _AHEAD_SAMPLES - ahead)
        if owner is None or samples <= 0:
            return
        if samples >= _PIECE_SAMPLES or ahead < _PIECE_SAMPLES or not can_wait:
            self._send(owner, samples)
        elif samples == self._waiting_samples and self._rest is None:
            self._rest = asyncio.get_running_loop().call_later(_REST_S, self._send_rest)

    def _send_rest(self) -> None:
        self._rest = None
        self._send_ahead(can_wait=False)

    def _send(self, owner: str, samples: int) -> None:
        self._stop_waiting()
        pcm = self._take(samples)
        message = messages.play(owner, self._epoch, self._sent, pcm)
        if self._is_urgent():
            self._filled = self._sent
            message = messages.with_nagle_filler(*message)
        self._downlink.send(*message)
        self._unheard.append(pcm)
        self._sent += len(pcm)
        self._downlink.release()

    def _take(self, samples: int) -> Pcm:
        """Return the first samples of those that wait."""
        self._waiting_samples -= samples
        taken: list[Pcm] = []
        while samples:
            first = self._waiting.popleft()
            if len(first) > samples:
                self._waiting.appendleft(first[samples:])
                first = first[:samples]
            samples -= len(first)
            taken.append(first)
        return taken[0] if len(taken) == 1 else np.concatenate(taken)

    def _stop_waiting(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _is_urgent(self) -> bool:
        """Whether the page waits for what is sent next, or may soon."""
        is_awaited = self._sent == self._heard or self._sent < _BEGINNING_SAMPLES
        return is_awaited and self._sent - self._filled >= _FILLER_SAMPLES
