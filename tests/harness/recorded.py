"""How well the recording of a call in a page lies where it was captured and played, by the page's own audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.history.recording import Recording
from tests.harness.correlation import align
from tests.harness.page_clock import ClockOffset
from tests.harness.taps import Tap

__all__ = ["Placed", "bursts", "place"]

_WITHIN_SAMPLES = 30 * SAMPLE_RATE

_FOUND = 0.9
"""What correlates less was not captured, or not played, as a whole."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One sound: when it was, by the page's clock and by the recording."""

    page_ms: float
    """When it passed the page's audio graph, as `time.monotonic()` in milliseconds."""
    recorded_ms: float
    """Where it is in the recording, in milliseconds since the start of the call."""


def bursts(count: int, *, seed: int, milliseconds: int = 400) -> list[NDArray[np.int16]]:
    """Return noises of which none is like another, up to some 1 kHz: what resamples them moves none of it."""
    chance = np.random.default_rng(seed)
    samples = milliseconds * SAMPLE_RATE // 1000
    smooth = np.hanning(16) / np.hanning(16).sum()
    noises = (np.convolve(chance.normal(0, 12_000, samples), smooth, "same") for _ in range(count))
    return [np.rint(noise).clip(-32768, 32767).astype(np.int16) for noise in noises]


def place(
    sounds: Sequence[NDArray[np.int16]], tap: Tap, clock: ClockOffset, recording: Recording, side: int
) -> list[Placed]:
    """Return where each sound is that is whole on both, in order, no more than 30 s behind the one before.

    The tap has to have the rate of the recording.
    """
    assert tap.sample_rate == SAMPLE_RATE
    begin = round(recording.start_s * SAMPLE_RATE)
    recorded = recording.stereo(begin, begin + round(recording.duration_s * SAMPLE_RATE))[:, side]
    placed = []
    since_page = since_recording = 0  # each is looked for behind the one before
    for sound in sounds:
        in_page = align(sound, tap.samples[since_page : since_page + _WITHIN_SAMPLES])
        in_recording = align(sound, recorded[since_recording : since_recording + _WITHIN_SAMPLES])
        if min(in_page.correlation, in_recording.correlation) > _FOUND:
            since_page += in_page.lag
            since_recording += in_recording.lag
            page_ms = clock.monotonic_ms(tap.rendered_ms(since_page) + tap.output_ms)
            placed.append(Placed(page_ms, (begin + since_recording) * 1000 / SAMPLE_RATE))
    return placed
