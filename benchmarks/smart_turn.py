"""Row `smart-turn`: what it costs to ask whether a turn is over, at its longest, and what Smart Turn makes of flite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.interleaving import interleave, timed
from benchmarks.speech import endless_frames
from micdrop_widget.audio import Pcm, read_wav
from micdrop_widget.turn import SmartTurn, smart_turn_features

__all__ = ["measure"]

_TURN_FRAMES = 250
"""The 8 s that the model sees."""

_SPOKEN = Path(__file__).parents[1] / "tests" / "turn" / "spoken"
_PAUSE_SAMPLES = 6400


def measure(quick: bool) -> Iterator[Figure]:
    """Measure the features of 8 s, and whole predictions."""
    frames = endless_frames()
    turn = np.concatenate([next(frames) for _ in range(_TURN_FRAMES)])
    detector = SmartTurn()
    detector.load()
    detector.push(turn)
    contestants = {
        "features": lambda: timed(lambda: smart_turn_features(turn)),
        "prediction": lambda: timed(detector.predict),
    }
    seconds = interleave(contestants, 5 if quick else 100, warm_up=1)
    ms = {name: Distribution.of(1e3 * second for second in measured) for name, measured in seconds.items()}
    yield Figure("features of 8 s", "ms", ms["features"], Aim("p50", 20))
    yield Figure("SmartTurn.predict, features included", "ms", ms["prediction"])
    sentences = [read_wav(path)[0] for path in sorted(_SPOKEN.glob("*.wav"))]
    for what, share in (("finished sentences", 10), ("sentences cut after 60 %", 6)):
        said = [_percent(detector, pcm[: len(pcm) * share // 10]) for pcm in sentences]
        complete = sum(each > 100 * detector.threshold for each in said)
        yield Figure(f"probability of {what}", "%", Distribution.of(said), note=f"{complete} of {len(said)} complete")


def _percent(detector: SmartTurn, pcm: Pcm) -> float:
    detector.reset()
    detector.push(np.concatenate([pcm, np.zeros(_PAUSE_SAMPLES, dtype=np.int16)]))
    return 100 * detector.predict()
