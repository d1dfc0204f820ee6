"""The clocks of a page and of this machine's processes: how far apart they are, and how sure that is.

Both are monotonic: a page's ``performance.now()``, and Python's ``time.monotonic()``, which all processes share.
Nothing here reads the clock on the wall, which is set now and then in the middle of a measurement.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

__all__ = ["ClockOffset", "measure_clock_offset", "page_clock_offset"]

_ROUNDS = 25


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """How far a page's clock is ahead of ``time.monotonic()``.

    Attributes
    ----------
    ahead_ms
        Milliseconds; the page's clock counts from when it was loaded.
    uncertainty_ms
        The true offset is no further from `ahead_ms` than this.
    """

    ahead_ms: float
    uncertainty_ms: float

    def monotonic_ms(self, page_ms: float) -> float:
        """Return what ``time.monotonic()`` was, in milliseconds, when the page's clock was this."""
        return page_ms - self.ahead_ms


def measure_clock_offset(
    read_page_ms: Callable[[], float], *, now_ms: Callable[[], float] | None = None, rounds: int = _ROUNDS
) -> ClockOffset:
    """Read the other clock again and again; what took the shortest time tells the most.

    A reading lies somewhere between its beginning and its end: in the middle, give or take half of the time it took.

    Raises
    ------
    ValueError
        The readings contradict each other: one of the clocks was set meanwhile.
    """
    now_ms = now_ms or _monotonic_ms
    readings: list[ClockOffset] = []
    for _ in range(rounds):
        began_ms = now_ms()
        page_ms = read_page_ms()
        took_ms = now_ms() - began_ms
        readings.append(ClockOffset(page_ms - began_ms - took_ms / 2, took_ms / 2))
    best = min(readings, key=lambda reading: reading.uncertainty_ms)
    for reading in readings:
        if abs(reading.ahead_ms - best.ahead_ms) > reading.uncertainty_ms + best.uncertainty_ms:
            raise ValueError(f"a clock was set while it was read: {reading} and {best}")
    return best


def page_clock_offset(page: Page) -> ClockOffset:
    """Measure how far the clock of a page is ahead."""
    return measure_clock_offset(lambda: float(page.evaluate("performance.now()")))


def _monotonic_ms() -> float:
    return time.monotonic() * 1000
