"""The browser as the call's loudspeaker. Everything here runs on the loop thread."""

from __future__ import annotations

import asyncio
import math
from collections import deque

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.browser import messages
from micdrop_widget.browser.downlink import Downlink
from micdrop_widget.browser.pages import Pages
from micdrop_widget.browser.send_window import SendWindow
from micdrop_widget.browser.timing import Timing
from micdrop_widget.call.sinks import HeardReport

__all__ = ["BrowserSpeaker"]

_AHEAD_SAMPLES = 2 * SAMPLE_RATE
"""How much audio waits in the browser; the rest waits here, so that no flush queues behind a minute of speech."""

_BATCH_SAMPLES = SAMPLE_RATE // 2
"""While the page has this much, audio waits for as much more, and goes in one message; the rest of an answer, or what
comes in real time, does not wait for long."""

_BEGINNING_SAMPLES = 3 * SAMPLE_RATE // 10
"""Audio this early in an answer is sent beside the state that the assistant speaks, and must not wait for it."""

_REPORT_SAMPLES = 3 * SAMPLE_RATE // 10
"""From one report of the page to the next while it plays: a fifth of a second, or a tenth more where one waits."""

_SCARCE_SAMPLES = SAMPLE_RATE // 5
"""With less than this the page has hardly more than its jitter buffer needs."""

_CROWDED_S = 0.05
"""A message so soon behind another may be held back for it, and those behind it too (see the carrier of Jupyter)."""

_URGENT_SAMPLES = SAMPLE_RATE // 20
"""From one urgent message to the next: a server that sends small chunks must not make all of them urgent."""

_FIRST_ON_SLOW_SAMPLES = 3 * SAMPLE_RATE // 50
_ON_SLOW_SAMPLES = SAMPLE_RATE // 5
"""Audio in one message on a slow line: it is heard when it is there whole, so the first messages are small."""

_SPACING_ON_SLOW_S = 0.02
"""From one message to the next on a slow line, where they carry less: each brings some 700 bytes that are no audio."""

_LEAST_ON_SLOW_SAMPLES = SAMPLE_RATE // 50
"""Less in one message is hardly worth those bytes."""

_UNACKNOWLEDGED_S = 1.0
"""How long to wait before sending again when the page acknowledges nothing; see `SendWindow`."""


