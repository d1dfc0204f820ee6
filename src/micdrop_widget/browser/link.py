"""The microphone's link: messages of a page become samples in order, in time, and with every gap counted.

A jitter buffer for messages that are late, lost, repeated or overtaken. Pure: the time of arrival is an argument. Of
each message it reads three numbers:

    seq         0      1      2           3        counts messages
    position    0     512   1024        2560       counts samples at the microphone's rate, captured or not
                |------|------|------|...|------|
    dropped     0      0      0          1024      samples that a page on hold threw away, in all
    sent_ms     t0     t1     t2          t3       by the page's clock

`seq` puts messages in order: a later one waits for an earlier one, for half a second of audio at most. `position` says
how much is missing before a message, for whatever reason: muted, dropped, lost. Less than a quarter of a second becomes
silence, so that what follows keeps its place; more becomes a `Gap`, which ends an utterance.

`sent_ms` says how late a message is. The two clocks need not agree; their offset is the smallest (arrival - sent) seen:

    offset                 arrival - sent
      |<------ delay ------>|                stale when more than two seconds: not live any more
      o     .  .    .       .
      ^ the promptest message

Messages that stay stale without catching up mean that the page's clock stood still (a computer slept): the offset has
jumped, and is set anew.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE, Pcm, Resampler
from micdrop_widget.browser import messages
from micdrop_widget.call.sources import Gap

__all__ = ["Captured", "ClockOffset", "LinkReport", "MicrophoneLink"]

Captured: TypeAlias = "Pcm | Gap"

_STALE_MS = 2000
"""Audio that arrives later than this was spoken while the kernel was busy: it is not live any more. What comes earlier
is late, but whole, and the call catches up as soon as the kernel does."""

_NO_DELAYS_MS = (math.inf, 0.0)

_GAP_MS = 250
"""A shorter stretch of missing audio is replaced by silence; a longer one ends an utterance."""

_REORDER_MS = 500
_REORDER_MESSAGES = 64
"""How much audio, and how many messages, may wait for an earlier message; then that one counts as lost."""

_DRIFT = 0.001
"""How fast two clocks may drift apart; quartz does a twentieth of it."""

_JUMP_CONFIRMED_MS = 3000
_CATCH_UP_MS = 500
"""The offset has jumped when messages are stale for so long, and in the end hardly less so: a queue on the way would
drain meanwhile, or make the page hold."""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """How the microphone's audio has arrived in the kernel since the microphone was opened; `call.link` returns it."""

    messages: int = 0
    """Messages with audio that have arrived."""
    frame_ms: float = 0.0
    """Audio in the latest of them: 32 ms normally, 64 while nobody speaks, more when the kernel lags."""
    is_companded: bool = False
    """It had 8 bits a sample, as telephones do: the line cannot carry more."""
    lag_ms: float = 0.0
    """How much later than the promptest message the latest one arrived."""
    max_lag_ms: float = 0.0
    lost_messages: int = 0
    """Messages that never arrived."""
    reordered_messages: int = 0
    """Messages that arrived after a later one, and were put in their place."""
    duplicate_messages: int = 0
    """Messages that arrived again, or after they had been given up."""
    dropped_ms: float = 0.0
    """Audio that the browser threw away, or did not capture, while the kernel did not answer."""
    stale_ms: float = 0.0
    """Audio that arrived more than two seconds late, and was thrown away in the kernel."""
    holds: int = 0
    """How often the call was on hold: audio was missing for a quarter of a second or more."""
    held_ms: float = 0.0
    """How long it was on hold, all in all."""
    is_on_hold: bool = False
    """The call listens, and nothing has arrived for two seconds."""
    underruns: int = 0
    """How often playback ran dry within the current answer."""


class ClockOffset:
    """The offset between the page's clock and the kernel's, and by it the delay of each message."""

    def __init__(self) -> None:
        self._offset_ms = math.inf
        self._now_ms = 0.0
        self._stale_since: tuple[float, float] | None = None
        """When a run of stale messages began, and their delay then."""

    def delay_ms(self, sent_ms: float, now_ms: float) -> float:
        """Return the delay of a message beyond the smallest one seen."""
        offset_ms = now_ms - sent_ms
        self._offset_ms = min(offset_ms, self._offset_ms + _DRIFT * (now_ms - self._now_ms))
        self._now_ms = now_ms
        if self._has_jumped(offset_ms - self._offset_ms):
            self._offset_ms = offset_ms
        return offset_ms - self._offset_ms

    def age_ms(self, page_ms: float, now_ms: float) -> float:
        """Return how long ago something was, by the page's clock; 0 while the offset is not known."""
        return max(0.0, now_ms - page_ms - self._offset_ms) if math.isfinite(self._offset_ms) else 0.0

    def _has_jumped(self, delay_ms: float) -> bool:
        """Whether one clock was set: messages stay stale, and do not catch up."""
        if delay_ms <= _STALE_MS:
            self._stale_since = None
            return False
        if self._stale_since is None or delay_ms < self._stale_since[1] - _CATCH_UP_MS:
            self._stale_since = self._now_ms, delay_ms
        return self._now_ms - self._stale_since[0] > _JUMP_CONFIRMED_MS


