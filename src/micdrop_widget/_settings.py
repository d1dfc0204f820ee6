"""Settings that are attributes, each with the range of its values, checked whenever it is set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

__all__ = ["Configurable", "Range", "setting_values"]


@dataclass(frozen=True, slots=True)
class Range:
    """The values that a setting may have.

    Parameters
    ----------
    low, high
        The limits.
    unit
        What the values are, for the message of the error.
    includes_low, includes_high
        Whether the limits themselves are allowed.
    whole
        Only whole numbers.
    """

    low: float
    high: float
    unit: str
    includes_low: bool = False
    includes_high: bool = False
    whole: bool = False

    def checked(self, owner: str, name: str, value: Any) -> float:  # noqa: ANN401 - what it is, is checked here
        """Return a value of this range.

        Raises
        ------
        ValueError
            It is none; the message names the setting and what was expected.
        """
        if self._has(value):
            plain: float = value.item() if isinstance(value, np.number) else value
            return int(plain) if self.whole else plain
        least = "" if self.low == -math.inf else f"{self.low:g} {'<=' if self.includes_low else '<'} "
        most = "" if self.high == math.inf else f" {'<=' if self.includes_high else '<'} {self.high:g}"
        raise ValueError(f"{owner}: expected {least}{name}{most} ({self.unit}), got {value!r}")

    def _has(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            return False
        if not math.isfinite(value) or (self.whole and value != int(value)):
            return False
        above = value > self.low or (self.includes_low and value == self.low)
        return bool(above and (value < self.high or (self.includes_high and value == self.high)))


class Configurable:
    """Something whose settings are attributes, and may be changed at any time."""

    _ranges: ClassVar[Mapping[str, Range]] = {}
    """The settings that are checked, by name, in the order in which they are shown."""

    if not TYPE_CHECKING:  # pragma: no branch - a type checker that saw it would accept any name

        def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 - any attribute
            allowed = self._ranges.get(name)
            if allowed is not None:
                value = allowed.checked(type(self).__name__, name, value)
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._ranges)})"


def setting_values(configurable: Configurable) -> dict[str, Any]:
    """Return the settings that are checked, by name, and no other attribute: none of these is secret."""
    return {name: getattr(configurable, name) for name in configurable._ranges}
