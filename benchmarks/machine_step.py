"""Row `machine-step`: the step that is taken 31 times a second while the user speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.figures import Distribution, Figure
from benchmarks.interleaving import interleave, timed
from micdrop_widget.audio import FRAME_SAMPLES, samples_to_ms
from micdrop_widget.protocol import TextMessage
from micdrop_widget.speech import SpeechContinued
from micdrop_widget.state import Call, Phase, step
from micdrop_widget.state.effects import SendAudio
from micdrop_widget.state.snapshot import MicPhase

__all__ = ["measure"]

_STEPS = 100
"""Steps a measurement."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure the step in a call that has said nothing yet and in one that has said much."""
    fresh = Call(phase=Phase.LIVE, was_ready=True, mic=MicPhase.OPEN, user_speaking=True)
    items = tuple(TextMessage("user" if n % 2 else "assistant", f"sentence {n}") for n in range(1000))
    contestants = {"fresh": _steps(fresh), "long": _steps(replace(fresh, conversation=items))}
    seconds = interleave(contestants, 20 if quick else 500, warm_up=2)
    note = f"mean of {_STEPS} steps"
    micros = {name: [1e6 * second / _STEPS for second in measured] for name, measured in seconds.items()}
    yield Figure("step(call, SpeechContinued)", "µs", Distribution.of(micros["fresh"]), note=note)
    yield Figure("the same after 1000 messages", "µs", Distribution.of(micros["long"]), note=note)
    share = 100 / (1000 * samples_to_ms(FRAME_SAMPLES))
    yield Figure("share of the 32 ms of a frame", "%", Distribution.of(share * micro for micro in micros["fresh"]))


def _steps(call: Call) -> Callable[[], float]:
    event = SpeechContinued(np.zeros(FRAME_SAMPLES, dtype=np.int16))
    after, effects = step(call, event, 0.0)
    if after != call or not isinstance(effects[0], SendAudio):
        raise RuntimeError(f"expected the frame to be sent, got {effects!r}")

    def run() -> float:
        return timed(lambda: [step(call, event, 0.0) for _ in range(_STEPS)])

    return run
