"""What was ordered to be played, against what a page's tap has heard of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from micdrop_widget.audio import Pcm
from tests.harness.listen import align, find_faults
from tests.harness.taps import Tap

__all__ = [
    "MOST_AHEAD_SAMPLES",
    "RAMP_SAMPLES",
    "TONE_STEP",
    "assert_played",
    "assert_silenced",
    "largest_step",
    "most_waiting",
    "tone",
]

_T = TypeVar("_T")

RAMP_SAMPLES = 80
"""How long what is cut off, or goes on, is faded: 5 ms."""

MOST_AHEAD_SAMPLES = 2 * 16_000
"""What may wait in a page."""

TONE_STEP = 8000 / 32768 * 2 * np.sin(np.pi * 440 / 16_000) + 2 / 32768
"""From one sample to the next of the loudest `tone`: what is cut off without a ramp makes larger ones."""

_LISTEN_ON_SAMPLES = 8000
_LIMIT_S = 20


def tone(seconds: float) -> Pcm:
    """Return 440 Hz, with a slow swell that makes every place of it known."""
    t = np.arange(int(seconds * 16_000)) / 16_000
    fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.01)
    swell: Pcm = np.rint((6000 + 2000 * t / seconds) * np.sin(2 * np.pi * 440 * t) * fade).astype(np.int16)
    return swell


def assert_played(tap: Tap, pcm: Pcm) -> None:
    """Check that the page played these very samples in one piece."""
    assert find_faults(pcm, tap.pcm, quiet_db=60) == []
    start = align(pcm, tap.samples).lag
    assert np.array_equal(tap.pcm[start : start + len(pcm)], pcm)


def largest_step(tap: Tap) -> float:
    """Return the largest step from one sample to the next."""
    return float(np.abs(np.diff(tap.samples)).max())


def most_waiting(tap: Tap) -> int:
    """Return the largest number of samples that waited in the page's worklet."""
    first = tap.first_sample + int(np.flatnonzero(tap.samples)[0])
    waiting = [0]
    given = 0
    for message in tap.received:
        if message.type == "play":
            given += message.samples
            waiting.append(given - max(0, message.frame - first))
    return max(waiting)


def assert_silenced(read_tap: Callable[[], Tap]) -> None:
    """Check the flush that cut the first answer off: a ramp in the next quantum, and then nothing for ever."""
    opening, flush = _wait_for(read_tap, lambda tap: [m for m in tap.received if m.type == "flush"], 2)
    _wait_for(read_tap, lambda tap: range(flush.frame, tap.first_sample + len(tap.samples)), _LISTEN_ON_SAMPLES)
    tap = read_tap()
    quantum = flush.frame - tap.first_sample
    assert np.any(tap.samples[quantum - 2 : quantum]), "it was heard until then"
    assert not np.any(tap.samples[quantum + RAMP_SAMPLES :])
    assert largest_step(tap) <= TONE_STEP, "it does not click"
    assert most_waiting(tap) <= MOST_AHEAD_SAMPLES
    # nothing of the answer came after it, and before it no more than was heard and 2 s
    plays = [message for message in tap.received if message.type == "play"]
    assert opening.frame <= plays[0].frame
    assert plays[-1].frame <= flush.frame
    heard = np.count_nonzero(tap.samples)
    assert sum(message.samples for message in plays) <= heard + MOST_AHEAD_SAMPLES + 800


def _wait_for(read_tap: Callable[[], Tap], part: Callable[[Tap], Sequence[_T]], count: int) -> Sequence[_T]:
    """Wait until a part of what the tap knows is so long."""
    deadline = time.monotonic() + _LIMIT_S
    while len(found := part(read_tap())) < count:
        assert time.monotonic() < deadline, f"only {len(found)} of {count}"
        time.sleep(0.05)
    return found
