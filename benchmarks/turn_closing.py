"""Row `turn-closing`: how soon after its last word a finished turn is over, and whether an unfinished one is held."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.hearing.turns import TurnTrial, turn_trials

__all__ = ["measure"]

_AIM = Aim("p50", 500)
_HELD_MS = 4000.0
"""What a turn that is held counts as: its wait, which begins when the user falls silent."""


def measure(quick: bool) -> Iterator[Figure]:
    """Say every sentence under every setting."""
    for trial in turn_trials(quick):
        delays = Distribution.of([*trial.closing_ms, *[_HELD_MS] * trial.held])
        note = f"{trial.held} of {delays.n} held, counted as {_HELD_MS:.0f} ms; {trial.splits} split"
        yield Figure(
            _what(trial), "ms", delays, _AIM if trial.finished and "SmartTurn" in trial.setting else None, note
        )


def _what(trial: TurnTrial) -> str:
    return f"{trial.setting}, {trial.voice}, {'finished' if trial.finished else 'cut'}"
