"""Settings of the detectors: shown, converted from Micdrop's, and changed while they listen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget import VAD, SileroVAD, VolumeVAD
from micdrop_widget.audio import FRAME_SAMPLES
from micdrop_widget.speech import SpeechConfirmed
from micdrop_widget.vad import CombinedVAD, Segmenter, Status
from micdrop_widget.vad.score_gate import ScoreGate
from tests.harness.callers import LoudVAD, loud, quiet

WINDOW = np.zeros(FRAME_SAMPLES, np.float32)


def test_a_detector_shows_its_settings() -> None:
    volume, silero = "VolumeVAD(threshold=-55.0, history=5, pre_roll_ms=1000)", SileroVAD(0.6, min_silence_ms=500)
    told = "SileroVAD(threshold=0.6, negative_threshold=0.35, min_speech_ms=128, min_silence_ms=500, pre_roll_ms=320)"
    assert repr(VolumeVAD()) == volume
    assert repr(silero) == told
    assert repr(SileroVAD(model="a.onnx")).endswith("pre_roll_ms=320, model='a.onnx')")
    assert repr(CombinedVAD([VolumeVAD(), silero])) == f"CombinedVAD([{volume}, {told}])"
    assert repr(LoudVAD()) == "LoudVAD()"
    assert eval(repr(silero), {"SileroVAD": SileroVAD}).__dict__.keys() == silero.__dict__.keys()


def test_micdrops_names_are_converted() -> None:
    silero = SileroVAD.from_micdrop(
        positiveSpeechThreshold=0.6,
        negativeSpeechThreshold=0.4,
        minSpeechFrames=8,
        redemptionFrames=12,
        preSpeechPadFrames=5,
    )
    expected = SileroVAD(0.6, 0.4, min_speech_ms=256, min_silence_ms=384, pre_roll_ms=160)
    assert repr(silero) == repr(expected).replace("=256", "=256.0").replace("=384", "=384.0").replace("=160", "=160.0")
    defaults = SileroVAD.from_micdrop()
    assert (defaults.min_speech_ms, defaults.min_silence_ms, defaults.pre_roll_ms) == (128, 640, 320)


class Loudness(SileroVAD):
    """Silero with a probability that is the loudness of the window."""

    def update(self, window: NDArray[np.float32]) -> float:
        return float(window[0])


@pytest.mark.parametrize(
    ("setting", "value", "before", "after"),
    [
        ("threshold", 0.9, Status.MAYBE_SPEAKING, Status.SILENCE),
        ("min_speech_ms", 32, Status.MAYBE_SPEAKING, Status.SPEAKING),
    ],
)
def test_a_setting_of_silero_holds_from_the_next_window_on(
    setting: str, value: float, before: Status, after: Status
) -> None:
    vad = Loudness()
    gate = ScoreGate(vad)
    assert gate.update(WINDOW + 0.8) is before
    gate.reset()
    setattr(vad, setting, value)
    assert getattr(vad, setting) == value
    assert gate.update(WINDOW + 0.8) is after


def test_less_silence_ends_speech_sooner_and_a_higher_lower_threshold_too() -> None:
    vad = Loudness(min_speech_ms=32)
    gate = ScoreGate(vad)
    assert gate.update(WINDOW + 0.8) is Status.SPEAKING
    assert [gate.update(WINDOW) for _ in range(5)] == [Status.SPEAKING] * 5
    vad.min_silence_ms = 6 * 32
    assert gate.update(WINDOW) is Status.SILENCE
    assert gate.update(WINDOW + 0.8) is Status.SPEAKING
    vad.min_silence_ms = 32
    assert gate.update(WINDOW + 0.4) is Status.SPEAKING
    vad.negative_threshold = 0.45
    assert gate.update(WINDOW + 0.4) is Status.SILENCE


@pytest.mark.parametrize("names", [("threshold", "negative_threshold"), ("negative_threshold", "threshold")])
@pytest.mark.parametrize("values", [(0.2, 0.1), (0.9, 0.8)])
def test_both_thresholds_may_be_changed_in_any_order(names: tuple[str, str], values: tuple[float, float]) -> None:
    vad, new = SileroVAD(), dict(zip(("threshold", "negative_threshold"), values, strict=True))
    for name in names:
        setattr(vad, name, new[name])
    assert (vad.threshold, vad.negative_threshold) == values


def test_the_lower_threshold_is_never_above_the_upper_one_unless_it_is_set_so() -> None:
    assert SileroVAD(0.2).negative_threshold == 0.2
    assert SileroVAD(0.9).negative_threshold == 0.35
    with pytest.raises(ValueError, match=r"expected negative_threshold <= threshold, got threshold=0.3, negative_th"):
        SileroVAD(0.3, 0.5)


@pytest.mark.parametrize(
    ("vad", "setting", "wrong"),
    [
        (SileroVAD(), "threshold", 0),
        (SileroVAD(), "threshold", "high"),
        (SileroVAD(), "threshold", math.nan),
        (SileroVAD(), "negative_threshold", 1.1),
        (SileroVAD(), "min_speech_ms", 0),
        (SileroVAD(), "min_silence_ms", math.inf),
        (SileroVAD(), "pre_roll_ms", -1),
        (VolumeVAD(), "threshold", 55),
        (VolumeVAD(), "threshold", math.nan),
        (VolumeVAD(), "history", 2),
        (VolumeVAD(), "history", 4.5),
        (VolumeVAD(), "pre_roll_ms", math.nan),
        (VolumeVAD(), "pre_roll_ms", -1),
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(vad: Any, setting: str, wrong: Any) -> None:
    before = repr(vad)
    with pytest.raises(ValueError, match=type(vad).__name__):
        setattr(vad, setting, wrong)
    assert repr(vad) == before


def check(vad: VolumeVAD, loud_check: bool) -> Status:
    tone = np.sin(np.arange(FRAME_SAMPLES) * 2 * np.pi * 1000 / 16_000).astype(np.float32)
    for _ in range(3):
        status = vad.update(tone if loud_check else WINDOW)
    return status


@pytest.mark.parametrize(("history", "quiet_checks"), [(3, 4), (5, 6), (8, 9)])
def test_a_changed_history_of_volume_holds_from_the_next_check_on(history: int, quiet_checks: int) -> None:
    vad = VolumeVAD(threshold=-30)
    assert [check(vad, True) for _ in range(3)][-1] is Status.SPEAKING
    vad.history = history
    assert [check(vad, False) for _ in range(quiet_checks)] == [Status.SPEAKING] * (quiet_checks - 1) + [Status.SILENCE]


def test_a_changed_threshold_of_volume_holds_from_the_next_check_on() -> None:
    vad = VolumeVAD(threshold=-5)
    assert [check(vad, True) for _ in range(3)] == [Status.SILENCE] * 3
    vad.threshold = -30
    assert check(vad, True) is Status.SILENCE
    assert check(vad, True) is Status.MAYBE_SPEAKING


@pytest.mark.parametrize("combined", [False, True])
def test_a_changed_pre_roll_holds_for_the_next_utterance(combined: bool) -> None:
    member = LoudVAD()
    vad: VAD = CombinedVAD([member]) if combined else member
    segmenter = Segmenter(vad)
    member.pre_roll_ms = 96
    events = segmenter.push(np.concatenate([quiet(6), loud(1)]))
    assert [event.start for event in events if isinstance(event, SpeechConfirmed)] == [3 * FRAME_SAMPLES]


def test_a_combination_shows_what_its_members_show() -> None:
    vad = CombinedVAD([LoudVAD(), VolumeVAD(), Loudness()])
    assert (vad.level_db, vad.probability) == (-120.0, 0.0)
    vad.update(WINDOW + 0.8)
    assert vad.probability == pytest.approx(0.8)
    vad.reset()
    assert vad.probability == 0
    assert math.isnan(CombinedVAD([LoudVAD()]).probability)
