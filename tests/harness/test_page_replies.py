"""Whether an answer's latency is found in sound of which it is known."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.harness.page_replies import page_reply_latencies_ms
from tests.harness.taps import Tap

_SECOND = 16_000
_SOUND = np.random.default_rng(1).uniform(0.1, 0.3, _SECOND).astype(np.float32) * np.tile([1, -1], _SECOND // 2)


def test_each_latency_lies_between_what_was_said_and_what_was_heard() -> None:
    said, played = np.zeros(12 * _SECOND, np.float32), np.zeros(12 * _SECOND, np.float32)
    for asked, answered in ((1, 3.2), (6, 8.75)):
        said[asked * _SECOND :][:_SECOND] = _SOUND
        played[round(answered * _SECOND) :][:_SECOND] = _SOUND
    # captured in a context that began 100 ms before the one that plays, whose output takes 40 ms
    latencies = page_reply_latencies_ms(tap("playback", played, 600, output_ms=40), tap("microphone", said, 500))
    assert latencies == pytest.approx([1200 + 140, 1750 + 140], abs=0.1)


def test_an_answer_to_nothing_that_was_said_is_refused() -> None:
    played = np.zeros(3 * _SECOND, np.float32)
    played[_SECOND : 2 * _SECOND] = _SOUND
    silence = np.zeros(3 * _SECOND, np.float32)
    with pytest.raises(ValueError, match="nothing is voiced in samples 0 to 16000 of the microphone"):
        page_reply_latencies_ms(tap("playback", played, 500), tap("microphone", silence, 500))


def tap(
    kind: Literal["playback", "microphone"], samples: NDArray[np.float32], began_ms: float, *, output_ms: float = 0
) -> Tap:
    """Return a tap whose first sample passed the page's audio graph at a time of the page's clock."""
    rendered = np.array([[0.0, began_ms]])
    return Tap(kind, "running", 16_000, 0, samples, (), 0.0, began_ms + output_ms, rendered)
