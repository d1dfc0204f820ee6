"""When a microphone counts as idle, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from micdrop_widget.call.idle_watch import IdleWatch
from tests.harness import virtual_time


class Watched:
    """A watch, the samples it counts, and when it found them idle."""

    def __init__(self) -> None:
        self.watch = IdleWatch(check_every_s=0.3, idle_checks=2)
        self.captured = 0
        self.idle_at_s: list[float] = []

    def start(self) -> None:
        self.watch.start(lambda: self.captured, lambda: self.idle_at_s.append(asyncio.get_running_loop().time()))


def watched(test: Callable[[Watched], Coroutine[Any, Any, None]]) -> list[float]:
    state = Watched()
    virtual_time.run(test(state))
    return state.idle_at_s


@pytest.mark.parametrize(("last_s", "idle_s"), [(0.0, 0.6), (0.1, 0.9), (0.29, 0.9), (0.31, 1.2)])
def test_a_microphone_is_idle_two_to_three_checks_after_its_last_sample(last_s: float, idle_s: float) -> None:
    async def test(state: Watched) -> None:
        state.start()
        await asyncio.sleep(last_s)
        state.captured += 1 if last_s else 0
        await asyncio.sleep(10)

    assert watched(test) == [pytest.approx(idle_s)]


def test_one_that_goes_on_is_never_idle_and_a_second_start_changes_nothing() -> None:
    async def test(state: Watched) -> None:
        for _ in range(20):
            state.start()
            state.captured += 1
            await asyncio.sleep(0.29)
        state.watch.stop()

    assert watched(test) == []


def test_who_is_stopped_watches_no_longer_and_may_start_again() -> None:
    async def test(state: Watched) -> None:
        state.start()
        state.watch.stop()
        state.watch.stop()
        await asyncio.sleep(5)
        state.start()
        await asyncio.sleep(5)

    assert watched(test) == [pytest.approx(5.6)]
