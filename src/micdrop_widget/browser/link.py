"""The way of the microphone's frames from the browser to the loop thread: in order, in time, and nothing unnoticed.

Pure: the time of arrival is an argument.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm, Resampler
from micdrop_widget.browser import messages
from micdrop_widget.call.sources import Gap

__all__ = ["Captured", "LinkReport", "MicrophoneLink"]

Captured: TypeAlias = "Pcm | Gap"

_STALE_MS = 2000
"""Audio that arrives later than this was said to a kernel that could not hear: it is not live any more. What comes
earlier is late, but whole, and the call catches up as soon as the kernel does."""

_GAP_MS = 250
"""Less than this is replaced by silence, so that what follows keeps its place; more ends an utterance."""

_REORDER_MS = 500
"""Audio that waits for an earlier message; then what is missing is lost."""

_DRIFT = 0.001
"""How fast two clocks may run apart; quartz does a twentieth of it."""

_SET_ANEW_MS = 3000
_DRAINED_MS = 500
"""Messages that are stale for so long, and hardly less so at the end: nothing waits on the way, which would drain, or
make the browser hold. The page's clock stood still, as it does while a computer sleeps."""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """How the microphone's audio came from the browser to the kernel since it was opened; what `call.link` is."""

    messages: int = 0
    """Messages with audio that have arrived."""
    frame_ms: float = 0.0
    """Audio in the latest of them: 32 ms normally, 64 while nobody speaks, more when the kernel lags."""
    lag_ms: float = 0.0
    """How much later than the promptest message the latest one came."""
    max_lag_ms: float = 0.0
    lost_messages: int = 0
    """Never arrived."""
    reordered_messages: int = 0
    """Arrived after a later one, and were put in their place."""
    duplicate_messages: int = 0
    """Arrived again, or after they had been given up."""
    dropped_ms: float = 0.0
    """Audio that the browser threw away, or did not capture, while the kernel did not answer."""
    stale_ms: float = 0.0
    """Audio that arrived more than two seconds late, and was thrown away in the kernel."""
    holds: int = 0
    """How often the call was on hold: audio was missing for a quarter of a second or more."""
    held_ms: float = 0.0
    """How long it was on hold, all in all."""
    is_on_hold: bool = False
    """The microphone should be heard, and nothing has arrived for two seconds."""
    underruns: int = 0
    """How often playback ran dry within the current answer."""


class Lag:
    """How much later than the promptest messages one comes; the clocks of the two sides need not agree."""

    def __init__(self) -> None:
        self._apart_ms = math.inf
        self._now_ms = 0.0
        self._stale_since: tuple[float, float] | None = None
        """When a run of stale messages began, and how late they were."""

    def of(self, sent_ms: float, now_ms: float) -> float:
        """Return the delay of a message beyond the smallest one seen."""
        apart_ms = now_ms - sent_ms
        self._apart_ms = min(apart_ms, self._apart_ms + _DRIFT * (now_ms - self._now_ms))
        self._now_ms = now_ms
        if self._stands_apart(apart_ms - self._apart_ms):
            self._apart_ms = apart_ms
        return apart_ms - self._apart_ms

    def _stands_apart(self, lag_ms: float) -> bool:
        """Whether the clocks are apart by more than they were: messages stay late, and do not catch up."""
        if lag_ms <= _STALE_MS:
            self._stale_since = None
            return False
        if self._stale_since is None or lag_ms < self._stale_since[1] - _DRAINED_MS:
            self._stale_since = self._now_ms, lag_ms
        return self._now_ms - self._stale_since[0] > _SET_ANEW_MS


class MicrophoneLink:
    """Puts messages in order, tells stale ones from live ones, and counts what is missing.

    Parameters
    ----------
    sample_rate
        Rate in Hz of what the messages carry; what comes out is at 16 kHz.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        self._told: dict[str, Any] = asdict(LinkReport())
        """The fields of the report."""
        self._rate = sample_rate
        self._resampler = Resampler(sample_rate)
        self._lag = Lag()
        self._worst_lag_ms = 0.0
        self._waiting: dict[int, tuple[messages.AudioFrame, float]] = {}
        self._next_seq = 0
        self._highest_seq = -1
        self._position = 0
        """Behind the latest sample that went on, or was given up."""
        self._dropped = 0
        self._missing = 0
        """Samples since the latest one that went on: lost, dropped, stale, or muted."""
        self._unheard = 0
        """Those of them that were said to a kernel that did not hear."""
        self._arrived_ms: float | None = None

    @property
    def report(self) -> LinkReport:
        """How the audio has come; a snapshot, from any thread."""
        return LinkReport(**self._told)

    @property
    def received_seq(self) -> int:
        """Number of the latest message up to which nothing is waited for; -1 at first."""
        return self._next_seq - 1

    def prompt(self, sent_ms: float, asked_ms: float, now_ms: float) -> None:
        """Learn how far the clocks are apart from the page's answer to a question.

        Parameters
        ----------
        sent_ms
            By the page's clock, when it answered.
        asked_ms, now_ms
            When it was asked, and when the answer arrived. One that is stale itself waited with the audio behind it
            for a kernel that did not hear: then the question sets the clocks.
        """
        self._lag.of(sent_ms, asked_ms if now_ms - asked_ms > _STALE_MS else now_ms)

    def silent_ms(self, now_ms: float) -> float:
        """Return for how long nothing has arrived; 0 before the first message."""
        return 0.0 if self._arrived_ms is None else now_ms - self._arrived_ms

    @property
    def worst_lag_ms(self) -> float:
        """The largest lag since it was last taken."""
        return self._worst_lag_ms

    def take_worst_lag_ms(self) -> float:
        """Return the largest lag since this was last taken."""
        worst, self._worst_lag_ms = self._worst_lag_ms, 0.0
        return worst

    def take(self, frame: messages.AudioFrame, now_ms: float) -> list[Captured]:
        """Take a message in whatever order; return what is live now, in order."""
        lag_ms = self._lag.of(frame.sent_ms, now_ms)
        self._arrived_ms = now_ms
        self._worst_lag_ms = max(self._worst_lag_ms, lag_ms)
        self._tell(frame, lag_ms)
        if frame.seq < self._next_seq or frame.seq in self._waiting:
            self._told["duplicate_messages"] += 1
            return []
        self._waiting[frame.seq] = frame, lag_ms
        if self._ms(sum(len(waiting.pcm) for waiting, _ in self._waiting.values())) > _REORDER_MS:
            self._give_up()
        heard: list[Captured] = []
        while self._next_seq in self._waiting:
            heard += self._pass_on(*self._waiting.pop(self._next_seq))
            self._next_seq += 1
        return heard

    def _tell(self, frame: messages.AudioFrame, lag_ms: float) -> None:
        told = self._told
        told["messages"] += 1
        told["frame_ms"] = self._ms(len(frame.pcm))
        told["lag_ms"] = lag_ms
        told["max_lag_ms"] = max(told["max_lag_ms"], lag_ms)
        if self._next_seq <= frame.seq < self._highest_seq and frame.seq not in self._waiting:
            told["reordered_messages"] += 1
        self._highest_seq = max(self._highest_seq, frame.seq)

    def _give_up(self) -> None:
        """Wait no longer for the messages before the earliest one that is here."""
        first = min(self._waiting)
        if first == self._next_seq:
            return
        self._told["lost_messages"] += first - self._next_seq
        self._next_seq = first
        frame, _ = self._waiting[first]
        self._unheard += max(0, frame.position - self._position - (frame.dropped - self._dropped))

    def _pass_on(self, frame: messages.AudioFrame, lag_ms: float) -> list[Captured]:
        dropped = frame.dropped - self._dropped
        stale = len(frame.pcm) if lag_ms > _STALE_MS else 0
        self._missing += max(0, frame.position - self._position) + stale
        self._unheard += dropped + stale
        self._dropped = frame.dropped
        self._position = frame.position + len(frame.pcm)
        if dropped:
            self._told["dropped_ms"] += self._ms(dropped)
        if stale:
            self._told["stale_ms"] += self._ms(stale)
        return [] if stale else [*self._make_up(), self._resampler.push(frame.pcm)]

    def _make_up(self) -> list[Captured]:
        """Stand in for what is missing: silence as long as it is short, a gap otherwise."""
        missing, unheard = self._missing, self._unheard
        self._missing = self._unheard = 0
        if not missing:
            return []
        if self._ms(missing) < _GAP_MS:
            return [self._resampler.push(np.zeros(missing, dtype=np.int16))]
        if self._ms(unheard) >= _GAP_MS:
            self._told["holds"] += 1
            self._told["held_ms"] += self._ms(unheard)
        self._resampler = Resampler(self._rate)
        return [Gap(round(missing * SAMPLE_RATE / self._rate))]

    def _ms(self, samples: int) -> float:
        return samples * 1000 / self._rate
