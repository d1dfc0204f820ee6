"""An event loop whose clock jumps: timers, sockets on the same loop, and worker threads."""

from __future__ import annotations

import asyncio
import time

import pytest
from websockets.asyncio.client import connect

from micdrop_widget.testing import FaultyCall, FaultyServer, in_virtual_time, run_in_virtual_time
from tests.harness.callers import loud, ready_client, turns_over


async def elapsed_s(work: object) -> float:
    began_s = asyncio.get_running_loop().time()
    await work  # type: ignore[misc]
    return asyncio.get_running_loop().time() - began_s


def test_an_hour_of_sleep_takes_no_time_and_is_an_hour() -> None:
    began_s = time.monotonic()
    assert run_in_virtual_time(elapsed_s(asyncio.sleep(3600))) == pytest.approx(3600)
    assert time.monotonic() - began_s < 60


@in_virtual_time
async def test_timers_run_in_the_order_of_their_times() -> None:
    order: list[float] = []

    async def note_after(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        order.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(note_after(delay_s) for delay_s in (5, 1, 3, 0)))
    assert order == [0, 1, 3, 5]


@in_virtual_time
async def test_a_timeout_that_nobody_meets_is_a_timeout() -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 1000)
    assert asyncio.get_running_loop().time() == pytest.approx(1000)


@in_virtual_time
async def test_what_is_sent_on_loopback_arrives_before_the_clock_jumps() -> None:
    async def script(call: FaultyCall) -> None:
        for number in range(200):
            await call.wait(30)
            await call.message("system", str(number))

    loop = asyncio.get_running_loop()
    async with FaultyServer(script) as server, connect(server.url, ping_interval=None) as connection:
        times = []
        for number in range(200):
            assert f'"{number}"' in str(await asyncio.wait_for(connection.recv(), 40))
            times.append(loop.time())
    assert times == pytest.approx([30 * (number + 1) for number in range(200)])


@in_virtual_time
async def test_while_a_thread_works_the_clock_runs_as_every_clock_does() -> None:
    async def give_up() -> None:
        await asyncio.sleep(60)

    waiting = asyncio.ensure_future(give_up())
    await asyncio.to_thread(time.sleep, 0.05)
    assert 0.04 <= asyncio.get_running_loop().time() < 60
    assert not waiting.done()
    await waiting
    assert asyncio.get_running_loop().time() == pytest.approx(60)


@in_virtual_time
async def test_a_whole_call_is_held_in_virtual_time() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.wait(7)
        await call.answer(loud(300))
        await call.message("assistant", "done")

    async with FaultyServer(script) as server:
        call, mic, _ = ready_client(server.url)
        async with call:
            await call.start()
            mic.say(turns_over(10))
            turn = await call.wait_for("Turn", timeout=60)
    assert turn.server_ms == pytest.approx(7000, abs=1)
    assert turn.answer_heard_ms == pytest.approx(300 * 32)
    assert turn.answer_end_ms is not None
    assert turn.heard_ms is not None
    assert turn.answer_end_ms - turn.heard_ms == pytest.approx(9600, abs=110)


def test_what_is_left_running_is_cancelled_at_the_end() -> None:
    cancelled: list[bool] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def main() -> str:
        asyncio.ensure_future(hang()).set_name("hangs")
        await asyncio.sleep(1)
        return "done"

    assert run_in_virtual_time(main()) == "done"
    assert cancelled == [True]
