"""The sweep: counted by hand on recordings written by hand, and on spoken sentences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from micdrop_widget import SileroVAD, detect_speech, sweep
from micdrop_widget.analysis import Segment
from micdrop_widget.analysis.tuning import Outcome, score_against_labels
from micdrop_widget.audio import FRAME_SAMPLES
from tests.analysis.scripted import LoudnessVAD, recording
from tests.harness.spoken import spoken
from tests.paths import PACKAGE


def segment(start: int, end: int, confirmed: int = 0, by_silence: bool = True) -> Segment:
    return Segment(start, end, start, confirmed, by_silence)


@pytest.mark.parametrize(
    ("found", "labels", "expected"),
    [
        # speech, missed, false, splits; samples, head, tail, inner; onset, closing
        ([], [], Outcome(0, 0, 0, 0, 0, 0, 0, 0, (), ())),
        ([], [(10, 20)], Outcome(1, 1, 0, 0, 0, 0, 0, 0, (), ())),
        ([segment(0, 30, 15)], [(10, 20)], Outcome(1, 0, 0, 0, 10, 0, 0, 0, (5,), (10,))),
        ([segment(0, 10)], [(10, 20)], Outcome(1, 1, 1, 0, 0, 0, 0, 0, (), ())),
        ([segment(20, 30)], [(10, 20)], Outcome(1, 1, 1, 0, 0, 0, 0, 0, (), ())),
        ([segment(12, 17, 14)], [(10, 20)], Outcome(1, 0, 0, 0, 10, 2, 3, 0, (4,), (-3,))),
        ([segment(8, 13, 12), segment(15, 30, 16)], [(10, 20)], Outcome(1, 0, 0, 1, 10, 0, 0, 2, (2,), (10,))),
        ([segment(0, 60, 12)], [(10, 20), (30, 40)], Outcome(2, 0, 0, 0, 20, 0, 0, 0, (2, -18), (20,))),
        ([segment(0, 20, 12, False)], [(10, 20)], Outcome(1, 0, 0, 0, 10, 0, 0, 0, (2,), ())),
    ],
)
def test_what_is_found_is_compared_with_the_labels_sample_by_sample(
    found: list[Segment], labels: list[tuple[int, int]], expected: Outcome
) -> None:
    assert score_against_labels(found, labels) == expected


def test_a_row_per_setting_says_what_it_costs_and_gains() -> None:
    w = FRAME_SAMPLES
    table = sweep(
        [recording("ssssSSsss"), recording("ssmmsss")],
        [[(4 * w - 100, 6 * w)], []],
        vad=LoudnessVAD,
        thresholds=[0.25, 0.5, 0.9],
        pre_roll_ms=[0, 32],
    )
    assert table[["threshold", "pre_roll_ms"]].to_numpy().tolist() == [
        [0.25, 0], [0.25, 32], [0.5, 0], [0.5, 32], [0.9, 0], [0.9, 32],
    ]  # fmt: skip
    assert table["speech"].tolist() == [1] * 6
    assert table["missed"].tolist() == [0, 0, 0, 0, 1, 1]
    assert table["false_segments"].tolist() == [1, 1, 0, 0, 0, 0]
    assert table["head_cut_samples"].tolist() == [100, 0, 100, 0, 0, 0]
    assert table["cut_share"].tolist()[:4] == [100 / (2 * w + 100), 0, 100 / (2 * w + 100), 0]
    assert table["onset_delay_ms"].tolist()[:4] == [(w + 100) / 16] * 4
    assert table["closing_delay_ms"].tolist()[:4] == [32] * 4
    assert all(math.isnan(value) for name in ("cut_share", "onset_delay_ms") for value in table[name][4:])


def test_silero_runs_once_and_gives_what_detect_speech_gives() -> None:
    recordings = [spoken("sentence"), spoken("two_sentences")]
    labels = [[(one.start_sample, one.end_sample) for one in each.sentences] for each in recordings]
    table = sweep([each.path for each in recordings], labels, thresholds=[0.4, 0.8], min_silence_ms=[200, 640])
    assert table["negative_threshold"].tolist() == [0.25, 0.25, 0.65, 0.65]
    for row in table.to_dict("records"):
        vad = SileroVAD(row["threshold"], row["negative_threshold"], min_silence_ms=row["min_silence_ms"])
        outcomes = [
            score_against_labels(detect_speech(each.pcm, vad=vad).segments, one)
            for each, one in zip(recordings, labels, strict=True)
        ]
        delays = [delay for outcome in outcomes for delay in outcome.closing_delays]
        assert row["closing_delay_ms"] == np.median(delays) / 16
        assert (row["speech"], row["missed"], row["false_segments"]) == (3, 0, 0)


def test_a_model_of_ones_own_is_asked_for_every_setting() -> None:
    each = spoken("sentence")
    labels = [(one.start_sample, one.end_sample) for one in each.sentences]
    own = PACKAGE / "vad/models/silero_vad_16k_op15.onnx"
    table = sweep([each.path], [labels], thresholds=[0.4], model=own)
    packaged = sweep([each.path], [labels], thresholds=[0.4])
    assert table.drop(columns="model").equals(packaged)


def test_recordings_of_several_channels_and_of_another_rate_are_read_as_they_say() -> None:
    voice = spoken("sentence")
    labels = [[(one.start_sample, one.end_sample) for one in voice.sentences]]
    stereo = np.stack([np.zeros_like(voice.pcm), voice.pcm], axis=1)
    table = sweep([stereo], labels, thresholds=[0.5], channel=1)
    assert table.equals(sweep([voice.pcm], labels, thresholds=[0.5]))
    slow = [[(start // 2, end // 2) for start, end in labels[0]]]
    assert sweep([voice.pcm], slow, thresholds=[0.5], sample_rate=32_000)["speech"].tolist() == [1]


def test_the_default_thresholds_are_around_those_of_the_detector() -> None:
    pcm = np.zeros(FRAME_SAMPLES, np.int16)
    assert 0.5 in sweep([pcm], [[]])["threshold"].tolist()
    assert -55 in sweep([pcm], [[]], vad="volume")["threshold"].tolist()


def test_a_lower_threshold_above_the_upper_one_is_left_out() -> None:
    pcm = np.zeros(FRAME_SAMPLES, np.int16)
    table = sweep([pcm], [[]], thresholds=[0.3, 0.6], negative_threshold=[0.2, 0.4])
    pairs = table[["threshold", "negative_threshold"]].to_numpy().tolist()
    assert pairs == [[0.3, 0.2], [0.6, 0.2], [0.6, 0.4]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"labels": []}, ValueError, "got 1 recordings, but labels for 0"),
        ({"labels": [[(0.5, 1.5)]]}, TypeError, r"expected positions in samples .* got \(0.5, 1.5\)"),
        ({"labels": [[(5, 5)]]}, ValueError, r"in order, none overlapping, got \(5, 5\)"),
        ({"labels": [[(0, 9), (5, 12)]]}, ValueError, "none overlapping"),
        ({"vad": "loud"}, ValueError, "expected vad='silero', 'volume' or a function, got 'loud'"),
        ({"vad": LoudnessVAD}, ValueError, "thresholds is missing"),
        ({"thresholds": [2.0]}, ValueError, "SileroVAD: expected 0 < threshold <= 1"),
        ({"wrong": 1}, TypeError, "wrong"),
    ],
)
def test_what_cannot_be_tried_is_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sweep(**{"recordings": [np.zeros(5, np.int16)], "labels": [[]], **arguments})
