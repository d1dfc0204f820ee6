"""How loud a call is: what the microphone captures, and what is heard of the assistant."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm

__all__ = ["SILENT_DB", "LevelMeter", "Levels"]

SILENT_DB = -100.0
"""The level where there is no sound (Micdrop's value)."""

_WINDOW_SAMPLES = SAMPLE_RATE // 10
"""A level is that of the last tenth of a second."""

_INTERVAL_S = 0.1

_CAPTURED_S = 0.3
"""After so long without a frame nothing is captured; frames come in pairs and may be late, so it is no shorter."""

_FULL_SCALE_POWER = 32_768.0**2


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of the last tenth of a second: root mean square in dB of full scale, -100 where there is no sound."""

    microphone_db: float = SILENT_DB
    """The level of the microphone; -100 while the call does not listen to it."""
    speaker_db: float = SILENT_DB
    """The level of the assistant at the loudspeaker."""


class LevelMeter:
    """Keeps the latest samples, and measures them only when a level is read or observed.

    All methods belong to the call's event loop; the properties may be read from any thread.

    Parameters
    ----------
    is_observed
        Returns whether anybody observes the levels. While nobody does, no timer runs.
    emit
        Called with the levels ten times a second while there is sound and somebody observes them.
    """

    def __init__(self, *, is_observed: Callable[[], bool], emit: Callable[[Levels], object]) -> None:
        self._is_observed = is_observed
        self._emit = emit
        self._emitted = Levels()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._captured: deque[Pcm] = deque(maxlen=-(-_WINDOW_SAMPLES // FRAME_SAMPLES))
        self._captured_s = -math.inf
        self._begin(0)

    @property
    def microphone_db(self) -> float:
        """The level of what the call listens to."""
        if self._now_s() - self._captured_s > _CAPTURED_S:
            return SILENT_DB
        return _level_db(tuple(self._captured))

    @property
    def speaker_db(self) -> float:
        """The level of what is heard of the assistant."""
        heard, heard_s = self._heard, self._heard_s
        if heard == 0:
            return SILENT_DB
        end = heard + round((self._now_s() - heard_s) * SAMPLE_RATE)
        return _level_db(_cut(tuple(self._playing), end - _WINDOW_SAMPLES, end))

    def add_captured(self, frame: Pcm) -> None:
        """Add samples that the call listens to."""
        self._captured.append(frame)
        self._captured_s = self._now_s()
        self._ensure_running()

    def play(self, epoch: int, pcm: Pcm) -> None:
        """Add samples that were given to the loudspeaker."""
        if epoch != self._epoch:
            self._begin(epoch)
        self._playing.append((self._given, pcm))
        self._given += len(pcm)

    def flush(self) -> None:
        """Forget what was given to the loudspeaker, which is silent."""
        self._begin(self._epoch)

    def note_heard(self, epoch: int, samples: int) -> None:
        """Note how many samples of an epoch have left the loudspeaker."""
        if epoch != self._epoch:
            return
        self._heard, self._heard_s = samples, self._now_s()
        while self._playing and self._playing[0][0] + len(self._playing[0][1]) <= samples - _WINDOW_SAMPLES:
            self._playing.popleft()
        self._ensure_running()

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._playing: deque[tuple[int, Pcm]] = deque()
        """Chunks given to the loudspeaker, each with the position of its first sample; heard ones are dropped."""
        self._given = 0
        self._heard = 0
        self._heard_s = -math.inf

    def _now_s(self) -> float:
        if self._loop is None:
            try:
                self._loop = asyncio.get_running_loop()
            except RuntimeError:
                return 0.0  # another thread reads a level before the first sample
        return self._loop.time()

    def _ensure_running(self) -> None:
        if self._timer is None and self._is_observed():
            self._schedule()

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_INTERVAL_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self._is_observed():
            return
        levels = Levels(self.microphone_db, self.speaker_db)
        if levels != self._emitted:
            self._emitted = levels
            self._emit(levels)
        if levels != Levels():
            self._schedule()


def _cut(chunks: tuple[tuple[int, Pcm], ...], start: int, end: int) -> tuple[Pcm, ...]:
    """Return the samples from one position to another, of chunks with the positions of their first samples."""
    cut = (pcm[max(0, start - first) : max(0, end - first)] for first, pcm in chunks)
    return tuple(pcm for pcm in cut if len(pcm))


def _level_db(chunks: tuple[Pcm, ...]) -> float:
    samples = sum(len(pcm) for pcm in chunks)
    power = 0.0
    for pcm in chunks:
        floats = pcm.astype(np.float32)
        power += float(np.dot(floats, floats))
    if power == 0:
        return SILENT_DB
    return max(SILENT_DB, round(10 * math.log10(power / (samples * _FULL_SCALE_POWER)), 1))
