"""A loop that was blocked is said once per call, with what to do; one that waits is not blocked."""

from __future__ import annotations

import asyncio
import time

import pytest

from micdrop_widget.call.loop_watch import LoopWatch
from tests.harness.callers import ready_client
from tests.harness.servers import hold, scripted
from tests.harness.virtual_time import in_virtual_time

LOGGER = "micdrop_widget.call.loop_watch"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == LOGGER]


async def test_a_client_whose_loop_was_blocked_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted(hold) as url:
        call, _, _ = ready_client(url)
        async with call:
            await call.start()
            time.sleep(1.7)  # noqa: ASYNC251 - what must not be done
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await call.stop()
    assert len(said(caplog)) == 1
    assert "the event loop of the call was blocked for 1." in said(caplog)[0]
    assert "await asyncio.to_thread(…)" in said(caplog)[0]


async def test_it_is_said_once_in_each_call(caplog: pytest.LogCaptureFixture) -> None:
    watch = LoopWatch(every_s=0.01, blocked_s=0.02)
    for calls in (1, 2):
        watch.start()
        for _ in range(2):
            time.sleep(0.06)  # noqa: ASYNC251 - as above
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            watch.start()
        watch.stop()
        assert len(said(caplog)) == calls


@in_virtual_time
async def test_a_loop_that_waits_is_not_blocked() -> None:
    watch = LoopWatch()
    watch.start()
    watch.start()
    await asyncio.sleep(60)
    assert watch._timer is not None
    watch.stop()
    watch.stop()
    assert watch._timer is None


async def test_without_a_call_nothing_is_watched(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted(hold) as url:
        call, _, _ = ready_client(url)
        async with call:
            await call.start()
            await call.stop()
            time.sleep(1.7)  # noqa: ASYNC251 - as above
            await asyncio.sleep(0)
    assert said(caplog) == []
