"""The offset of two clocks, on clocks that a test sets."""

from __future__ import annotations

import pytest

from tests.harness.page_clock import ClockOffset, measure_clock_offset


class Clocks:
    """A machine's clock, and a page's, which is ahead of it and takes its time to be read, there and back."""

    def __init__(self, ahead_ms: float, ways_ms: list[tuple[float, float]]) -> None:
        self.machine_ms = 1000.0
        self.ahead_ms = ahead_ms
        self._ways_ms = iter(ways_ms)

    def now_ms(self) -> float:
        return self.machine_ms

    def read_page_ms(self) -> float:
        there_ms, back_ms = next(self._ways_ms)
        self.machine_ms += there_ms
        page_ms = self.machine_ms + self.ahead_ms
        self.machine_ms += back_ms
        return page_ms


def test_the_quickest_reading_gives_the_offset_and_half_of_its_time_is_the_uncertainty() -> None:
    clocks = Clocks(-250, [(3, 5), (1, 1), (40, 2)])
    offset = measure_clock_offset(clocks.read_page_ms, now_ms=clocks.now_ms, rounds=3)
    assert offset == ClockOffset(-250, 1)


@pytest.mark.parametrize("way", [(2.0, 0.0), (0.0, 2.0)])
def test_the_true_offset_lies_within_the_uncertainty(way: tuple[float, float]) -> None:
    clocks = Clocks(100, [way])
    offset = measure_clock_offset(clocks.read_page_ms, now_ms=clocks.now_ms, rounds=1)
    assert abs(offset.ahead_ms - 100) == offset.uncertainty_ms == 1


def test_a_time_of_the_page_becomes_one_of_the_machine() -> None:
    assert ClockOffset(ahead_ms=250, uncertainty_ms=1).monotonic_ms(1250) == 1000


def test_a_clock_that_is_set_meanwhile_is_noticed() -> None:
    clocks = Clocks(0, [(1, 1), (1, 1)])

    def read_page_ms() -> float:
        page_ms = clocks.read_page_ms()
        clocks.ahead_ms = -12_567
        return page_ms

    with pytest.raises(ValueError, match="was set while it was read"):
        measure_clock_offset(read_page_ms, now_ms=clocks.now_ms, rounds=2)
