"""What listening holds does not grow with the call."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from micdrop_widget import SmartTurn
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.vad import Segmenter, VadOption, build_vad
from tests.harness.spoken import spoken
from tests.vad.scripted import ScriptedVAD

WINDOWS = len(spoken("sentence").pcm) // FRAME_SAMPLES
"""The sentence, and the silence after it, as many windows as that is."""


def growth_bytes(take: Callable[[Pcm], object]) -> float:
    """Return by how much what is held grows in 1.7 minutes: the median of six times, behind the first half minute.

    The median, because libraries keep some of what they have freed, and as much in the end, whatever is said.
    """
    pcm = spoken("sentence").pcm[: WINDOWS * FRAME_SAMPLES]
    frames = [pcm[start : start + FRAME_SAMPLES] for start in range(0, len(pcm), FRAME_SAMPLES)]

    def say(times: int) -> int:
        for _ in range(times):
            for frame in frames:
                take(frame)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        held = [say(5), *(say(15) for _ in range(6))]
        return median(after - before for before, after in pairwise(held))
    finally:
        tracemalloc.stop()


LIMIT = 15 * WINDOWS // 2
"""Half a byte for every window of that time."""


@pytest.mark.parametrize("vad", ["volume", "silero", ("volume", "silero")], ids=str)
def test_a_detector_and_what_is_held_for_it_take_no_more_after_ten_minutes(vad: VadOption) -> None:
    detector = build_vad(vad)
    detector.load()
    segmenter = Segmenter(detector)
    assert growth_bytes(segmenter.push) < LIMIT


def test_a_suspicion_that_never_ends_holds_no_more_than_its_bound() -> None:
    segmenter = Segmenter(ScriptedVAD("m" * 40_000))
    segmenter.vad.windows = NoList()  # type: ignore[attr-defined]
    assert growth_bytes(segmenter.push) < LIMIT


class NoList(list[object]):
    """Keeps nothing: the script's own notes are not what is measured."""

    def append(self, item: object) -> None: ...


def test_a_turn_of_ten_minutes_takes_no_more_than_its_last_seconds() -> None:
    detector = SmartTurn()
    assert growth_bytes(detector.push) < LIMIT
    assert detector._ring.dtype == np.int16
