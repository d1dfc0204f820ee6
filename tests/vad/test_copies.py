"""Detectors and reports are copied and pickled, loaded or not, and work in other processes."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from micdrop_widget import VAD, SileroVAD, SmartTurn, VolumeVAD, detect_speech
from micdrop_widget.audio import Pcm, pcm_to_float
from micdrop_widget.vad import CombinedVAD, Status
from tests.harness.spoken import spoken

PCM = spoken("sentence").pcm
WINDOWS = [pcm_to_float(PCM[start : start + 512]) for start in range(16_000, 32_000, 512)]

COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda original: pickle.loads(pickle.dumps(original))]
BUILDERS: list[Callable[[], VAD]] = [
    lambda: SileroVAD(0.6, min_silence_ms=320),
    lambda: VolumeVAD(-50, history=7),
    lambda: CombinedVAD([VolumeVAD(-50), SileroVAD(0.6)]),
]


class Own(SileroVAD):
    """A user's detector on top of ours."""

    def __init__(self) -> None:
        super().__init__(0.7)
        self.windows = 0

    def update(self, window: NDArray[np.float32]) -> float:
        self.windows += 1
        return super().update(window)


def answers(vad: VAD) -> list[Status | float]:
    vad.reset()
    return [vad.update(window) for window in WINDOWS]


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("build", BUILDERS, ids=["silero", "volume", "combined"])
@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
def test_a_copy_has_the_settings_and_answers_as_a_new_one_does(
    build: Callable[[], VAD], copied: Callable[[VAD], VAD], used: bool
) -> None:
    original, expected = build(), answers(build())
    if used:
        answers(original)
    other = copied(original)
    assert repr(other) == repr(original)
    assert answers(other) == expected


@pytest.mark.parametrize("copied", COPIES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("build", BUILDERS, ids=["silero", "volume", "combined"])
def test_a_copy_and_its_original_do_not_disturb_each_other(
    build: Callable[[], VAD], copied: Callable[[VAD], VAD]
) -> None:
    original, expected = build(), answers(build())
    other = copied(original)
    other.reset()
    original.reset()
    both = [(original.update(window), other.update(np.zeros(512, np.float32))) for window in WINDOWS]
    assert [one for one, _ in both] == expected


def test_what_a_subclass_remembers_is_copied_with_it() -> None:
    own = Own()
    own.update(WINDOWS[0])
    other = copy.copy(own)
    other.update(WINDOWS[0])
    assert (own.windows, other.windows, other.threshold) == (1, 2, 0.7)


def segments_by(vad: VAD) -> list[tuple[int, int]]:
    return [(one.start_sample, one.end_sample) for one in detect_speech(PCM, vad=vad).segments]


def probability_of(detector: SmartTurn, pcm: Pcm) -> float:
    detector.reset()
    detector.push(pcm)
    return detector.predict()


def test_used_detectors_and_reports_work_in_a_pool_of_processes() -> None:
    vads = [build() for build in BUILDERS]
    expected = [segments_by(vad) for vad in vads]
    for vad in vads:
        answers(vad)
    turn = SmartTurn()
    probability = probability_of(turn, PCM)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(segments_by, vads)) == expected
        assert pool.submit(probability_of, turn, PCM).result() == probability
        report = pool.submit(detect_speech, PCM, vad=vads[0]).result()
    here = detect_speech(PCM, vad=vads[0])
    assert repr(report) == repr(here)
    assert report.segments == here.segments
    assert_array_equal(report.probability, here.probability)


def test_used_detectors_work_in_joblibs_workers() -> None:
    from joblib import Parallel, delayed

    vad = SileroVAD(0.6)
    expected = segments_by(vad)
    vad.load()
    assert Parallel(n_jobs=2)(delayed(segments_by)(vad) for _ in range(2)) == [expected] * 2
