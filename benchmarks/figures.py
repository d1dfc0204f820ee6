"""What a row gives: distributions, and whether they meet their aim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Aim", "Distribution", "Figure", "faults", "ratios"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Median, 95th percentile, largest and smallest of `n` measured values."""

    p50: float
    p95: float
    max: float
    n: int
    min: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Distribution:
        """Summarise values.

        Raises
        ------
        ValueError
            There are none, or one is no finite number.
        """
        measured = np.fromiter(values, dtype=np.float64)
        if not measured.size:
            raise ValueError("expected at least one measured value, got none")
        if not np.isfinite(measured).all():
            raise ValueError(f"expected finite values, got {measured[~np.isfinite(measured)][0]}")
        return cls(
            float(np.median(measured)),
            float(np.percentile(measured, 95)),
            float(measured.max()),
            measured.size,
            float(measured.min()),
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
    uncertainty
        Of each value, in the figure's unit; that of the offset of two clocks, for example.
    least
        What no value can be under.
    """

    what: str
    unit: str
    values: Distribution | None
    aim: Aim | None = None
    note: str = ""
    uncertainty: float = 0.0
    least: float = 0.0

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None without an aim or without values."""
        return None if self.aim is None or self.values is None else self.aim.is_met(self.values)

    @property
    def fault(self) -> str | None:
        """Why the figure cannot be true, whatever its aim says; None: it can."""
        if self.values is None:
            return None if self.note else f"{self.what}: not measured, and nothing says why"
        if self.values.min < self.least - self.uncertainty:
            floor = f"{self.least:g} {self.unit}, give or take {self.uncertainty:.2f}"
            return f"{self.what}: {self.values.min:g} {self.unit} cannot be, the least is {floor}"
        return None


def faults(figures: Sequence[Figure]) -> list[str]:
    """Return why a row cannot be true; a row without figures has measured nothing."""
    if not figures:
        return ["no figure"]
    return [figure.fault for figure in figures if figure.fault is not None]


def ratios(measured: Sequence[float], reference: Sequence[float]) -> Distribution:
    """Return the distribution of the ratios of what was measured side by side, pair by pair.

    A pair is some milliseconds long: what disturbs the machine disturbs both or shows in the tail, and the median of
    the ratios stays what it is on a quiet machine.
    """
    return Distribution.of(mine / other for mine, other in zip(measured, reference, strict=True))
