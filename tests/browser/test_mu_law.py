"""Telephone quality, as the standard has it."""

from __future__ import annotations

import numpy as np

from micdrop_widget.browser.messages.mu_law import pcm_from_mu_law


def test_the_standards_bytes_are_the_standards_samples() -> None:
    codes = bytes([0xFF, 0x7F, 0xFE, 0x7E, 0x80, 0x00, 0xCE, 0x4E])
    assert pcm_from_mu_law(codes).tolist() == [0, 0, 8, -8, 32124, -32124, 988, -988]


def test_each_byte_is_one_sample_and_a_louder_one_the_smaller_it_is() -> None:
    positive = pcm_from_mu_law(bytes(range(255, 127, -1))).astype(int)
    assert np.all(np.diff(positive) > 0)
    assert np.array_equal(pcm_from_mu_law(bytes(range(127, -1, -1))), -positive)
    steps = np.diff(positive)
    assert set(steps.tolist()) == {8 << exponent for exponent in range(8)} | {12 << exponent for exponent in range(7)}
