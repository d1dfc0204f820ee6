"""The level of Web Audio's analyser, and Micdrop's decisions on it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, float_to_pcm, pcm_to_float
from micdrop_widget.vad import Status, VolumeVAD

SILENCE, MAYBE, SPEAKING = Status
CHECK = 3
"""Windows to a check: 96 ms."""

Window = NDArray[np.float32]
QUIET: Window = np.zeros(FRAME_SAMPLES, dtype=np.float32)


def sine(frequency_hz: float, peak_dbfs: float = 0.0, windows: int = 1) -> Window:
    """Return a sine as it comes from a microphone: int16, then float32."""
    time_s = np.arange(windows * FRAME_SAMPLES) / SAMPLE_RATE
    return pcm_to_float(float_to_pcm(10 ** (peak_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time_s)))


def check(vad: VolumeVAD, window: Window) -> Status:
    """Show a window three times and return the status after the check."""
    for _ in range(CHECK):
        status = vad.update(window)
    return status


def level_of(window: Window) -> float:
    """Return the level of a sound that goes on and on."""
    vad = VolumeVAD()
    for _ in range(6):
        check(vad, window)
    return vad.level_db


def test_a_full_scale_sine_reads_minus_13_6_db() -> None:
    assert level_of(sine(1000)) == pytest.approx(20 * np.log10(0.42 / 2), abs=0.01)
    assert level_of(sine(1000)) == pytest.approx(-13.6, abs=0.05)


def test_a_sine_between_two_bins_reads_at_most_1_1_db_less() -> None:
    assert -13.6 - 1.15 < level_of(sine(1000 + 15.625)) < -13.6 - 1.05


@pytest.mark.parametrize(("peak_dbfs", "is_loud"), [(-41.3, True), (-41.5, False)])
def test_the_default_threshold_is_a_sine_of_minus_41_4_dbfs(peak_dbfs: float, is_loud: bool) -> None:
    assert level_of(sine(1000, -41.4)) == pytest.approx(-55.0, abs=0.05)
    vad = VolumeVAD()
    statuses = [check(vad, sine(1000, peak_dbfs)) for _ in range(8)]
    assert (statuses[-1] is SPEAKING) is is_loud


def test_white_noise_of_minus_30_dbfs_reads_about_minus_54_6() -> None:
    noise = np.random.default_rng(1).normal(0, 10 ** (-30 / 20), (600, FRAME_SAMPLES))
    smoothed, single, levels = VolumeVAD(), VolumeVAD(), []
    for window in noise:
        pcm = pcm_to_float(float_to_pcm(window))
        check(smoothed, pcm)
        single.reset()
        check(single, pcm)
        levels.append((smoothed.level_db, single.level_db - 20 * np.log10(0.9)))
    with_memory, alone = np.mean(levels[10:], axis=0)
    assert alone == pytest.approx(-54.6, abs=0.15)  # the number of the protocol page
    assert with_memory == pytest.approx(-55.2, abs=0.15)  # the loudest bin is seldom the loudest twice


def test_the_four_lowest_bins_are_skipped() -> None:
    bin_hz = SAMPLE_RATE / FRAME_SAMPLES
    assert level_of(sine(1 * bin_hz)) < -80
    assert level_of(sine(2 * bin_hz)) == pytest.approx(20 * np.log10(0.08 / 2 / 2), abs=0.05)
    assert level_of(sine(4 * bin_hz)) == pytest.approx(-13.56, abs=0.05)
    assert level_of(np.full(FRAME_SAMPLES, 0.9, np.float32)) < -80


def test_the_level_is_smoothed_with_a_tenth_of_the_one_before() -> None:
    vad, levels = VolumeVAD(), []
    for window in (sine(1000), sine(1000), QUIET, QUIET):
        check(vad, window)
        levels.append(vad.level_db)
    steady = 20 * np.log10(0.42 / 2)
    expected = [steady + 20 * np.log10(smooth) for smooth in (0.9, 0.99, 0.099, 0.0099)]
    assert levels == pytest.approx(expected, abs=0.01)


def test_a_copy_has_a_noise_floor_of_its_own() -> None:
    vad = VolumeVAD()
    check(vad, sine(1000))
    copied = copy.deepcopy(vad)
    check(vad, QUIET)
    check(copied, sine(1000))
    assert copied.level_db > -14 > vad.level_db


def test_silence_has_a_floor() -> None:
    assert level_of(QUIET) == -120.0
    assert VolumeVAD().level_db == -120.0


def test_one_window_in_three_is_looked_at_the_last_one() -> None:
    vad = VolumeVAD()
    for loud in (sine(1000), sine(1000), QUIET) * 5:
        vad.update(loud)
        assert vad.level_db == -120.0
    vad.reset()
    for window in (QUIET, QUIET, sine(1000)):
        vad.update(window)
    assert vad.level_db == pytest.approx(-14.5, abs=0.1)


# Decisions. The threshold lies between a sine (-14 dB) and what the smoothing leaves of it one check later (-34 dB).


def decide(checks: str, history: int = 5) -> list[Status]:
    """Return the status after each check: "+" is loud, "-" is quiet."""
    vad = VolumeVAD(threshold=-30, history=history)
    return [check(vad, sine(1000) if loud == "+" else QUIET) for loud in checks]


@pytest.mark.parametrize(
    ("checks", "statuses"),
    [
        ("+-", "s s"),
        ("++", "s m"),
        ("+++", "s m S"),
        ("+-+", "s s m"),
        ("+--+", "s s s m"),
        ("+---+", "s s s s s"),
        ("++-", "s m m"),
        ("++--", "s m m s"),
        ("++-+", "s m m S"),
        ("+++-----", "s m S S S S S S"),
        ("+++------", "s m S S S S S S s"),
        ("+++-----+-----", "s m S S S S S S S S S S S S"),
    ],
)
def test_decisions_by_hand(checks: str, statuses: str) -> None:
    names = {SILENCE: "s", MAYBE: "m", SPEAKING: "S"}
    assert " ".join(names[status] for status in decide(checks)) == statuses


def model(checks: str, history: int) -> list[Status]:
    """Decide as the protocol page says, section 3, word by word."""
    levels, statuses, status = ["-"] * history, [], SILENCE
    for loud in checks:
        before = levels[-history:]
        if loud == "+" and status is not SPEAKING:
            status = {0: status, 1: MAYBE}.get(before[-3:].count("+"), SPEAKING)
        if loud == "-":
            quiet_for = {SPEAKING: history, MAYBE: 1, SILENCE: 0}[status]
            if before[len(before) - quiet_for :].count("-") == quiet_for:
                status = SILENCE
        levels.append(loud)
        statuses.append(status)
    return statuses


@given(st.text("+-", max_size=40), st.integers(3, 8))
def test_decisions_are_those_of_the_protocol_page(checks: str, history: int) -> None:
    assert decide(checks, history) == model(checks, history)


def test_the_status_changes_only_at_a_check() -> None:
    vad = VolumeVAD()
    statuses = [vad.update(sine(1000)) for _ in range(9)]
    assert statuses == [SILENCE] * 5 + [MAYBE] * 3 + [SPEAKING]


@given(st.text("+-", max_size=12), st.text("+-", max_size=12), st.integers(0, 2))
def test_after_a_reset_nothing_is_remembered(before: str, after: str, windows: int) -> None:
    vad = VolumeVAD(threshold=-30)
    for loud in before:
        check(vad, sine(1000) if loud == "+" else QUIET)
    for _ in range(windows):
        vad.update(sine(1000))
    vad.reset()
    assert [check(vad, sine(1000) if loud == "+" else QUIET) for loud in after] == decide(after)


def test_a_history_of_less_than_three_checks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"VolumeVAD: expected 3 <= history .*, got 2"):
        VolumeVAD(history=2)


def test_the_pre_roll_is_a_second_or_what_was_given() -> None:
    assert VolumeVAD().pre_roll_ms == 1000
    assert VolumeVAD(pre_roll_ms=500).pre_roll_ms == 500


@given(st.lists(st.tuples(st.booleans(), st.integers(3, 8)), max_size=40))
def test_a_history_that_changes_at_every_check_forgets_what_it_no_longer_holds(checks: list[tuple[bool, int]]) -> None:
    vad, levels, status = VolumeVAD(threshold=-30), list[bool](), SILENCE
    for loud, history in checks:
        vad.history = history
        before = ([False] * history + levels)[-history:]
        levels = [*before, loud][-history:]
        if loud and status is not SPEAKING:
            status = (status, MAYBE, SPEAKING, SPEAKING)[sum(before[-3:])]
        elif not loud and not any(before[-1:] if status is MAYBE else before):
            status = SILENCE
        assert check(vad, sine(1000) if loud else QUIET) is status


def test_without_a_transform_into_given_memory_the_level_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with numpy 1."""
    level_db = level_of(sine(1000, -20))
    monkeypatch.setattr("micdrop_widget.vad.volume._RFFT_HAS_OUT", False)
    assert level_of(sine(1000, -20)) == pytest.approx(level_db, abs=1e-3)
