"""Handlers on the event loop: at once, in order, and none before its own call for the event before has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

import pytest

from micdrop_widget.call import handler_queue
from micdrop_widget.call.events import Handler, InContext
from micdrop_widget.call.handler_queue import HandlerQueue
from tests.harness import virtual_time

cell: ContextVar[str] = ContextVar("cell", default="none")


async def settle() -> None:
    """Let everything that is ready run."""
    for _ in range(10):
        await asyncio.sleep(0)


def run(test: Coroutine[Any, Any, None]) -> None:
    virtual_time.run(test)


class Queue:
    """A queue with its handlers, and a note of what they did."""

    def __init__(self, *handlers: Handler) -> None:
        self.queue = HandlerQueue()
        self.handlers = tuple(InContext(handler) for handler in handlers)

    def post(self, *arguments: Any, event: str = "Message") -> None:
        self.queue.post(event, self.handlers, arguments)


def test_a_plain_handler_is_called_at_once() -> None:
    async def test() -> None:
        seen: list[int] = []
        queue = Queue(seen.append)
        queue.post(1)
        queue.post(2)
        assert seen == [1, 2]

    run(test())


def test_an_async_handler_is_called_again_when_it_has_ended_and_others_do_not_wait_for_it() -> None:
    async def test() -> None:
        seen: list[str] = []

        async def slow(number: int) -> None:
            seen.append(f"begin {number}")
            await asyncio.sleep(0.5)
            seen.append(f"end {number}")

        queue = Queue(slow, lambda number: seen.append(f"plain {number}"))
        for number in range(3):
            queue.post(number)
        await settle()
        assert seen == ["plain 0", "plain 1", "plain 2", "begin 0"]
        del seen[:]
        await asyncio.sleep(2)
        assert seen == ["end 0", "begin 1", "end 1", "begin 2", "end 2"]

    run(test())


def test_a_handler_that_fails_is_logged_and_called_again(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async def broken(number: int) -> None:
            raise ValueError(number)

        def broken_too(number: int) -> None:
            raise KeyError(number)

        queue = Queue(broken, broken_too)
        queue.post(1)
        queue.post(2)
        await settle()

    run(test())
    failures = [type(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert sorted(failures, key=str) == [KeyError, KeyError, ValueError, ValueError]
    assert {record.getMessage() for record in caplog.records} == {"a handler of Message failed"}


@pytest.mark.parametrize("event", ["PartialAssistantMessage", "Levels"])
def test_what_waits_is_replaced_by_the_next_where_the_latest_counts(event: str) -> None:
    async def test() -> None:
        seen: list[str] = []

        async def slow(text: str) -> None:
            await asyncio.sleep(0.5)
            seen.append(text)

        queue = Queue(slow)
        for text in ("a", "ab", "abc"):
            queue.post(text, event=event)
        queue.post("done")
        await asyncio.sleep(5)
        assert seen == ["a", "abc", "done"]

    run(test())


def test_a_handler_that_does_not_end_is_logged_once_and_keeps_no_more_than_the_latest_events(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        seen: list[int] = []
        may_end = asyncio.Event()

        async def hangs(number: int) -> None:
            await may_end.wait()
            seen.append(number)

        queue = Queue(hangs)
        queue.post(0)
        await asyncio.sleep(1.1)
        for number in range(1, handler_queue._MAX_WAITING + 3):
            queue.post(number)
        may_end.set()
        await asyncio.sleep(60)
        assert seen == [0, *range(3, handler_queue._MAX_WAITING + 3)]

    run(test())
    assert [record.getMessage() for record in caplog.records] == [
        "a handler of Message takes long: 1 events wait for it"
    ]


def test_an_async_handler_runs_in_the_context_it_was_registered_in() -> None:
    async def test() -> None:
        seen: list[str] = []

        async def note() -> None:
            await asyncio.sleep(0)
            seen.append(cell.get())

        cell.set("first")
        queue = Queue(note)
        cell.set("second")
        queue.post()
        await settle()
        assert seen == ["first"]

    run(test())


def test_a_handler_that_was_cancelled_begins_no_other_call() -> None:
    async def test() -> None:
        seen: list[int] = []

        async def cancelled(number: int) -> None:
            seen.append(number)
            raise asyncio.CancelledError

        queue = Queue(cancelled)
        queue.post(1)
        queue.post(2)
        await settle()
        assert seen == [1]
        queue.post(3)
        await settle()
        assert seen == [1, 3]

    run(test())