class MicrophoneLink:
    """Puts messages in order, drops stale ones, and counts the missing samples.

    Parameters
    ----------
    sample_rate
        Rate in Hz of what the messages carry; what comes out is at 16 kHz.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        self._counts: dict[str, Any] = asdict(LinkReport())
        """The fields of the report."""
        self._rate = sample_rate
        self._resampler = Resampler(sample_rate)
        self._offset = ClockOffset()
        self._delays_ms = _NO_DELAYS_MS
        self._waiting: dict[int, tuple[messages.AudioFrame, float]] = {}
        """Messages by their number, each with its delay."""
        self._next_seq = 0
        self._highest_seq = -1
        self._position = 0
        """Behind the latest sample that was forwarded, or is missing."""
        self._dropped = 0
        self._missing = 0
        """Samples since the latest one that was forwarded: lost, dropped, stale, or muted."""
        self._missing_on_hold = 0
        """Those of them that the kernel was too busy for."""
        self._arrived_ms: float | None = None

    @property
    def report(self) -> LinkReport:
        """How the audio has arrived; a snapshot, from any thread."""
        return LinkReport(**self._counts)

    @property
    def received_seq(self) -> int:
        """Number of the latest message up to which nothing is waited for; -1 at first."""
        return self._next_seq - 1

    def set_clock(self, sent_ms: float, asked_ms: float, now_ms: float) -> None:
        """Learn the clock offset from the page's first answer to the request for the microphone.

        Parameters
        ----------
        sent_ms
            When the page answered, by its own clock.
        asked_ms, now_ms
            When it was asked, and when the answer arrived. An answer that is stale itself waited for a busy kernel, as
            the audio after it did: then the offset is that of the request.
        """
        self._offset.delay_ms(sent_ms, asked_ms if now_ms - asked_ms > _STALE_MS else now_ms)

    def age_ms(self, page_ms: float, now_ms: float) -> float:
        """Return how long ago something was, by the page's clock; 0 while nothing has arrived."""
        return self._offset.age_ms(page_ms, now_ms)

    def silent_ms(self, now_ms: float) -> float:
        """Return for how long nothing has arrived; 0 before the first message."""
        return 0.0 if self._arrived_ms is None else now_ms - self._arrived_ms

    @property
    def worst_delay_ms(self) -> float:
        """The largest delay since `pop_delays_ms` was last called."""
        return self._delays_ms[1]

    def pop_delays_ms(self) -> tuple[float, float]:
        """Return the least and the largest delay of the messages that came since this was last called."""
        (least, worst), self._delays_ms = self._delays_ms, _NO_DELAYS_MS
        return min(least, worst), worst  # 0 and 0 where none came

    def receive(self, frame: messages.AudioFrame, now_ms: float) -> list[Captured]:
        """Receive a message, in whatever order; return what is live now, in order."""
        delay_ms = self._offset.delay_ms(frame.sent_ms, now_ms)
        self._arrived_ms = now_ms
        least, worst = self._delays_ms
        self._delays_ms = min(least, delay_ms), max(worst, delay_ms)
        self._count(frame, delay_ms)
        if frame.seq < self._next_seq or frame.seq in self._waiting:
            self._counts["duplicate_messages"] += 1
            return []
        self._waiting[frame.seq] = frame, delay_ms
        if self._is_waiting_too_long():
            self._skip_lost()
        captured: list[Captured] = []
        while self._next_seq in self._waiting:
            captured += self._forward(*self._waiting.pop(self._next_seq))
            self._next_seq += 1
        return captured

    def _count(self, frame: messages.AudioFrame, delay_ms: float) -> None:
        counts = self._counts
        counts["messages"] += 1
        counts["frame_ms"] = self._ms(len(frame.pcm))
        counts["is_companded"] = isinstance(frame, messages.CompandedAudioFrame)
        counts["lag_ms"] = delay_ms
        counts["max_lag_ms"] = max(counts["max_lag_ms"], delay_ms)
        if self._next_seq <= frame.seq < self._highest_seq and frame.seq not in self._waiting:
            counts["reordered_messages"] += 1
        self._highest_seq = max(self._highest_seq, frame.seq)

    def _is_waiting_too_long(self) -> bool:
        samples = sum(len(frame.pcm) for frame, _ in self._waiting.values())
        return self._ms(samples) > _REORDER_MS or len(self._waiting) > _REORDER_MESSAGES

    def _skip_lost(self) -> None:
        """Wait no longer for the messages before the earliest one that is here."""
        first = min(self._waiting)
        if first == self._next_seq:
            return
        self._counts["lost_messages"] += first - self._next_seq
        self._next_seq = first
        frame, _ = self._waiting[first]
        self._missing_on_hold += max(0, frame.position - self._position - (frame.dropped - self._dropped))

    def _forward(self, frame: messages.AudioFrame, delay_ms: float) -> list[Captured]:
        dropped = frame.dropped - self._dropped
        stale = len(frame.pcm) if delay_ms > _STALE_MS else 0
        self._missing += max(0, frame.position - self._position) + stale
        self._missing_on_hold += dropped + stale
        self._dropped = frame.dropped
        self._position = frame.position + len(frame.pcm)
        if dropped:
            self._counts["dropped_ms"] += self._ms(dropped)
        if stale:
            self._counts["stale_ms"] += self._ms(stale)
        return [] if stale else [*self._replace_missing(), self._resampler.push(frame.pcm)]

    def _replace_missing(self) -> list[Captured]:
        """Return what stands for the missing samples: silence as long as they are few, a gap otherwise."""
        missing, on_hold = self._missing, self._missing_on_hold
        self._missing = self._missing_on_hold = 0
        if not missing:
            return []
        if self._ms(missing) < _GAP_MS:
            return [self._resampler.push(np.zeros(missing, dtype=np.int16))]
        if self._ms(on_hold) >= _GAP_MS:
            self._counts["holds"] += 1
            self._counts["held_ms"] += self._ms(on_hold)
        self._resampler = Resampler(self._rate)
        return [Gap(round(missing * SAMPLE_RATE / self._rate))]

    def _ms(self, samples: int) -> float:
        return samples * 1000 / self._rate
