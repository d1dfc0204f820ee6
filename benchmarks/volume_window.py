"""Row `volume-window`: the volume detector is to cost next to nothing beside Silero."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.interleaving import interleave, timed
from benchmarks.speech import endless_frames
from micdrop_widget.audio import Pcm, pcm_to_float
from micdrop_widget.vad import VAD, SileroVAD, VolumeVAD

__all__ = ["measure"]

_WINDOWS = 30
"""Windows a measurement: 10 checks of the volume detector, which looks at every third window only."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure runs of windows through both in turn, then both window by window."""
    frames = endless_frames()
    volume, silero = VolumeVAD(), SileroVAD()
    silero.load()
    rounds = 10 if quick else 300
    contestants = {"volume": _run(volume, frames), "silero": _run(silero, frames)}
    seconds = interleave(contestants, rounds, warm_up=2)
    micros = {name: [1e6 * second / _WINDOWS for second in measured] for name, measured in seconds.items()}
    note = f"mean of {_WINDOWS} windows"
    yield Figure("VolumeVAD.update", "µs", Distribution.of(micros["volume"]), note=note)
    yield Figure("SileroVAD.update", "µs", Distribution.of(micros["silero"]), note=note)
    yield Figure(
        "VolumeVAD's share of SileroVAD's time", "%", _shares(seconds["volume"], seconds["silero"]), Aim("p50", 5)
    )
    volume_s, silero_s = zip(*(_alternate(volume, silero, frames) for _ in range(rounds)), strict=True)
    note = "each finds the caches as the other left them, as in a live call with both"
    yield Figure("the same, window by window", "%", _shares(volume_s, silero_s), note=note)


def _run(vad: VAD, frames: Iterator[Pcm]) -> Callable[[], float]:
    def run() -> float:
        windows = [pcm_to_float(next(frames)) for _ in range(_WINDOWS)]
        return timed(lambda: [vad.update(window) for window in windows])

    return run


def _alternate(volume: VAD, silero: VAD, frames: Iterator[Pcm]) -> tuple[float, float]:
    """Show each window to one and then to the other; return the seconds of each."""
    volume_s = silero_s = 0.0
    for _ in range(_WINDOWS):
        window = pcm_to_float(next(frames))
        volume_s += timed(partial(volume.update, window))
        silero_s += timed(partial(silero.update, window))
    return volume_s, silero_s


def _shares(volume_s: Sequence[float], silero_s: Sequence[float]) -> Distribution:
    return Distribution.of([100 * volume / silero for volume, silero in zip(volume_s, silero_s, strict=True)])
