"""Threads for functions that block: who waits for them, who gets them next, and when they end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from micdrop_widget.agents import workers
from micdrop_widget.agents.workers import Worker
from tests.harness.leaks import until

pytestmark = pytest.mark.usefixtures("clean_loop")


def threads() -> int:
    return sum(thread.name == "micdrop-agent" for thread in threading.enumerate())


@pytest.fixture(autouse=True)
async def no_thread_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until those of earlier tests have ended, and let those of this one end soon."""
    monkeypatch.setattr(workers, "_IDLE_S", 0.2)
    await until(lambda: threads() == 0)


async def ran_in(worker: Worker) -> int:
    return await worker.run(threading.get_ident)


async def test_the_functions_of_a_worker_run_in_one_thread_in_order() -> None:
    worker, called = Worker(), list[int]()
    for number in range(100):
        worker.call(called.append, number)
    assert await ran_in(worker) == await ran_in(worker) != threading.get_ident()
    assert called == list(range(100))
    worker.finish()


async def test_a_thread_serves_one_worker_after_the_other_and_never_two() -> None:
    first, second = Worker(), Worker()
    one, two = await ran_in(first), await ran_in(second)
    assert one != two
    first.finish()
    await until(lambda: workers._Thread._idle)
    third = Worker()
    assert await ran_in(third) == one
    assert threads() == 2
    second.finish()
    third.finish()


async def test_a_thread_whose_function_hangs_is_left_to_it() -> None:
    release = threading.Event()
    worker = Worker()
    hanging = asyncio.ensure_future(worker.run(release.wait, 30))
    await asyncio.sleep(0)
    worker.finish()
    other = Worker()
    assert await ran_in(other) != threading.get_ident()
    other.finish()
    release.set()
    assert await hanging is True


async def test_a_thread_ends_when_nobody_wants_it_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_IDLE_S", 0.01)
    worker = Worker()
    await ran_in(worker)
    worker.finish()
    await until(lambda: threads() == 0)
    assert workers._Thread._idle == []
    assert workers._Thread._count == 0


async def test_threads_that_are_wanted_just_as_they_end_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_IDLE_S", 1e-6)

    async def use(number: int) -> int:
        worker = Worker()
        try:
            return await worker.run(lambda: number)
        finally:
            worker.finish()

    for _ in range(100):
        assert await asyncio.gather(*map(use, range(10))) == list(range(10))
    await until(lambda: threads() == 0)
    assert workers._Thread._count == 0


async def test_too_many_blocked_functions_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_MAX_THREADS", 2)
    held = [Worker(), Worker()]
    with pytest.raises(RuntimeError, match="2 functions of this program's agents block, and none returns"):
        Worker()
    for worker in held:
        worker.finish()
    await until(lambda: workers._Thread._count == 0)
    Worker().finish()


@pytest.mark.parametrize("error", [ValueError("no"), StopIteration(), SystemExit(1), KeyboardInterrupt()])
async def test_what_a_function_raises_reaches_who_waits_and_the_thread_goes_on(error: BaseException) -> None:
    def fail() -> Iterator[None]:
        raise error

    worker = Worker()
    with pytest.raises(ValueError if isinstance(error, ValueError) else RuntimeError):
        await worker.run(fail)
    assert await worker.run(lambda: 1) == 1
    worker.finish()
