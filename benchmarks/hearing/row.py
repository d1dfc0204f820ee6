"""Row `hearing`: the delays of each detector, and what it misses and opens on for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.hearing.trials import Trial, trials

__all__ = ["measure"]

_ONSET_MS = {"volume": 302.0, "silero": 330.0, "both": 367.0}
_CLOSING_MS = {"volume": 581.0, "silero": 743.0, "both": 751.0}
"""Micdrop's browser client 2.2.2, human voice, medians at the server: clean speech is to be no slower."""


def measure(quick: bool) -> Iterator[Figure]:
    """Try every detector on every kind of sound."""
    for trial in trials(quick):
        yield from _with_speech(trial) if trial.has_speech else _without_speech(trial)


def _with_speech(trial: Trial) -> Iterator[Figure]:
    what = f"{trial.detector}, {trial.kind}"
    note = (
        f"{trial.detected} of {trial.total('speech')} detected, {trial.total('false_segments')} false, "
        f"{trial.total('splits')} split, {trial.cut_samples} samples cut, {trial.opened_early} opened by noise, "
        f"{trial.never_closed} never closed"
    )
    clean = trial.kind == "sentences, clean"
    yield _delays(f"{what}: onset", trial.onset_ms, _ONSET_MS[trial.detector] if clean else None, note)
    yield _delays(f"{what}: closing", trial.closing_ms, _CLOSING_MS[trial.detector] if clean else None, "")


def _delays(what: str, delays_ms: list[float], at_most: float | None, note: str) -> Figure:
    values = Distribution.of(delays_ms) if delays_ms else None
    aim = None if at_most is None else Aim("p50", at_most)
    return Figure(what, "ms", values, aim, note if values else f"{note or 'none'}")


def _without_speech(trial: Trial) -> Iterator[Figure]:
    segments = Distribution.of(outcome.false_segments for outcome in trial.outcomes)
    aim = None if trial.detector == "volume" else Aim("max", 0)  # volume opens on what is loud: that is its nature
    note = f"{trial.total('false_segments')} in {len(trial.outcomes)} times 10 s"
    yield Figure(f"{trial.detector}, {trial.kind}: false segments", "", segments, aim, note)
