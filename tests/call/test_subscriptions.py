"""Waiting for events: on event loops, in threads, in order, and to the end."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from micdrop_widget import CallClosedError
from micdrop_widget.call import subscriptions
from micdrop_widget.call.subscriptions import EventFuture, EventStream, Subscriptions
from tests.harness import virtual_time


def any_event(_: object) -> bool:
    return True


def future(
    to: Subscriptions,
    matches: Callable[[Any], object] = any_event,
    *,
    timeout_s: float | None = None,
    first: tuple[Any, ...] = (),
) -> EventFuture[Any]:
    return EventFuture(to.add("Message"), matches, timeout_s=timeout_s, missing=lambda: "nothing came", first=first)


def stream(to: Subscriptions, matches: Callable[[Any], object] = any_event) -> EventStream[Any]:
    return EventStream(to.add("Message"), matches)


async def started(work: Awaitable[Any]) -> asyncio.Future[Any]:
    """Return a task that has come to its first wait."""
    task: asyncio.Future[Any] = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_what_comes_between_two_rounds_is_kept_in_order() -> None:
    subscriptions, seen = Subscriptions(), []
    events = stream(subscriptions)
    for number in range(3):
        subscriptions.publish("Message", number)
    async for number in events:
        seen.append(number)
        if number == 2:
            subscriptions.publish("Message", 3)
        if number == 3:
            subscriptions.close()
            subscriptions.publish("Message", 4)
    assert seen == [0, 1, 2, 3]


async def test_each_stream_gets_every_event_of_its_name_since_it_was_made() -> None:
    subscriptions = Subscriptions()
    early = stream(subscriptions)
    subscriptions.publish("Message", 1)
    late = stream(subscriptions)
    subscriptions.publish("Error", 2)
    subscriptions.publish("Message", 3)
    subscriptions.close()
    assert [value async for value in early] == [1, 3]
    assert [value async for value in late] == [3]


async def test_a_stream_leaves_out_what_does_not_fit() -> None:
    subscriptions = Subscriptions()
    events = stream(subscriptions, lambda number: number % 2)
    for number in range(5):
        subscriptions.publish("Message", number)
    events.close()
    assert [number async for number in events] == [1, 3]


async def test_a_wait_that_is_cancelled_loses_no_event() -> None:
    subscriptions = Subscriptions()
    events = stream(subscriptions)
    waiting = await started(events.__anext__())
    waiting.cancel()
    subscriptions.publish("Message", 1)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await events.__anext__() == 1


async def test_a_future_counts_from_when_it_was_asked_for_and_may_be_awaited_again() -> None:
    subscriptions = Subscriptions()
    subscriptions.publish("Message", "before")
    asked = future(subscriptions)
    subscriptions.publish("Message", "first")
    subscriptions.publish("Message", "second")
    assert [await asked, await asked] == ["first", "first"]
    assert repr(asked) == "<EventFuture done>"


async def test_two_who_await_one_future_get_the_same() -> None:
    subscriptions = Subscriptions()
    asked = future(subscriptions, lambda number: number > 1)
    both = await started(asyncio.gather(asked, asked))
    assert (asked.done(), repr(asked)) == (False, "<EventFuture pending>")
    for number in (1, 2, 3):
        subscriptions.publish("Message", number)
    assert await both == [2, 2]


async def test_what_is_there_already_counts_as_the_first_event() -> None:
    subscriptions = Subscriptions()
    asked = future(subscriptions, lambda number: number > 1, first=(1,))
    assert not asked.done()
    subscriptions.publish("Message", 2)
    assert await asked == 2
    assert await future(subscriptions, first=(5,)) == 5


def test_a_future_that_is_not_met_in_time_says_what_is_missing() -> None:
    async def wait() -> tuple[str, float]:
        subscriptions = Subscriptions()
        asked = future(subscriptions, lambda number: number > 1, timeout_s=30)
        subscriptions.publish("Message", 1)
        with pytest.raises(TimeoutError) as late:
            await asked
        return str(late.value), asyncio.get_running_loop().time()

    assert virtual_time.run(wait()) == ("after 30 s nothing came", 30)


def test_a_wait_that_closing_has_ended_is_done() -> None:
    subscriptions = Subscriptions()
    asked = future(subscriptions)
    subscriptions.close()
    assert asked.done()
    with pytest.raises(CallClosedError):
        asked.result()


async def test_closing_ends_every_wait() -> None:
    subscriptions = Subscriptions()
    waiting = await started(asyncio.gather(future(subscriptions)))
    iterating = await started(asyncio.gather(*[stream(subscriptions).__anext__()], return_exceptions=True))
    subscriptions.close()
    subscriptions.close()
    with pytest.raises(CallClosedError, match="this call was closed"):
        await waiting
    assert isinstance((await iterating)[0], StopAsyncIteration)
    with pytest.raises(CallClosedError):
        await future(subscriptions)
    assert [value async for value in stream(subscriptions)] == []


async def test_a_predicate_that_fails_is_an_error_of_who_waits_and_of_nobody_else() -> None:
    subscriptions = Subscriptions()
    asked, other = future(subscriptions, lambda number: 1 / number), future(subscriptions)
    subscriptions.publish("Message", 0)
    with pytest.raises(ZeroDivisionError):
        await asked
    assert await other == 0


async def test_events_come_from_any_thread_and_wake_the_loop_that_waits() -> None:
    subscriptions = Subscriptions()
    asked = await started(asyncio.gather(future(subscriptions)))
    thread = threading.Thread(target=subscriptions.publish, args=("Message", 1))
    thread.start()
    assert await asked == [1]
    thread.join()


def test_a_thread_without_a_loop_takes_the_result() -> None:
    subscriptions = Subscriptions()
    asked = future(subscriptions, lambda number: number > 1)

    def publish() -> None:
        subscriptions.publish("Message", 1)
        subscriptions.publish("Message", 2)

    thread = threading.Thread(target=publish)
    thread.start()
    assert asked.result(timeout=30) == 2
    thread.join()
    with pytest.raises(TimeoutError, match=r"^after 0\.01 s nothing came$"):
        future(subscriptions, timeout_s=0.01).result()
    subscriptions.close()
    with pytest.raises(CallClosedError):
        future(subscriptions).result(timeout=30)


def test_a_loop_that_ended_while_it_waited_harms_nobody() -> None:
    subscriptions = Subscriptions()
    events = stream(subscriptions)
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(events.__anext__())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    subscriptions.publish("Message", 1)
    assert not waiting.done()
    assert asyncio.run(events.__anext__()) == 1


def test_who_is_gone_is_forgotten_and_who_fetches_nothing_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    registered = Subscriptions()
    kept, gone = stream(registered), stream(registered)
    del gone
    gc.collect()
    assert len(registered._inboxes["Message"]) == 1
    for number in range(subscriptions._MAX_KEPT + 5):
        registered.publish("Message", number)
    registered.close()

    async def fetch() -> list[int]:
        return [number async for number in kept]

    assert asyncio.run(fetch()) == list(range(5, subscriptions._MAX_KEPT + 5))
