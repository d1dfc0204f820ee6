"""Long tracks in few columns."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from micdrop_widget.analysis import waveform
from micdrop_widget.analysis.waveform import extremes, means


@pytest.mark.parametrize("samples", [1, 7, 1000, 1001, 9973])
@pytest.mark.parametrize("columns", [1, 10, 999])
def test_no_extreme_is_lost(samples: int, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waveform, "_BLOCK_SAMPLES", 2048)
    pcm = np.random.default_rng(samples).integers(-30_000, 30_000, (samples, 2)).astype(np.int16)
    lows, highs, step = extremes(lambda begin, end: pcm[begin:end], 0, samples, columns)
    assert lows.shape == highs.shape == (2, -(-samples // step))
    assert lows.shape[1] <= columns
    for column in range(lows.shape[1]):
        part = pcm[column * step : (column + 1) * step]
        assert_array_equal(lows[:, column], part.min(axis=0))
        assert_array_equal(highs[:, column], part.max(axis=0))


def test_a_click_in_an_hour_is_in_its_column() -> None:
    hour = 3600 * 16_000
    pcm = np.zeros((hour, 1), np.int16)
    pcm[hour // 2] = 12_345
    _, highs, step = extremes(lambda begin, end: pcm[begin:end], 0, hour, 1500)
    assert_array_equal(np.flatnonzero(highs), [hour // 2 // step])
    assert highs.max() == 12_345


def test_a_mean_is_that_of_what_is_known() -> None:
    nan = np.nan
    values = np.array([0.5, nan, nan, nan, 1.0, 0.0, 0.25], np.float32)
    assert_array_equal(means(values, 4), np.array([0.5, nan, 0.5, 0.25], np.float32))
    assert_array_equal(means(values, 100), values)
