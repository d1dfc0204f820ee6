"""What the widget's methods return, and waits for a browser whose messages do not arrive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from micdrop_widget import CallClosedError, CallFuture
from micdrop_widget.browser.future import GuardedEventFuture
from micdrop_widget.browser.handler_thread import HandlerThread
from micdrop_widget.browser.waiting_calls import HandlerCall
from micdrop_widget.call.subscriptions import Subscriptions
from micdrop_widget.jupyter.wait_guard import MainThreadGuard
from tests.harness.leaks import until


class Browser:
    """A browser that is asked for an answer."""

    def __init__(self, *, answers: bool = False, is_own_thread: bool = False, limit_s: float = 0.02) -> None:
        self.asked = 0
        self._answers = answers
        self.wait_guard = MainThreadGuard(self.ping, lambda: is_own_thread, limit_s=limit_s)

    def ping(self) -> None:
        self.asked += 1
        if self._answers:
            self.wait_guard.note_message()


def call_future(future: Future[int], browser: Browser, call: Callable[[HandlerCall], Any] = print) -> CallFuture[int]:
    return CallFuture(future, browser.wait_guard, call)


def done(value: int) -> Future[int]:
    future: Future[int] = Future()
    future.set_result(value)
    return future


def failed(error: Exception) -> Future[int]:
    future: Future[int] = Future()
    future.set_exception(error)
    return future


async def test_an_outcome_that_is_there_is_given_at_once() -> None:
    future = call_future(done(7), Browser())
    assert (await future, future.result(), future.result(timeout=0), future.exception()) == (7, 7, 7, None)
    assert (future.done(), future.cancelled()) == (True, False)


async def test_an_error_is_raised_or_returned() -> None:
    error = KeyError("why")
    future = call_future(failed(error), Browser())
    assert future.exception() is error
    with pytest.raises(KeyError):
        future.result()
    with pytest.raises(KeyError):
        await future


async def test_an_outcome_that_comes_ends_the_wait() -> None:
    outcome: Future[int] = Future()
    browser = Browser(limit_s=60)
    future = call_future(outcome, browser)
    assert repr(future) == "<CallFuture pending: await it, or ignore it>"
    asyncio.get_running_loop().call_soon(outcome.set_result, 7)
    assert await future == 7
    assert browser.asked == 0
    outcome = Future()
    threading.Timer(0.01, outcome.set_result, (8,)).start()
    assert await asyncio.to_thread(call_future(outcome, browser).result) == 8


async def test_cancelling_the_wait_cancels_nothing_else() -> None:
    outcome: Future[int] = Future()
    waiting = asyncio.ensure_future(call_future(outcome, Browser(limit_s=60)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not outcome.cancelled()
    outcome.set_exception(KeyError("nobody looks at it"))


async def test_what_was_given_up_says_that_the_call_was_closed() -> None:
    outcome: Future[int] = Future()
    future = call_future(outcome, Browser(limit_s=60))
    waiting = asyncio.ensure_future(future)
    await asyncio.sleep(0)
    outcome.cancel()
    with pytest.raises(CallClosedError):
        await waiting
    assert future.cancelled()
    for ask in (future.result, future.exception):
        with pytest.raises(CallClosedError):
            ask()


def test_a_timeout_ends_the_wait() -> None:
    with pytest.raises(TimeoutError, match=r"no outcome after 0\.001 s"):
        call_future(Future(), Browser()).result(0.001)


def test_callbacks_are_called_where_handlers_are() -> None:
    handlers = HandlerThread("handlers-test")
    outcome: Future[int] = Future()
    future = call_future(outcome, Browser(), handlers.call)
    seen: list[tuple[int, str]] = []
    for _ in range(2):
        future.add_done_callback(lambda done: seen.append((done.result(), threading.current_thread().name)))
    outcome.set_result(7)
    future.add_done_callback(lambda done: seen.append((done.result() + 1, threading.current_thread().name)))
    handlers.stop()
    assert seen == [(7, "handlers-test"), (7, "handlers-test"), (8, "handlers-test")]


async def test_an_await_on_the_main_thread_ends_where_no_message_arrives() -> None:
    browser = Browser()
    outcome: Future[int] = Future()
    with pytest.raises(TimeoutError, match=r"browser arrived for 0\.02 s.*without await") as caught:
        await call_future(outcome, browser)
    assert browser.asked == 1
    assert "Start in the panel" in str(caught.value)
    assert not outcome.cancelled(), "what was asked for goes on"


async def test_a_browser_that_answers_is_waited_for() -> None:
    browser = Browser(answers=True)
    outcome: Future[int] = Future()
    waiting = asyncio.ensure_future(call_future(outcome, browser))
    await until(lambda: browser.asked)
    outcome.set_result(7)
    assert await waiting == 7


async def test_where_messages_come_on_another_thread_nobody_is_asked() -> None:
    browser = Browser()
    assert browser.wait_guard.may_block_messages
    await asyncio.to_thread(browser.wait_guard.note_message)
    assert not browser.wait_guard.may_block_messages
    outcome: Future[int] = Future()
    threading.Timer(0.05, outcome.set_result, (7,)).start()
    assert call_future(outcome, browser).result() == 7
    assert browser.asked == 0


def test_a_blocking_wait_on_the_main_thread_ends_where_no_message_arrives() -> None:
    browser = Browser()
    for timeout in (None, 60):
        with pytest.raises(TimeoutError, match="message of the browser arrived"):
            call_future(Future(), browser).exception(timeout)
    assert browser.asked == 2


def test_a_browser_that_answers_is_waited_for_until_the_timeout() -> None:
    with pytest.raises(TimeoutError, match=r"no outcome after 0\.03 s"):
        call_future(Future(), Browser(answers=True)).result(0.03)


def test_a_thread_that_carries_the_call_is_not_blocked() -> None:
    browser = Browser(is_own_thread=True)
    assert call_future(done(7), browser).result() == 7
    for ask in (call_future(Future(), browser).result, call_future(Future(), browser).exception):
        with pytest.raises(RuntimeError, match="would wait for ever"):
            ask()


def event_future(
    subscriptions: Subscriptions, browser: Browser, timeout_s: float | None = None
) -> GuardedEventFuture[int]:
    future: GuardedEventFuture[int] = GuardedEventFuture(
        subscriptions.add("Message"), lambda value: value > 1, timeout_s=timeout_s, missing=lambda: "none has come"
    )
    future.wait_guard = browser.wait_guard
    return future


async def test_an_event_that_comes_ends_the_wait_for_it() -> None:
    subscriptions = Subscriptions()
    future = event_future(subscriptions, Browser(limit_s=60))
    asyncio.get_running_loop().call_soon(subscriptions.publish, "Message", 2)
    assert await future == 2
    later = event_future(subscriptions, Browser(limit_s=60))
    threading.Timer(0.01, subscriptions.publish, ("Message", 3)).start()
    assert await asyncio.to_thread(later.result) == 3
    at_last = event_future(subscriptions, Browser(limit_s=60))
    threading.Timer(0.01, subscriptions.publish, ("Message", 4)).start()
    assert at_last.result() == 4


async def test_an_event_is_not_waited_for_where_no_message_arrives() -> None:
    with pytest.raises(TimeoutError, match="message of the browser arrived"):
        await event_future(Subscriptions(), Browser())
    with pytest.raises(TimeoutError, match="message of the browser arrived"):
        event_future(Subscriptions(), Browser()).result()


async def test_an_event_that_does_not_come_in_time_says_what_has_not_come() -> None:
    with pytest.raises(TimeoutError, match=r"after 0\.01 s none has come"):
        await event_future(Subscriptions(), Browser(limit_s=60), timeout_s=0.01)
    with pytest.raises(TimeoutError, match=r"after 0\.01 s none has come"):
        event_future(Subscriptions(), Browser(limit_s=60), timeout_s=0.01).result()
    with pytest.raises(TimeoutError, match=r"after 0\.05 s none has come"):
        event_future(Subscriptions(), Browser(answers=True, limit_s=0.02)).result(0.05)
