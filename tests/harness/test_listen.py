"""The measuring tools must see every fault that they are there to see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.harness.listen import Fault, align, find_faults, zero_runs
from tests.harness.spoken import spoken

SENTENCE = spoken("sentence").pcm_of(0)
CUT = 12000  # in a vowel


def recorded(*parts: NDArray[np.int16], lead: int = 777) -> NDArray[np.int16]:
    return np.concatenate([np.zeros(lead, np.int16), *parts, np.zeros(4000, np.int16)])


def cut_out(samples: int) -> NDArray[np.int16]:
    return recorded(SENTENCE[:CUT], SENTENCE[CUT + samples :])


def said_twice(samples: int) -> NDArray[np.int16]:
    return recorded(SENTENCE[:CUT], SENTENCE[CUT - samples :])


def interrupted(samples: int) -> NDArray[np.int16]:
    return recorded(SENTENCE[:CUT], np.zeros(samples, np.int16), SENTENCE[CUT:])


def blanked(samples: int) -> NDArray[np.int16]:
    heard = recorded(SENTENCE)
    heard[777 + CUT : 777 + CUT + samples] = 0
    return heard


def test_align_finds_the_sample_and_the_gain() -> None:
    found = align(SENTENCE, recorded(SENTENCE) * 0.25)
    assert found.lag == 777
    assert found.correlation == pytest.approx(1, abs=1e-9)
    assert found.gain == pytest.approx(0.25, abs=1e-9)


def test_align_is_not_misled_by_something_louder() -> None:
    noise = np.random.default_rng(0).normal(0, 12000, 40000)
    found = align(SENTENCE, np.concatenate([noise, SENTENCE * 0.1, noise]))
    assert (found.lag, round(found.correlation, 3)) == (40000, 1)


def test_align_of_a_lost_head_is_negative_and_imperfect() -> None:
    found = align(SENTENCE, SENTENCE[8000:])
    assert found.lag == -8000
    assert found.correlation < 0.99


def test_align_of_other_words_is_poor() -> None:
    other = spoken("two_sentences").pcm_of(1)
    assert align(SENTENCE, other).correlation < 0.3
    assert align(SENTENCE, np.zeros(50000)).correlation == 0


def test_align_refuses_a_silent_reference() -> None:
    with pytest.raises(ValueError, match="silent"):
        align(np.zeros(100), SENTENCE)


@pytest.mark.parametrize("block", [320, 480, 800])
def test_whole_recording_has_no_fault(block: int) -> None:
    assert find_faults(SENTENCE, recorded(SENTENCE), block=block, quiet_db=60) == []


def test_gain_and_a_little_noise_are_no_fault() -> None:
    noise = np.random.default_rng(0).normal(0, 3, len(SENTENCE) + 4777)
    assert find_faults(SENTENCE, recorded(SENTENCE) * 1.6 + noise) == []


@pytest.mark.parametrize("samples", [1, 37, 128, 160, 512, 1600])
@pytest.mark.parametrize(("kind", "recording"), [("dropped", cut_out), ("repeated", said_twice), ("gap", interrupted)])
def test_shift_is_found_with_its_place_and_its_length(
    kind: str, recording: Callable[[int], NDArray[np.int16]], samples: int
) -> None:
    (fault,) = find_faults(SENTENCE, recording(samples))
    assert (fault.kind, fault.samples) == (kind, samples)
    assert abs(fault.position - CUT) <= 480 + samples


@pytest.mark.parametrize("samples", [160, 512, 1600])
def test_zeros_in_place_of_speech_are_found(samples: int) -> None:
    (fault,) = find_faults(SENTENCE, blanked(samples))
    assert (fault.kind, fault.samples) == ("silenced", samples)


def test_drop_and_repeat_that_cancel_are_found() -> None:
    heard = recorded(SENTENCE[:CUT], SENTENCE[CUT + 512 : 20000], SENTENCE[20000 - 512 :])
    kinds = [fault.kind for fault in find_faults(SENTENCE, heard)]
    assert kinds == ["dropped", "repeated"]


def test_lost_head_and_tail_are_missing() -> None:
    heard = recorded(SENTENCE[4800:-4800])
    head, tail = find_faults(SENTENCE, heard)
    assert (head.kind, head.position, head.samples) == ("missing", 0, 4800)
    assert tail.kind == "missing"
    assert tail.position + tail.samples > len(SENTENCE) - 480 * 2


@pytest.mark.parametrize("samples", [160, 320, 480])
def test_few_samples_lost_at_either_end_are_missing(samples: int) -> None:
    for heard in (recorded(SENTENCE[samples:]), recorded(SENTENCE[:-samples])):
        (fault,) = find_faults(SENTENCE, heard, quiet_db=60)
        assert fault.kind == "missing"


def test_only_whole_ticks_may_be_slips_of_the_fake_microphone() -> None:
    assert Fault("gap", 0, 320).may_be_device_slip()
    assert Fault("silenced", 0, 163).may_be_device_slip()
    assert not Fault("gap", 0, 512).may_be_device_slip()
    assert not Fault("repeated", 0, 160).may_be_device_slip()


def test_zero_runs_are_half_open() -> None:
    samples = np.array([0, 0, 0, 1, 0, 2, 0, 0])
    assert zero_runs(samples, 2) == [(0, 3), (6, 8)]
    assert zero_runs(samples, 1) == [(0, 3), (4, 5), (6, 8)]
    assert zero_runs(np.ones(4), 1) == []
