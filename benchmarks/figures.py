"""What a row gives: distributions, and whether they meet their aim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Aim", "Distribution", "Figure", "ratios"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Median, 95th percentile and largest of `n` measured values."""

    p50: float
    p95: float
    max: float
    n: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Distribution:
        """Summarise values.

        Raises
        ------
        ValueError
            There are none.
        """
        measured = np.fromiter(values, dtype=np.float64)
        if not measured.size:
            raise ValueError("expected at least one measured value, got none")
        return cls(
            float(np.median(measured)),
            float(np.percentile(measured, 95)),
            float(measured.max()),
            measured.size,
        )


@dataclass(frozen=True, slots=True)
class Aim:
    """What one statistic of a figure should not exceed, in the figure's unit."""

    statistic: Literal["p50", "p95", "max"]
    at_most: float

    def is_met(self, values: Distribution) -> bool:
        """Return whether the values keep within it."""
        return float(getattr(values, self.statistic)) <= self.at_most


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes
    ----------
    what
        What was measured.
    unit
        Of the values: "ms", "µs", "x" for a ratio, "%" for a share.
    values
        None when it could not be measured here; the note says why.
    aim
        None when the figure is only reported.
    note
        What has to be known to read it.
    """

    what: str
    unit: str
    values: Distribution | None
    aim: Aim | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None without an aim or without values."""
        return None if self.aim is None or self.values is None else self.aim.is_met(self.values)


def ratios(measured: Sequence[float], reference: Sequence[float]) -> Distribution:
    """Return the distribution of the ratios of what was measured side by side, pair by pair.

    A pair is some milliseconds long: what disturbs the machine disturbs both or shows in the tail, and the median of
    the ratios stays what it is on a quiet machine.
    """
    return Distribution.of(mine / other for mine, other in zip(measured, reference, strict=True))
