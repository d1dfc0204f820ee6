"""Row `volume-window`: the volume detector is to cost next to nothing beside Silero."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.interleaving import interleave, timed
from benchmarks.speech import endless_frames
from micdrop_widget.audio import Pcm, pcm_to_float
from micdrop_widget.vad import VAD, SileroVAD, VolumeVAD

__all__ = ["measure"]

_WINDOWS = 30
"""Windows a measurement: whole checks of the volume detector, which looks at every third window only."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure runs of windows through both, in turn."""
    frames = endless_frames()
    silero = SileroVAD()
    silero.load()
    contestants = {"volume": _run(VolumeVAD(), frames), "silero": _run(silero, frames)}
    seconds = interleave(contestants, 10 if quick else 300, warm_up=2)
    micros = {name: [1e6 * second / _WINDOWS for second in measured] for name, measured in seconds.items()}
    note = f"mean of {_WINDOWS} windows"
    yield Figure("VolumeVAD.update", "µs", Distribution.of(micros["volume"]), note=note)
    yield Figure("SileroVAD.update", "µs", Distribution.of(micros["silero"]), note=note)
    shares = [100 * volume / silero for volume, silero in zip(micros["volume"], micros["silero"], strict=True)]
    yield Figure("VolumeVAD's share of SileroVAD's time", "%", Distribution.of(shares), Aim("p50", 5))


def _run(vad: VAD, frames: Iterator[Pcm]) -> Callable[[], float]:
    def run() -> float:
        windows = [pcm_to_float(next(frames)) for _ in range(_WINDOWS)]
        return timed(lambda: [vad.update(window) for window in windows])

    return run
