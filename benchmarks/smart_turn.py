"""Row `smart-turn`: what it costs to ask whether a turn is over, at its longest, and what it says of sentences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.hearing.turns import cut_sentences, finished_sentences, probabilities
from benchmarks.interleaving import interleave, timed
from benchmarks.speech import endless_frames
from micdrop_widget.turn import SmartTurn, smart_turn_features

__all__ = ["measure"]

_TURN_FRAMES = 250
"""The 8 s that the model sees."""


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
    for what, said in (("finished", finished_sentences()), ("cut after 60 %", cut_sentences())):
        found = probabilities(said)
        for voice in ("flite", "a reader"):
            percent = [100 * each for each, one in zip(found, said, strict=True) if one.voice == voice]
            complete = sum(each > 100 * detector.threshold for each in percent)
            note = f"{complete} of {len(percent)} complete"
            yield Figure(f"probability of sentences {what}, {voice}", "%", Distribution.of(percent), note=note)
