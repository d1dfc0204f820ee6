"""Smart Turn's features are Whisper's, and the silence at a turn's end is cut where it should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.turn import smart_turn_features, trim_silence
from tests.turn.whisper import log_mel

HERE = Path(__file__).parent
SENTENCE = as_pcm(HERE.parent / "fixtures" / "sentence.wav")
CHANCE = np.random.default_rng(7)


def noise(samples: int, amplitude: float = 3000) -> Pcm:
    return (CHANCE.standard_normal(samples) * amplitude).clip(-32768, 32767).astype(np.int16)


def test_the_features_of_a_sentence_are_those_of_transformers() -> None:
    reference = np.load(HERE / "whisper_reference.npz")["every_tenth_column"]
    ours = smart_turn_features(SENTENCE[:60_000])
    assert ours.shape == (80, 800)
    assert ours.dtype == np.float32
    assert np.abs(ours[:, ::10] - reference).max() < 1e-4


@pytest.mark.parametrize(
    "pcm",
    [
        SENTENCE[20_000:50_000],
        noise(128_000),
        noise(128_000 + 777),
        noise(1),
        noise(400, 2),
        np.full(128_000, -32768, dtype=np.int16),
        np.zeros(1000, dtype=np.int16),
        np.zeros(0, dtype=np.int16),
    ],
    ids=["speech", "8 s", "more than 8 s", "one sample", "hardly anything", "an offset", "silence", "nothing"],
)
def test_the_features_are_those_of_the_definition(pcm: Pcm) -> None:
    assert np.abs(smart_turn_features(pcm) - log_mel(pcm)).max() < 1e-4


def test_only_the_last_eight_seconds_count() -> None:
    turn = noise(200_000)
    assert np.array_equal(smart_turn_features(turn), smart_turn_features(turn[-128_000:]))


def test_a_short_turn_stands_at_the_right_with_nothing_in_front() -> None:
    features = smart_turn_features(noise(16_000))
    assert features[:, :698].max() < features[:, 702:].min()


def test_silence_is_cut_200_ms_after_the_last_loud_frame() -> None:
    turn = np.concatenate([noise(1600), np.zeros(8000, dtype=np.int16)])
    assert len(trim_silence(turn)) == 1600 + 3200


def test_a_shorter_silence_stays() -> None:
    turn = np.concatenate([noise(1600), np.zeros(3199, dtype=np.int16)])
    assert trim_silence(turn) is not None
    assert len(trim_silence(turn)) == 1600 + 3199


@pytest.mark.parametrize(("quiet", "end"), [(33, 4800), (31, 1600)])
def test_a_frame_within_30_db_of_the_loudest_is_speech(quiet: int, end: int) -> None:
    loud = np.full(1600, 1000, dtype=np.int16)
    turn = np.concatenate([loud, np.full(3200, quiet, dtype=np.int16), np.zeros(8000, dtype=np.int16)])
    assert len(trim_silence(turn)) == end + 3200


def test_the_cut_follows_frames_of_10_ms_from_the_first_sample() -> None:
    turn = np.zeros(16_000, dtype=np.int16)
    turn[161] = 9000
    assert len(trim_silence(turn)) == 320 + 3200


@pytest.mark.parametrize("samples", [0, 159, 5000])
def test_a_silent_turn_stays_as_it_is(samples: int) -> None:
    assert len(trim_silence(np.zeros(samples, dtype=np.int16))) == samples


def test_the_loudest_possible_turn_is_measured_without_overflow() -> None:
    turn = np.concatenate([np.full(1600, -32768, dtype=np.int16), np.zeros(8000, dtype=np.int16)])
    assert len(trim_silence(turn)) == 1600 + 3200
