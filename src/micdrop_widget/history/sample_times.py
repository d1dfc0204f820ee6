"""Dates the samples of a call: when they were captured and heard, by when they arrived and were reported."""

from __future__ import annotations

from dataclasses import dataclass, field

from micdrop_widget.audio import samples_to_ms
from micdrop_widget.history.voiced import Loudness

__all__ = ["AnswerAudio", "CaptureClock"]

_LATE_MS = 50
"""Playback that is later than this, by its own reports, has paused because audio was missing."""

_REMEASURE_FACTOR = 2
"""An answer is searched for voiced sound again when it has grown by this factor."""

_DRIFT = 2e-4
"""How far the microphone's clock may drift against ours: 200 ppm."""

_PAUSED_MS = 500
"""Samples that are later than this may be those of a microphone that gave nothing; as the recording has it."""

_SURE_MS = 200
_FASTER = 1.25
"""So much faster than they are captured, or more, samples arrive that were held up on their way."""


class CaptureClock:
    """When samples of the microphone were captured, from when the promptest of them arrived.

    Samples that are late arrive faster than time goes by, once they do. Those of a microphone that gave nothing for a
    while, and does not say so, are late and no faster: they were captured when they arrived.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin anew: another microphone was opened, which counts its samples from 0."""
        self._opened_ms: float | None = None
        self._now_ms = 0.0
        self._position = 0
        self._late_since: tuple[float, int, int] | None = None
        """When samples began to be late, up to which position they had arrived then, and the last that was not late."""
        self._before_pause: tuple[int, float] | None = None
        """The last position before the latest pause, and what dates the samples up to there."""

    def note(self, position: int, now_ms: float) -> None:
        """Note that samples up to a position have arrived by now."""
        opened_ms = now_ms - samples_to_ms(position)
        if self._opened_ms is not None:
            promptest_ms = self._opened_ms + _DRIFT * (now_ms - self._now_ms)
            paused_at = self._find_pause(opened_ms - promptest_ms, position, now_ms)
            if paused_at is None:
                opened_ms = min(opened_ms, promptest_ms)
            else:
                self._before_pause = paused_at, promptest_ms
        self._opened_ms, self._now_ms, self._position = opened_ms, now_ms, position

    def captured_ms(self, position: int) -> float:
        """Return when the sample at a position was captured."""
        assert self._opened_ms is not None, "nothing has arrived yet"
        opened_ms = self._opened_ms
        if self._before_pause is not None and position <= self._before_pause[0]:
            opened_ms = self._before_pause[1]
        return opened_ms + samples_to_ms(position)

    def _find_pause(self, late_ms: float, position: int, now_ms: float) -> int | None:
        """Return behind which position the microphone paused: what is late came no faster than it is captured."""
        if late_ms <= _PAUSED_MS:
            self._late_since = None
            return None
        if self._late_since is None:
            self._late_since = now_ms, position, self._position
        since_ms, since_position, last_prompt = self._late_since
        elapsed_ms = now_ms - since_ms
        if elapsed_ms < _SURE_MS or samples_to_ms(position - since_position) > _FASTER * elapsed_ms:
            return None
        self._late_since = None
        return last_prompt


@dataclass
class AnswerAudio:
    """The audio of an answer, and when which of its samples was heard."""

    epoch: int
    loudness: Loudness = field(default_factory=Loudness)
    received: int = 0
    before_epoch: int = 0
    """Samples of earlier epochs of the same answer."""
    heard: int = 0
    resumed: list[tuple[int, float]] = field(default_factory=list)
    """Playback began, or went on after a pause, at this sample and at this time."""
    _first_voiced: int | None = None
    _measured_samples: int = 0
    """How many samples had been received at the latest search for voiced sound."""

    def progress(self, heard: int, now_ms: float, first_audio_ms: float) -> None:
        """Note that samples up to a number have been heard by now."""
        if heard <= self.heard:
            return
        if not self.resumed:
            self.resumed.append((0, max(first_audio_ms, now_ms - samples_to_ms(heard))))
        elif now_ms - self.time_of(heard) > _LATE_MS:
            at_ms = max(self.time_of(self.heard), now_ms - samples_to_ms(heard - self.heard))
            self.resumed.append((self.heard, at_ms))
        self.heard = heard

    def time_of(self, sample: int) -> float:
        """Return when a sample was heard, or will be if playback goes on."""
        first, at_ms = next(start for start in reversed(self.resumed) if start[0] <= sample)
        return at_ms + samples_to_ms(sample - first)

    def voiced_ms(self, *, is_over: bool = False) -> float | None:
        """Return when the first voiced sound of the answer was heard; None while it was not.

        What is voiced depends on all of the answer: until it is over, the search is repeated whenever the answer has
        doubled, not with each chunk that arrives.
        """
        if not self.resumed:
            return None
        if is_over or self._first_voiced is None or self.received >= _REMEASURE_FACTOR * self._measured_samples:
            span = self.loudness.voiced_span()
            self._first_voiced = None if span is None else span[0]
            self._measured_samples = self.received
        if self._first_voiced is None or self._first_voiced >= self.heard:
            return None
        return self.time_of(self._first_voiced)
