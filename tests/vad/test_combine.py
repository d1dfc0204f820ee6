"""Several detectors as one, by Micdrop's newer rule; and detectors by name."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES
from micdrop_widget.vad import VAD, CombinedVAD, SileroVAD, Status, VolumeVAD, build_vad
from tests.vad.scripted import NAMES, ScriptedVAD

SILENCE, MAYBE, SPEAKING = Status
WINDOW = np.zeros(FRAME_SAMPLES, dtype=np.float32)

# What two members say, and what they say together: from silence or maybe, and from speaking.
TRUTH = {
    "ss": "ss",
    "sm": "mS",
    "ms": "mS",
    "mm": "mS",
    "sS": "mS",  # one is sure, but the other detects nothing
    "Ss": "mS",
    "mS": "SS",
    "Sm": "SS",
    "SS": "SS",
}


def say(*scripts: str) -> list[Status]:
    vad = CombinedVAD([ScriptedVAD(script) for script in scripts])
    return [vad.update(WINDOW) for _ in scripts[0]]


def test_the_truth_table_is_complete() -> None:
    assert set(TRUTH) == {a + b for a, b in product("smS", repeat=2)}


@pytest.mark.parametrize("members", TRUTH)
def test_two_members_from_silence_from_maybe_and_from_speaking(members: str) -> None:
    first, second = members[0], members[1]
    quiet, speaking = TRUTH[members][0], TRUTH[members][1]
    assert say(first, second)[-1] is NAMES[quiet]
    assert say("m" + first, "s" + second)[-1] is NAMES[quiet]
    assert say("S" + first, "S" + second)[-1] is NAMES[speaking]


def test_three_members_are_confirmed_when_all_detect_something_and_one_is_sure() -> None:
    for members in product("smS", repeat=3):
        expected = SILENCE if set(members) == {"s"} else SPEAKING if {"S"} <= set(members) <= {"m", "S"} else MAYBE
        assert say(*members) == [expected]


def test_one_member_alone_is_itself() -> None:
    script = "smSSms"
    assert say(script)[:4] == [NAMES[name] for name in "smSS"]


def test_speech_goes_on_until_all_are_silent() -> None:
    assert say("SSsms", "Ssmss") == [SPEAKING, SPEAKING, SPEAKING, SPEAKING, SILENCE]


def test_every_member_sees_every_window_and_is_loaded_and_reset() -> None:
    members = [ScriptedVAD("S"), ScriptedVAD("S")]
    vad = CombinedVAD(members)
    vad.load()
    vad.update(WINDOW)
    vad.update(WINDOW)
    vad.reset()
    assert [(member.loads, len(member.windows), member.resets) for member in members] == [(1, 2, 1), (1, 2, 1)]
    assert vad.status is SILENCE


def test_after_a_reset_speech_is_confirmed_anew() -> None:
    vad = CombinedVAD([ScriptedVAD("SSm"), ScriptedVAD("Sms")])
    vad.update(WINDOW)
    vad.reset()
    assert vad.update(WINDOW) is SPEAKING
    vad.reset()
    assert vad.update(WINDOW) is MAYBE


def test_the_longest_pre_roll_counts() -> None:
    assert CombinedVAD([ScriptedVAD(pre_roll_ms=100), ScriptedVAD(pre_roll_ms=700)]).pre_roll_ms == 700
    assert CombinedVAD([VolumeVAD(), SileroVAD()]).pre_roll_ms == 1000


def test_no_member_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one VAD"):
        CombinedVAD([])


class ByNumber(VAD):
    """A detector of a user who writes numbers."""

    def __init__(self, number: Any) -> None:
        self.number = number

    def update(self, window: NDArray[np.float32]) -> Status:
        status: Status = self.number
        return status

    def reset(self) -> None: ...


def test_a_member_that_says_numbers_is_understood_and_nonsense_is_refused() -> None:
    assert CombinedVAD([ByNumber(2), ByNumber(1)]).update(WINDOW) is SPEAKING
    assert CombinedVAD([ByNumber(0)]).update(WINDOW) is SILENCE
    with pytest.raises(ValueError, match="3 is not a valid Status"):
        CombinedVAD([ByNumber(3)]).update(WINDOW)


def test_a_detector_is_built_from_its_name_from_itself_or_from_a_list() -> None:
    assert isinstance(build_vad("volume"), VolumeVAD)
    assert isinstance(build_vad("silero"), SileroVAD)
    own = ScriptedVAD()
    assert build_vad(own) is own
    assert build_vad([own]) is own
    both = build_vad(("volume", own))
    assert isinstance(both, CombinedVAD)
    assert isinstance(both.members[0], VolumeVAD)
    assert both.members[1] is own


@pytest.mark.parametrize("option", ["", "webrtc", [], ["volume", "x"], None, 1, {"volume"}])
def test_anything_else_is_refused_with_what_was_expected(option: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"expected"):
        build_vad(option)
