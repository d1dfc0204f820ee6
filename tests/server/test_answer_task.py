"""The task of an answer: what ends it, and what it may know of its own end."""

from __future__ import annotations

import asyncio

from micdrop_widget.server.answer_task import AnswerTask


async def test_an_answer_that_ends_is_the_calls_and_is_no_longer_under_way() -> None:
    ends: asyncio.Queue[bool] = asyncio.Queue()
    answer = AnswerTask(ends.put_nowait)
    assert not answer.is_under_way
    answer.start(asyncio.sleep(0), None)
    assert answer.is_under_way
    assert await ends.get() is True
    assert not answer.is_under_way


async def test_an_interrupted_answer_knows_it_and_ends_as_nobodys() -> None:
    ends: asyncio.Queue[bool] = asyncio.Queue()
    seen: list[tuple[bool, bool]] = []
    answer = AnswerTask(ends.put_nowait)

    async def make() -> None:
        seen.append((answer.is_interrupted, answer.is_abandoned))
        try:
            await asyncio.Event().wait()
        finally:
            seen.append((answer.is_interrupted, answer.is_abandoned))

    answer.start(make(), None)
    await asyncio.sleep(0)
    await answer.stop()
    assert not answer.is_under_way
    assert not answer.is_interrupted  # the task that asks is no answer
    assert await ends.get() is False
    assert seen == [(False, False), (True, False)]


async def test_an_answer_that_stops_itself_does_not_wait_for_itself() -> None:
    ends: asyncio.Queue[bool] = asyncio.Queue()
    answer = AnswerTask(ends.put_nowait)
    began_another = asyncio.Event()

    async def another() -> None:
        began_another.set()

    async def make() -> None:
        await answer.stop()
        answer.start(another(), None)

    answer.start(make(), None)
    await began_another.wait()
    assert sorted([await ends.get(), await ends.get()]) == [False, True]
    assert answer.interrupt() is None
