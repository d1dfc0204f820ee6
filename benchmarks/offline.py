"""Row `offline`: `detect_speech` is to be 300 times as fast as the recording, on one core."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.interleaving import interleave
from benchmarks.speech import sentence
from micdrop_widget import detect_speech
from micdrop_widget.audio import FRAME_SAMPLES, Pcm, samples_to_ms
from micdrop_widget.vad import VadOption

__all__ = ["measure"]

_WINDOW_US = 1000 * samples_to_ms(FRAME_SAMPLES)
_AIM_TIMES = 300


def measure(quick: bool) -> Iterator[Figure]:
    """Measure whole recordings of half a minute, in turns, in CPU time."""
    pcm = np.concatenate([sentence()] * 5)
    windows = -(-len(pcm) // FRAME_SAMPLES)
    detectors: dict[str, VadOption] = {"volume": "volume", "silero": "silero", "both": ("volume", "silero")}
    contestants = {name: _turn(pcm, vad) for name, vad in detectors.items()}
    seconds = interleave(contestants, 2 if quick else 20, warm_up=1)
    for name, measured in seconds.items():
        values = Distribution.of(1e6 * second / windows for second in measured)
        times = _WINDOW_US / values.p50
        aim = Aim("p50", round(_WINDOW_US / _AIM_TIMES, 1))
        yield Figure(f"detect_speech, {name}, a window", "µs", values, aim, f"{times:.0f} x real time")


def _turn(pcm: Pcm, vad: VadOption) -> Callable[[], float]:
    def run() -> float:
        began = time.process_time()  # of one core: what else the machine does is not counted
        detect_speech(pcm, vad=vad)
        return time.process_time() - began

    return run
