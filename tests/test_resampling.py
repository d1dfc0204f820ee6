"""A microphone of another rate at 16 kHz: nothing folds back, nothing moves, and how much waits in the filter."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE, Pcm, Resampler, float_to_pcm, pcm_to_float

RATES = [48_000, 44_100, 32_000, 22_050]
SWEEP_S = 10
AMPLITUDE = 0.9


def frame_samples(rate: int) -> int:
    """Return the samples of 32 ms, as the front end cuts them."""
    return round(FRAME_SAMPLES * rate / SAMPLE_RATE)


def resample(pcm: Pcm, rate: int) -> Pcm:
    """Return samples as they come out when they arrive in messages of 32 ms."""
    resampler, size = Resampler(rate), frame_samples(rate)
    return np.concatenate([resampler.push(pcm[start : start + size]) for start in range(0, len(pcm), size)])


def levels_of_sweep(rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Resample a sine that sweeps from 0 Hz to half the rate; return frequencies in Hz and the levels there in dB."""
    seconds = np.arange(SWEEP_S * rate) / rate
    hz_per_s = rate / 2 / SWEEP_S
    swept = resample(float_to_pcm(AMPLITUDE * np.sin(np.pi * hz_per_s * seconds**2)), rate)
    window = 320
    windows = swept[: len(swept) // window * window].reshape(-1, window) / 32_768
    rms = np.sqrt(np.mean(windows**2, axis=1))
    middles_s = (np.arange(len(windows)) + 0.5) * window / SAMPLE_RATE
    return middles_s * hz_per_s, 20 * np.log10(np.maximum(rms, 1e-9) * np.sqrt(2) / AMPLITUDE)


@pytest.mark.parametrize("rate", RATES)
def test_of_a_swept_sine_nothing_above_8_khz_folds_back(rate: int) -> None:
    hz, level_db = levels_of_sweep(rate)
    beyond = level_db[hz > 8050]
    assert len(beyond) > 10
    assert beyond.max() < -60


@pytest.mark.parametrize("rate", RATES)
def test_a_swept_sine_keeps_its_level_up_to_7_khz(rate: int) -> None:
    hz, level_db = levels_of_sweep(rate)
    within = level_db[(hz > 500) & (hz < 7000)]
    assert len(within) > 100
    assert np.abs(within).max() < 0.1


@settings(max_examples=40)
@given(rate=st.sampled_from(RATES), chunks=st.lists(st.integers(0, 3000), min_size=2, max_size=40))
def test_what_arrives_in_any_chunks_equals_what_is_resampled_in_one_piece(rate: int, chunks: list[int]) -> None:
    pcm = np.random.default_rng(len(chunks)).integers(-20_000, 20_000, sum(chunks)).astype(np.int16)
    resampler = Resampler(rate)
    ends = [0, *itertools.accumulate(chunks)]
    streamed = np.concatenate([resampler.push(pcm[start:end]) for start, end in itertools.pairwise(ends)])
    at_once = float_to_pcm(soxr.resample(pcm_to_float(pcm), rate, SAMPLE_RATE))
    assert_array_equal(streamed, at_once[: len(streamed)])


@pytest.mark.parametrize("rate", RATES)
def test_a_sound_stays_where_it_was(rate: int) -> None:
    click = np.zeros(2 * rate, dtype=np.int16)
    click[rate // 2] = 30_000
    assert int(np.argmax(np.abs(resample(click, rate).astype(int)))) == SAMPLE_RATE // 2


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_between_6_and_44_ms_wait_in_the_filter(rate: int) -> None:
    resampler, size = Resampler(rate), frame_samples(rate)
    given_samples, waiting = 0.0, []
    for _ in range(300):
        given_samples += size * SAMPLE_RATE / rate
        given_samples -= len(resampler.push(np.ones(size, dtype=np.int16)))
        waiting.append(given_samples)
    assert min(waiting[3:]) > 90
    assert max(waiting) < 704
