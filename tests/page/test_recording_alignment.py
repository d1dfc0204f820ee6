"""Where both sides of a call are in its recording, against when the page captured and played them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget.history.tracks import ASSISTANT, MICROPHONE
from micdrop_widget.server import ServerCall
from micdrop_widget.vad import VAD, Status
from tests.harness.page_clock import page_clock_offset
from tests.harness.recorded import bursts, place
from tests.harness.spoken import say_at
from tests.page.calls import Opener, wait_until

_COUNT = int(os.environ.get("MICDROP_ALIGNED_SOUNDS", "6"))
"""Sounds of each side; 120 of them are five minutes."""
_APART_S = 2.5


class DeafVAD(VAD):
    """Hears no speech in anything."""

    def update(self, window: NDArray[np.float32]) -> Status:
        return Status.SILENCE


@pytest.mark.timeout(100 + 6 * _COUNT)
def test_both_sides_are_recorded_when_they_sounded(open_call: Opener, tmp_path: Path) -> None:
    answers, said = bursts(_COUNT, seed=1), bursts(_COUNT, seed=2)
    microphone = say_at(tmp_path / "said.wav", {2 + _APART_S * number: burst for number, burst in enumerate(said)})

    async def greet(call: ServerCall) -> None:
        for burst in answers:
            await call.send_audio(burst)
            await asyncio.sleep(_APART_S)

    held = open_call(
        open_call.serve(greeting=greet),
        microphone=microphone,
        tap_microphone=True,
        vad=DeafVAD(),
        echo_cancellation=False,
        noise_suppression=False,
        auto_gain_control=False,
    )
    held.page.press("start")
    wait_until(
        lambda: len(held.call.turns) == _COUNT and not held.call.isAssistantSpeaking, timeout=_APART_S * _COUNT + 20
    )
    recording = held.call.recording
    assert recording is not None
    clock = page_clock_offset(held.page.page)
    (loudspeaker,), (microphone_tap,) = held.page.taps(), held.page.taps("microphone")
    heard = place(answers, loudspeaker, clock, recording, ASSISTANT)
    captured = place(said, microphone_tap, clock, recording, MICROPHONE)
    assert min(len(heard), len(captured)) >= _COUNT - 1
    offsets_ms = [[one.recorded_ms - one.page_ms for one in side] for side in (heard, captured)]
    assert abs(median(offsets_ms[0]) - median(offsets_ms[1])) < 20, offsets_ms
    for side in offsets_ms:
        assert abs(median(side[-(len(side) // 2) :]) - median(side[: len(side) // 2])) < 20, offsets_ms
        assert abs(side[0] - median(side)) < 25, offsets_ms
    told = [turn.heard_ms for turn in held.call.turns if turn.heard_ms is not None]
    for one in heard:
        assert min(abs(one.recorded_ms - heard_ms) for heard_ms in told) < 20, (heard, told)
