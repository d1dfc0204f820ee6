"""A filter between the WAV and the recording hides no fault and invents none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.harness.channel import match_channel
from tests.harness.listen import align, find_faults
from tests.harness.spoken import spoken

SENTENCE = spoken("sentence").pcm_of(0)


def through_a_channel(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Delay by 700.4 samples, cut above 6.5 kHz, high-pass with a long tail, amplify."""
    padded = np.pad(pcm.astype(np.float64), 4000)
    frequencies = np.fft.rfftfreq(len(padded), 1 / 16000)
    response = 1.2 * np.exp(-2j * np.pi * frequencies * 700.4 / 16000)
    response *= (1j * frequencies / 90) / (1 + 1j * frequencies / 90) / (1 + (frequencies / 6500) ** 12)
    return np.rint(np.fft.irfft(np.fft.rfft(padded) * response, len(padded))).astype(np.int16)


HEARD = through_a_channel(SENTENCE)


def test_filtered_recording_is_faultless_only_when_matched() -> None:
    assert align(SENTENCE, HEARD).correlation < 0.98
    assert find_faults(SENTENCE, HEARD) != []
    matched = match_channel(SENTENCE, HEARD)
    assert align(matched, HEARD).correlation > 0.9999
    assert find_faults(matched, HEARD) == []


@pytest.mark.parametrize("samples", [20, 160, 512, 1600])
@pytest.mark.parametrize("kind", ["dropped", "repeated", "gap"])
def test_fault_stays_a_fault(kind: str, samples: int) -> None:
    cut = 24000
    middle = {"dropped": HEARD[:0], "repeated": HEARD[cut - samples : cut], "gap": np.zeros(samples, np.int16)}
    rest = HEARD[cut + samples :] if kind == "dropped" else HEARD[cut:]
    heard = np.concatenate([HEARD[:cut], middle[kind], rest])
    (fault,) = find_faults(match_channel(SENTENCE, heard), heard)
    assert (fault.kind, fault.samples) == (kind, samples)


def test_short_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="4000 samples"):
        match_channel(SENTENCE[:100], HEARD)
