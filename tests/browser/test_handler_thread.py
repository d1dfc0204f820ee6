"""Where the user's handlers run: in order, under their cells, and where nothing else waits for them."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Generator
from contextvars import ContextVar
from typing import Any

import pytest

from micdrop_widget.browser.handler_thread import HandlerThread
from micdrop_widget.browser.waiting_calls import HandlerCall, HandlerLimits, UserHandler

CELL: ContextVar[str] = ContextVar("cell", default="none")


@pytest.fixture
def handlers() -> Generator[HandlerThread]:
    running = HandlerThread("handlers-test", HandlerLimits(behind_s=60))
    yield running
    running.stop()
    assert "handlers-test" not in [thread.name for thread in threading.enumerate()]


def call(handler: UserHandler, *arguments: object) -> HandlerCall:
    return HandlerCall(handler, "Message", arguments)


def registered(handler: Any, cell: str) -> UserHandler:
    """Register a handler in a cell."""
    before = CELL.set(cell)
    wrapped = UserHandler(handler)
    CELL.reset(before)
    return wrapped


def test_handlers_run_in_order_on_the_thread_in_the_context_of_their_cells(handlers: HandlerThread) -> None:
    seen: list[tuple[int, str, str]] = []
    wrapped = [
        registered(lambda n: seen.append((n, CELL.get(), threading.current_thread().name)), f"cell {number}")
        for number in range(3)
    ]
    for number in range(30):
        handlers.call(call(wrapped[number % 3], number))
    handlers.stop()
    assert seen == [(number, f"cell {number % 3}", "handlers-test") for number in range(30)]


def test_a_handler_that_raises_shows_its_traceback_and_harms_nobody(
    handlers: HandlerThread, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []
    handlers.call(call(UserHandler(lambda: 1 / 0)))
    handlers.call(call(UserHandler(seen.append), 7))
    handlers.stop()
    assert seen == [7]
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert caplog.messages == ["a handler failed"]


async def test_async_handlers_run_in_order_to_their_ends_on_the_loop_that_registered_them(
    handlers: HandlerThread,
) -> None:
    seen: list[object] = []
    ran = asyncio.Event()
    lock = asyncio.Lock()  # of this loop

    async def handle(number: int) -> None:
        async with lock:
            seen.append((number, asyncio.get_running_loop(), CELL.get()))
            await asyncio.sleep(0)
            seen.append(number)
        if number == 2:
            ran.set()

    handler = registered(handle, "cell")
    for number in range(3):
        handlers.call(call(handler, number))
    await ran.wait()
    here = asyncio.get_running_loop()
    assert seen == [(0, here, "cell"), 0, (1, here, "cell"), 1, (2, here, "cell"), 2]


async def test_an_async_handler_that_raises_harms_nobody(
    handlers: HandlerThread, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    ran = asyncio.Event()

    async def handle(number: int) -> None:
        if number == 0:
            raise KeyError("of the user's")
        if number == 1:
            raise asyncio.CancelledError
        ran.set()

    handler = UserHandler(handle)
    for number in range(3):
        handlers.call(call(handler, number))
    await ran.wait()
    assert 'KeyError: "of the user\'s"' in capsys.readouterr().err
    assert caplog.messages == ["a handler failed"]


class AsyncObject:
    """Something that is called like an async function."""

    def __init__(self, ran: asyncio.Event) -> None:
        self._ran = ran

    async def __call__(self) -> None:
        assert threading.current_thread() is threading.main_thread()
        self._ran.set()


def as_it_is(handler: Any) -> Any:
    return handler


def in_a_function(handler: Any) -> Any:
    return lambda: handler(*())


async def test_whatever_gives_a_coroutine_runs_on_the_loop_that_registered_it(handlers: HandlerThread) -> None:
    for wrap in (as_it_is, functools.partial, in_a_function):
        ran = asyncio.Event()
        handlers.call(call(UserHandler(wrap(AsyncObject(ran)))))
        await asyncio.wait_for(ran.wait(), 10)


async def test_handlers_that_are_not_async_wait_for_none_that_is(handlers: HandlerThread) -> None:
    may_end, ran = asyncio.Event(), asyncio.Event()
    here = asyncio.get_running_loop()

    async def wait() -> None:
        await may_end.wait()
        ran.set()

    handlers.call(call(UserHandler(wait)))
    handlers.call(call(UserHandler(lambda: here.call_soon_threadsafe(may_end.set))))
    await asyncio.wait_for(ran.wait(), 10)


def test_without_a_loop_async_handlers_run_on_the_thread_in_order_with_the_others(handlers: HandlerThread) -> None:
    seen: list[str] = []
    loops: set[asyncio.AbstractEventLoop] = set()
    background: list[asyncio.Task[None]] = []

    async def handle(name: str) -> None:
        background.append(asyncio.create_task(asyncio.sleep(60)))
        await asyncio.sleep(0)
        seen.append(name)
        loops.add(asyncio.get_running_loop())

    handlers.call(call(UserHandler(handle), "first"))
    handlers.call(call(UserHandler(seen.append), "between"))
    handlers.call(call(UserHandler(lambda: handle("second"))))
    handlers.stop()
    assert seen == ["first", "between", "second"]
    (loop,) = loops
    assert loop.is_closed(), "with the thread"
    assert all(task.cancelled() for task in background)


def test_a_handler_that_a_handler_has_registered_runs_where_that_did(handlers: HandlerThread) -> None:
    seen: list[int] = []

    async def inner(number: int) -> None:
        seen.append(number)

    async def outer() -> None:
        handlers.call(call(UserHandler(inner), 7))

    handlers.call(call(UserHandler(outer)))
    handlers.stop()
    assert seen == [7]


def test_a_coroutine_that_is_cancelled_harms_nobody(handlers: HandlerThread) -> None:
    seen: list[int] = []

    async def cancelled() -> None:
        raise asyncio.CancelledError

    handlers.call(call(UserHandler(cancelled)))
    handlers.call(call(UserHandler(seen.append), 1))
    handlers.stop()
    assert seen == [1]


def test_a_handler_whose_loop_was_closed_runs_on_the_thread(handlers: HandlerThread) -> None:
    seen: list[int] = []

    async def handle(number: int) -> None:
        seen.append(number)

    async def register() -> tuple[UserHandler, UserHandler]:
        return UserHandler(handle), UserHandler(lambda number, then=handle: then(number))

    handler, plain = asyncio.run(register())
    for number in range(3):
        handlers.call(call(handler, number))
    handlers.call(call(plain, 3))
    handlers.stop()
    assert seen == [0, 1, 2, 3]


def test_what_waits_for_a_loop_that_is_closed_runs_on_the_thread(handlers: HandlerThread) -> None:
    seen: list[int] = []

    async def handle(number: int) -> None:
        seen.append(number)

    async def register() -> UserHandler:
        return UserHandler(handle)

    loop = asyncio.new_event_loop()
    handler = loop.run_until_complete(register())
    for number in range(3):
        handlers.call(call(handler, number))  # the loop does not run
    loop.close()
    handlers.call(call(handler, 3))
    handlers.stop()
    assert seen == [0, 1, 2, 3]


def test_a_handler_that_hangs_hangs_nobody(handlers: HandlerThread) -> None:
    release = threading.Event()
    handlers.call(call(UserHandler(lambda: release.wait(60))))
    handlers.stop(join_s=0.01)
    release.set()
