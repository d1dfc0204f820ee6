"""Where a stretch of audio is voiced: with silence, noise and tones around it, in pieces of any length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.history.voiced import Loudness, _span
from tests.paths import FIXTURES


def sound(samples: int, amplitude: int = 8000) -> Pcm:
    pcm: Pcm = np.random.default_rng(samples).integers(-amplitude, amplitude, samples).astype(np.int16)
    return pcm


def span(pcm: Pcm, piece: int | None = None) -> tuple[int, int] | None:
    loudness = Loudness()
    for start in range(0, len(pcm), piece or len(pcm)):
        loudness.push(pcm[start : start + (piece or len(pcm))])
    return loudness.voiced_span()


def span_in_noise(pcm: NDArray[Any], level: float, seed: int) -> tuple[int, int]:
    """Return where sound is voiced in white noise."""
    noise = np.random.default_rng(seed).normal(0, level, len(pcm))
    found = span(np.clip(pcm + noise, -32768, 32767).astype(np.int16))
    assert found is not None
    return found


def test_sound_within_silence_is_found_on_the_grid_of_ten_milliseconds() -> None:
    pcm = np.concatenate((np.zeros(1600, np.int16), sound(3200), np.zeros(800, np.int16)))
    assert span(pcm) == (1600, 4800)


@pytest.mark.parametrize("piece", [1, 7, 160, 161, 512, 1600])
def test_the_pieces_make_no_difference(piece: int) -> None:
    sentence = as_pcm(FIXTURES / "sentence.wav")[8000:64_000]
    assert span(sentence, piece) == span(sentence)


def test_a_sentence_is_found_where_it_is() -> None:
    sentence = as_pcm(FIXTURES / "sentence.wav")[:80_000]
    found = span(sentence)
    assert found is not None
    assert abs(found[0] - 16_000) <= 480
    assert abs(found[1] - 54_880) <= 960


@pytest.mark.parametrize(("snr_db", "early_ms", "late_ms"), [(40, 10, 0), (20, 20, 10), (10, 120, 10)])
def test_noise_around_a_sentence_is_no_sound(snr_db: float, early_ms: float, late_ms: float) -> None:
    sentence = as_pcm(FIXTURES / "sentence.wav")[:80_000]
    clean = span(sentence)
    assert clean is not None
    level = np.sqrt(np.mean(sentence[16_000:54_880].astype(float) ** 2)) / 10 ** (snr_db / 20)
    first, end = np.median([span_in_noise(sentence, level, seed) for seed in range(20)], axis=0)
    assert -10 * 16 <= first - clean[0] <= 20 * 16
    assert -early_ms * 16 <= end - clean[1] <= late_ms * 16


@pytest.mark.parametrize("pcm", [np.zeros(0, np.int16), np.zeros(8000, np.int16), np.full(8000, 900, np.int16)])
def test_silence_and_a_constant_offset_are_not_voiced(pcm: Pcm) -> None:
    loudness = Loudness()
    loudness.push(pcm)
    assert loudness.voiced_span() is None


def test_an_even_tone_is_sound_and_not_noise() -> None:
    tone = (8000 * np.sin(np.arange(16_000) * 2 * np.pi * 440 / 16_000)).astype(np.int16)
    assert span(tone) == (0, 16_000)
    assert span(np.concatenate((np.zeros(1600, np.int16), tone))) == (1600, 17_600)


def test_what_is_thirty_decibels_softer_is_not_voiced() -> None:
    pcm = np.concatenate((sound(1600, 100), sound(1600, 16_000), sound(1600, 1000)))
    assert span(pcm) == (1600, 4800)


def test_a_voice_that_fades_out_under_noise_is_followed_where_it_is_louder_than_the_noise() -> None:
    """A tone of 200 Hz that falls from the loudness of the noise to 12 dB below it is 13 dB louder in its own band."""
    hum = np.sin(np.arange(8000) * 2 * np.pi * 200 / 16_000)
    loudness = np.concatenate((np.full(4800, 3000.0), np.geomspace(700, 175, 3200)))
    pcm = np.concatenate((np.zeros(4800), hum * loudness, np.zeros(4800)))
    spans = np.array([span_in_noise(pcm, 500, seed) for seed in range(20)])
    assert np.all(np.abs(np.median(spans, axis=0) - (4800, 12_800)) <= (160, 320))
    assert spans[:, 1].max() <= 12_800 + 320
    assert spans[:, 1].min() >= 12_800 - 100 * 16, "at 12 dB under the noise, some of it may hide the last of the tone"


def test_noise_alone_around_silence_in_a_long_stretch_adds_nothing() -> None:
    """Of a minute of noise no frame is so loud in any band that it counts."""
    pcm = np.random.default_rng(3).normal(0, 100, 60 * 16_000)
    pcm[32_000:48_000] += sound(16_000)
    found = span(pcm.astype(np.int16), 512)
    assert found is not None
    assert abs(found[0] - 32_000) <= 160
    assert abs(found[1] - 48_000) <= 160


def test_samples_behind_the_last_whole_frame_wait_for_more() -> None:
    loudness = Loudness()
    loudness.push(sound(159))
    assert loudness.voiced_span() is None
    loudness.push(sound(1))
    assert loudness.voiced_span() == (0, 160)


def test_what_is_loud_in_no_band_is_not_voiced() -> None:
    """Louder than the noise by its level alone, which counts what is under the lowest band too."""
    levels = np.full(40, -60, np.float32)
    levels[30] = -40
    assert _span(levels, np.full((40, 6), 1e-6, np.float32)) is None
