"""Loudspeakers of a call without a browser: a virtual one that plays by a clock, or the user's own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.call.sources import Pace

__all__ = ["AudioSink", "HeardReport", "VirtualSpeaker", "as_sink"]

HeardReport: TypeAlias = Callable[[int, int], None]
"""Called with an epoch and how many samples of it have been heard so far."""

_REPORT_S = 0.1


@runtime_checkable
class AudioSink(Protocol):
    """A loudspeaker. All methods are called on the call's event loop and return at once.

    If `flush` reports what was heard until then, the recording ends at that very sample. A sink with an attribute
    `live` that is true plays in real time: samples that it reports faster than that were given up, not heard.
    """

    def bind(self, report: HeardReport) -> None:
        """Report to this function from now on: at the first sample heard of an epoch, and when all samples were heard.

        While samples keep arriving, report once a minute at least: a loudspeaker that does not is given up.
        """
        ...

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Play samples after the earlier ones of their epoch; a new epoch begins at its own first sample."""
        ...

    def flush(self, epoch: int) -> None:
        """Be silent at once, and never play samples of an epoch before this one."""
        ...

    def select(self, device_id: str) -> None:
        """Play on another loudspeaker, where there is more than one."""
        ...


class VirtualSpeaker:
    """A loudspeaker without a device: it plays by the event loop's clock, and can keep what was heard.

    Parameters
    ----------
    pace
        "realtime": 16 000 samples a second, gapless, so that an interruption cuts where a real one would cut. "fast":
        everything is heard the moment it arrives.
    keep
        Whether to keep what was heard, in `heard`.
    """

    def __init__(self, *, pace: Pace = "realtime", keep: bool = False) -> None:
        if pace not in ("realtime", "fast"):
            raise ValueError(f"pace: expected 'realtime' or 'fast', got {pace!r}")
        self._realtime = pace == "realtime"
        self._keep = keep
        self._kept: list[Pcm] = []
        self._report: HeardReport = lambda epoch, samples: None
        self._timer: asyncio.TimerHandle | None = None
        self._begin(0)

    @property
    def heard(self) -> Pcm:
        """Every sample heard so far, of all answers, without the pauses between them; empty unless kept."""
        self._advance()
        return np.concatenate(self._kept) if self._kept else np.zeros(0, dtype=np.int16)

    def bind(self, report: HeardReport) -> None:
        """Report to this function from now on."""
        self._report = report

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Play samples after the earlier ones."""
        if epoch < self._epoch:
            return
        if epoch > self._epoch:
            self._begin(epoch)
        self._advance()
        now = asyncio.get_running_loop().time()
        if not self._queue:  # at the beginning, or after an underrun
            self._clock_s = now
        self._queue.append(pcm)
        self._queued += len(pcm)
        self._tick()

    def flush(self, epoch: int) -> None:
        """Be silent at once; what was heard until now is reported."""
        self._advance()
        self._report_progress()
        if epoch > self._epoch:
            self._begin(epoch)

    def select(self, device_id: str) -> None:
        """Do nothing: there is no other loudspeaker."""

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._queue: deque[Pcm] = deque()
        self._queued = 0
        self._clock_s = 0.0
        """The loop time up to which everything has been heard."""
        self._samples = 0
        self._reported = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _advance(self) -> None:
        """Count the samples as heard that have been played by now, by the clock."""
        if not self._queue:
            return
        due = self._queued
        if self._realtime:
            elapsed = round((asyncio.get_running_loop().time() - self._clock_s) * SAMPLE_RATE)
            due = min(due, elapsed)
        self._clock_s += due / SAMPLE_RATE
        self._samples += due
        self._queued -= due
        while due:
            part, rest = self._queue[0][:due], self._queue[0][due:]
            due -= len(part)
            if self._keep:
                self._kept.append(part)
            if len(rest):
                self._queue[0] = rest
            else:
                self._queue.popleft()

    def _tick(self) -> None:
        self._advance()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queue:
            left_s = self._queued / SAMPLE_RATE
            first = self._samples == 0
            delay_s = min(_REPORT_S, left_s) if not first else min(0.01, left_s)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)
        self._report_progress()

    def _report_progress(self) -> None:
        if self._samples > self._reported:
            self._reported = self._samples
            self._report(self._epoch, self._samples)


def as_sink(option: AudioSink | None) -> AudioSink:
    """Return the sink that an option stands for: itself, or by default a `VirtualSpeaker`.

    Raises
    ------
    TypeError
        It is no sink.
    """
    if option is None:
        return VirtualSpeaker()
    if isinstance(option, AudioSink) and not isinstance(option, type):
        return option
    raise TypeError(f"sink: expected an AudioSink like VirtualSpeaker(), got {option!r}")
