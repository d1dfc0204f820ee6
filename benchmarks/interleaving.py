"""Measuring several things side by side, in turns, so that no one has the quiet minute for itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

__all__ = ["interleave", "timed"]


def timed(function: Callable[[], object]) -> float:
    """Call a function and return how many seconds it took."""
    began = time.perf_counter_ns()
    function()
    return (time.perf_counter_ns() - began) / 1e9


def interleave(contestants: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: int) -> dict[str, list[float]]:
    """Let each contestant measure itself once a round.

    The order is shuffled anew in each round, the same in every run: in a fixed one the same contestant would always
    find the caches as the same other one left them.

    Parameters
    ----------
    contestants
        Each does what it measures once and returns the seconds it took.
    rounds
        How many count.
    warm_up
        How many come before, and do not count.

    Returns
    -------
    dict
        For each contestant the seconds of each round.
    """
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    shuffled = random.Random(1)
    for number in range(warm_up + rounds):
        for name in shuffled.sample(names, len(names)):
            took = contestants[name]()
            if number >= warm_up:
                seconds[name].append(took)
    return seconds
