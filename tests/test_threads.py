"""Loops in threads of their own, and the leases that share one."""

from __future__ import annotations

import asyncio
import threading

import pytest

from micdrop_widget._threads import Lease, LoopThread


def threads(name: str = "micdrop-loop") -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_a_thread_runs_coroutines_and_calls_in_order_until_it_stops() -> None:
    thread = LoopThread("test-loop")
    order: list[int] = []

    async def where() -> str:
        order.append(len(order))
        return threading.current_thread().name

    thread.call(order.append, 0)
    assert thread.submit(where()).result(5) == "test-loop"
    assert order == [0, 1]
    thread.stop()
    assert threads("test-loop") == 0


def test_stop_cancels_what_still_runs_and_lets_it_clean_up() -> None:
    thread = LoopThread("test-loop")
    began, cleaned = threading.Event(), threading.Event()

    async def forever() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    future = thread.submit(forever())
    assert began.wait(5)
    thread.stop()
    assert cleaned.is_set()
    assert future.cancelled()


def test_stop_from_the_thread_itself_does_not_wait_for_itself() -> None:
    thread = LoopThread("test-loop")
    thread.call(thread.stop)
    for running in threading.enumerate():
        if running.name == "test-loop":
            running.join(5)
    assert threads("test-loop") == 0


def test_all_leases_share_one_thread_that_ends_with_the_last() -> None:
    assert threads() == 0
    one, other = Lease(), Lease()
    assert one.thread is other.thread
    assert threads() == 1
    one.release()
    one.release()
    assert threads() == 1
    other.release()
    assert threads() == 0
    again = Lease()
    assert again.thread is not one.thread
    assert again.thread.submit(asyncio.sleep(0, "alive")).result(5) == "alive"
    again.release()
    assert threads() == 0


@pytest.mark.parametrize("times", [1, 20])
def test_leases_taken_and_released_from_many_threads_at_once_leave_nothing(times: int) -> None:
    failures: list[BaseException] = []
    gate = threading.Barrier(8)

    def use() -> None:
        try:
            gate.wait(5)
            for _ in range(times):
                lease = Lease()
                assert lease.thread.submit(asyncio.sleep(0, "alive")).result(5) == "alive"
                lease.release()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to show it
            failures.append(error)

    users = [threading.Thread(target=use) for _ in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join(30)
    assert failures == []
    assert threads() == 0
