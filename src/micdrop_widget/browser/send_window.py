"""How much of an answer may be on its way to the page, so that the message of a pause never queues for long. Pure."""

from __future__ import annotations

from collections import deque

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.browser.link import ClockOffset

__all__ = ["SendWindow"]

_FIRST_SAMPLES = 3 * SAMPLE_RATE // 10
_LEAST_SAMPLES = SAMPLE_RATE // 10
_MOST_SAMPLES = 2 * SAMPLE_RATE

_STEP_SAMPLES = SAMPLE_RATE // 20

_BYTES_A_SAMPLE = 2

_QUEUE_S = 0.15
"""What a line carries in this time may be on its way."""

_EMPTY_MS = 40
_FULL_MS = 80
"""How much later than the promptest a message arrives while the line has no queue, and when it has one."""

_PATIENCE_MS = 1000
"""When audio is not acknowledged for longer than this, the cause is a busy kernel, not a slow line."""


class SendWindow:
    """Bounds what is sent and not acknowledged, by how late it arrives (as LEDBAT does, RFC 6817).

    The page reports when it received each message, by its own clock. The promptest message shows the delay of the
    empty line; a message that takes longer has waited in a queue behind our own: so the window shrinks while there is
    a queue, and grows while there is none. Positions are samples of one epoch, times are milliseconds.
    """

    def __init__(self) -> None:
        self._samples = float(_FIRST_SAMPLES)
        self._offset = ClockOffset()
        self._sent: deque[tuple[int, float]] = deque()
        """The end of each message that is not acknowledged, and when it was sent."""
        self._acknowledged = 0
        self._settling = 0
        """Messages up to this sample were sent before the window last changed: their delays say nothing of its size."""

    @property
    def samples(self) -> int:
        """How many samples may be on their way."""
        return int(self._samples)

    def note_line(self, bytes_per_s: float) -> None:
        """Be as large as a line allows that carries this much at least: not the line, but the page may be slow."""
        allowed = bytes_per_s * _QUEUE_S / _BYTES_A_SAMPLE
        self._samples = max(self._samples, min(allowed, _MOST_SAMPLES))

    def begin(self) -> None:
        """Forget what is on its way: another epoch begins, or another page plays on."""
        self._sent.clear()
        self._settling = 0

    def room(self, now_ms: float) -> int:
        """Return how many samples may be sent now."""
        if not self._sent:
            return self.samples
        (_, sent_ms), end = self._sent[0], self._sent[-1][0]
        if now_ms - sent_ms > _PATIENCE_MS:
            return _MOST_SAMPLES
        return max(0, self.samples - (end - self._acknowledged))

    def note_sent(self, start: int, end: int, now_ms: float) -> None:
        """Note that the samples from `start` on were sent, up to those before `end`."""
        if not self._sent:
            self._acknowledged = start
        self._sent.append((end, now_ms))

    def acknowledge(self, end: int, received_ms: float | None = None) -> None:
        """Note that the page has everything before `end`, and when it received the last of it, by its own clock."""
        latest: tuple[int, float] | None = None
        while self._sent and self._sent[0][0] <= end:
            latest = self._sent.popleft()
        self._acknowledged = max(self._acknowledged, end)
        if latest is not None and latest[0] == end and received_ms is not None:
            self._adapt(end, self._offset.delay_ms(latest[1], received_ms))

    def _adapt(self, end: int, late_ms: float) -> None:
        if end <= self._settling or _EMPTY_MS <= late_ms <= _FULL_MS:
            return
        if late_ms < _EMPTY_MS:
            self._samples = min(self._samples + _STEP_SAMPLES, _MOST_SAMPLES)
        else:
            self._samples = max(0.7 * self._samples, _LEAST_SAMPLES)
        self._settling = self._sent[-1][0] if self._sent else end