class BrowserSpeaker:
    """The loudspeaker of the page that owns the call.

    On a fast line two seconds of an answer go ahead at once. On a slow one as much is on its way as `SendWindow`
    allows, so that silence, which queues behind it, does not come late.

    Parameters
    ----------
    downlink
        Sends messages to the pages.
    pages
        The pages that show the panel.
    timing
        How long audio waits for more of it, and the clock.
    """

    live = True

    def __init__(self, downlink: Downlink, pages: Pages, timing: Timing) -> None:
        self._downlink = downlink
        self._pages = pages
        self._timing = timing
        self._report: HeardReport = lambda epoch, samples: None
        self._device_id: str | None = None
        self.heard_age_ms = 0.0
        """While it is reported what was heard: how long ago that was."""
        self.underruns = 0
        """How often the current answer was interrupted because its audio came too late."""
        self._send_timer: asyncio.TimerHandle | None = None
        self._window = SendWindow()
        self._begin(0)

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._waiting: deque[Pcm] = deque()
        self._waiting_samples = 0
        self._stop_send_timer()
        self._window.begin()
        self._unheard: deque[Pcm] = deque()
        """What was sent and was not reported as heard, from the sample `_heard` on."""
        self._sent = 0
        self._heard = 0
        self._heard_at_s = 0.0
        """When that was reported."""
        self._urgent_from: float = -math.inf
        """Where the latest urgent chunk began."""
        self._sent_at_s = -math.inf
        """When the latest chunk went."""
        self.underruns = 0

    def bind(self, report: HeardReport) -> None:
        """Report to a function from now on."""
        self._report = report

    def note_line(self, bytes_per_s: float) -> None:
        """Note how much the line to the owner carries at least, as `LineProbe` found it."""
        self._window.note_line(bytes_per_s)

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Play samples after those before them."""
        if epoch > self._epoch:
            self._begin(epoch)
        self._waiting.append(pcm)
        self._waiting_samples += len(pcm)
        if self._pages.owner is None:
            self.lose()
        else:
            self._send_ahead()

    def lose(self) -> None:
        """Give the answer up: no page plays it, so what was sent of it counts as heard."""
        self._stop_send_timer()
        self._sent += self._waiting_samples
        self._waiting.clear()
        self._waiting_samples = 0
        self._unheard.clear()
        if self._sent > self._heard:
            self._heard = self._sent
            self._report(self._epoch, self._heard)

    def move(self, former_owner: str) -> None:
        """Play on in the page that is the owner now, from where the former one was heard, which is silenced."""
        self._downlink.send(messages.flush(self._epoch, former_owner))
        self._waiting.extendleft(reversed(self._unheard))
        self._waiting_samples += sum(len(pcm) for pcm in self._unheard)
        self._unheard.clear()
        self._sent = self._heard
        self._window.begin()
        self._urgent_from = -math.inf
        self._sent_at_s = -math.inf
        self._send_ahead()

    def flush(self, epoch: int) -> None:
        """Be silent at once; what was probably heard since the last report is reported before."""
        if epoch > self._epoch:
            self._report_estimated_playback()
            self._begin(epoch)
        self._downlink.send(messages.flush(self._epoch), urgent=True)

    def select(self, device_id: str) -> None:
        """Play on another loudspeaker, on every page that shows the call."""
        self._device_id = device_id
        self.send_device()

    def send_device(self) -> None:
        """Send the pages which loudspeaker was chosen, if one was: a page that is new does not know it."""
        if self._device_id is not None:
            self._downlink.send(messages.set_speaker(self._device_id))

    @property
    def is_in_use(self) -> bool:
        """Whether some samples of the answer were not heard yet."""
        return self._waiting_samples > 0 or self._ahead > 0

    def is_playing(self, page_id: str, epoch: int) -> bool:
        """Whether a page has, or had, audio of an epoch that is not over."""
        return epoch == self._epoch and page_id == self._pages.owner

    def receive(self, report: messages.PlaybackProgress | messages.PlayReceived, age_ms: float = 0.0) -> None:
        """Note what has arrived, or was heard so long ago, as a page reports it."""
        if not self.is_playing(report.page_id, report.epoch):
            return
        match report:
            case messages.PlayReceived():
                self._window.acknowledge(report.samples, report.received_ms)
                self._send_ahead()
            case messages.PlaybackProgress():
                self._note_heard(report, age_ms)

    def _note_heard(self, report: messages.PlaybackProgress, age_ms: float) -> None:
        self._drop_heard(report.samples - self._heard)
        self._heard = max(self._heard, report.samples)
        self._heard_at_s = self._timing.clock_s() - age_ms / 1000
        self.underruns = report.underruns
        self._window.acknowledge(report.samples)
        self._send_ahead()
        self.heard_age_ms = age_ms
        self._report(report.epoch, report.samples)
        self.heard_age_ms = 0.0

    def _report_estimated_playback(self) -> None:
        if 0 < self._heard < self._sent:
            self._report(self._epoch, self._estimate_heard())

    def _estimate_heard(self) -> int:
        """Return how much was probably heard by now; a page that does not report any more does not play either."""
        since = round((self._timing.clock_s() - self._heard_at_s) * SAMPLE_RATE)
        return min(self._heard + min(since, _REPORT_SAMPLES), self._sent) if self._heard else 0

    def _drop_heard(self, samples: int) -> None:
        while samples > 0 and self._unheard:
            first = self._unheard.popleft()
            if samples < len(first):
                self._unheard.appendleft(first[samples:])
            samples -= len(first)

    def _send_ahead(self, *, can_wait: bool = True) -> None:
        """Send as much as the page has room for, unless it waits for more."""
        owner = self._pages.owner
        if owner is None:
            return
        if not self._downlink.is_fast:
            self._send_sparingly(owner)
            return
        samples = min(self._waiting_samples, self._room)
        if samples <= 0:
            return
        wait_s = self._wait_s if can_wait and samples < _BATCH_SAMPLES else 0.0
        if wait_s <= 0:
            self._send(owner, samples)
        elif samples == self._waiting_samples:
            self._send_later(wait_s)

    @property
    def _wait_s(self) -> float:
        """How long audio on a fast line waits for more that goes in the same message."""
        if self._ahead >= _BATCH_SAMPLES:
            return self._timing.batch_s
        return self._sent_at_s + self._timing.together_s - self._timing.clock_s()

    def _send_sparingly(self, owner: str) -> None:
        """Send on a slow line: small messages, few just behind another, and no more than it can carry soon."""
        while self._waiting_samples and self._room > 0:
            now_s = self._timing.clock_s()
            allowed = self._window.room(now_s * 1000)
            if allowed < min(self._waiting_samples, _LEAST_ON_SLOW_SAMPLES):
                self._send_later(_UNACKNOWLEDGED_S)
                return
            largest = min(max(_FIRST_ON_SLOW_SAMPLES, self._ahead), _ON_SLOW_SAMPLES)
            samples = min(self._waiting_samples, self._room, allowed, largest)
            spacing_s = self._sent_at_s + _SPACING_ON_SLOW_S - now_s
            if samples < _LEAST_ON_SLOW_SAMPLES and spacing_s > 0:
                self._send_later(spacing_s)
                return
            self._send(owner, samples)

    @property
    def _ahead(self) -> int:
        """Samples that were sent and not reported as heard."""
        return self._sent - self._heard

    @property
    def _room(self) -> int:
        """Samples that the page has room for."""
        return _AHEAD_SAMPLES - self._ahead

    def _send_later(self, delay_s: float) -> None:
        """Send after a delay at the latest."""
        loop = asyncio.get_running_loop()
        if self._send_timer is not None and self._send_timer.when() <= loop.time() + delay_s:
            return
        self._stop_send_timer()
        self._send_timer = loop.call_later(delay_s, self._send_delayed)

    def _send_delayed(self) -> None:
        self._send_timer = None
        self._send_ahead(can_wait=False)

    def _send(self, owner: str, samples: int) -> None:
        self._stop_send_timer()
        pcm = self._pop_waiting(samples)
        is_urgent = self._is_urgent()
        if is_urgent:
            self._urgent_from = self._sent
        end, now_s, awaits_ack = self._sent + samples, self._timing.clock_s(), not self._downlink.is_fast
        content, buffers = messages.play(owner, self._epoch, self._sent, pcm, awaits_ack=awaits_ack)
        self._downlink.send(content, buffers, urgent=is_urgent)
        if awaits_ack:
            self._window.note_sent(self._sent, end, now_s * 1000)
        self._unheard.append(pcm)
        self._sent = end
        self._sent_at_s = now_s
        self._downlink.audio_sent()

    def _pop_waiting(self, samples: int) -> Pcm:
        """Return the first samples of those that wait."""
        self._waiting_samples -= samples
        chunks: list[Pcm] = []
        while samples:
            first = self._waiting.popleft()
            if len(first) > samples:
                self._waiting.appendleft(first[samples:])
                first = first[:samples]
            samples -= len(first)
            chunks.append(first)
        return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _is_urgent(self) -> bool:
        """Whether the page waits for the next samples, or may soon."""
        is_crowded = self._timing.clock_s() - self._sent_at_s < _CROWDED_S
        is_scarce = self._sent - self._estimate_heard() < _SCARCE_SAMPLES
        is_awaited = self._sent == self._heard or self._sent < _BEGINNING_SAMPLES or (is_scarce and is_crowded)
        return is_awaited and self._sent - self._urgent_from >= _URGENT_SAMPLES
