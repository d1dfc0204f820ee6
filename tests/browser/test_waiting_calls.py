"""The calls of handlers that wait: their order, their bound, and what is said when they are slow."""

from __future__ import annotations

import inspect
import logging
import sys
from contextvars import ContextVar

import pytest

from micdrop_widget.browser.waiting_calls import HandlerCall, HandlerLimits, UserHandler, WaitingCalls


class Clock:
    """Seconds that pass when the test lets them."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def ask_an_llm(text: str) -> None: ...


def call(
    argument: object, event: str = "Message", key: str | None = None, handler: UserHandler | None = None
) -> HandlerCall:
    return HandlerCall(HANDLER if handler is None else handler, event, (argument,), key)


HANDLER = UserHandler(ask_an_llm)


def arguments(queue: WaitingCalls) -> list[object]:
    """Run everything that waits; return what it was called with."""
    ran = []
    while (following := queue.next()) is not None:
        ran.append(following.arguments[0])
    return ran


def test_calls_come_in_order_and_say_when_somebody_has_to_begin() -> None:
    queue = WaitingCalls(HandlerLimits(), Clock())
    assert [queue.put(call(number)) for number in range(3)] == [True, False, False]
    first = queue.next()
    assert first is not None
    assert first.arguments == (0,)
    assert queue.put(call(3)) is False
    assert arguments(queue) == [1, 2, 3]
    assert queue.next() is None
    assert queue.put(call(4)) is True


def test_what_is_superseded_is_kept_while_the_handlers_keep_up() -> None:
    clock = Clock()
    queue = WaitingCalls(HandlerLimits(behind_s=1), clock)
    for number in range(3):
        queue.put(call(number, key="partial"))
        clock.now_s += 0.5
    assert arguments(queue) == [0, 1, 2]


def test_while_the_handlers_are_behind_a_call_stands_for_those_it_supersedes() -> None:
    clock = Clock()
    queue = WaitingCalls(HandlerLimits(behind_s=1), clock)
    queue.put(call("slow"))
    queue.next()
    clock.now_s += 1.1
    other = UserHandler(print)
    for argument, key, handler in [
        *(
            ("He", "partial", None),
            ("Hello", "partial", None),
            ("muted", "isMuted", None),
            ("others", "partial", other),
        ),
        *(("Hello!", None, None), ("How", "partial", None), ("How are", "partial", None)),
    ]:
        queue.put(call(argument, key=key, handler=handler))
    assert arguments(queue) == ["muted", "others", "Hello!", "How are"]


def test_a_merged_call_has_the_arguments_that_its_kind_says() -> None:
    clock = Clock()
    queue = WaitingCalls(HandlerLimits(behind_s=1), clock)
    queue.put(call("slow"))
    queue.next()
    clock.now_s += 2
    for old, new in [(0, 1), (1, 2), (2, 3)]:
        change = HandlerCall(HANDLER, "observe", (old, new), "trait", lambda earlier, later: (earlier[0], later[1]))
        queue.put(change)
    merged = queue.next()
    assert merged is not None
    assert merged.arguments == (0, 3)


def test_a_slow_handler_is_reported_once_and_by_name(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    queue = WaitingCalls(HandlerLimits(behind_s=1), clock)
    queue.put(call("slow"))
    queue.next()
    clock.now_s += 0.9
    queue.put(call(1))
    assert caplog.messages == []
    clock.now_s += 0.5
    queue.put(call(2))
    queue.put(call(3))
    clock.now_s += 5
    queue.next()
    (message,) = caplog.messages
    assert message.startswith("the handler ask_an_llm of Message is slow, and others wait for it (1.4 s)")


def test_a_slow_handler_is_reported_also_where_nothing_more_happens(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    queue = WaitingCalls(HandlerLimits(behind_s=1), clock)
    queue.put(call("slow"))
    queue.next()
    queue.put(call("waits"))
    clock.now_s += 5
    assert arguments(queue) == ["waits"]
    assert len(caplog.messages) == 1


def test_a_handler_that_nobody_waits_for_may_be_slow(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    queue = WaitingCalls(HandlerLimits(behind_s=1), clock)
    queue.put(call("slow"))
    queue.next()
    clock.now_s += 30
    assert arguments(queue) == []
    assert caplog.messages == []


def test_handlers_that_nobody_calls_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    queue = WaitingCalls(HandlerLimits(behind_s=1), clock)
    queue.put(call("first"))
    clock.now_s += 2
    queue.put(call("second"))
    (message,) = caplog.messages
    assert "waits for its event loop, which is busy, for instance with a cell (2.0 s)" in message


def test_over_the_bound_the_oldest_are_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    queue = WaitingCalls(HandlerLimits(waiting=3), Clock())
    queue.put(call("running"))
    queue.next()
    for number in range(5):
        queue.put(call(number, "Message" if number else "ToolCall"))
    assert arguments(queue) == [2, 3, 4]
    assert caplog.messages == [
        "3 calls of handlers wait: from now on the oldest are dropped",
        "the handlers have caught up; dropped were 1 × ToolCall, 1 × Message",
    ]


def test_the_bound_is_reported_anew_when_it_is_reached_anew(caplog: pytest.LogCaptureFixture) -> None:
    queue = WaitingCalls(HandlerLimits(waiting=1), Clock())
    for _ in range(2):
        for number in range(3):
            queue.put(call(number))
        arguments(queue)
    assert len(caplog.messages) == 4


def test_a_coroutine_that_is_dropped_is_closed() -> None:
    async def ask() -> None:
        raise AssertionError("it must not run")

    coroutine = ask()
    queue = WaitingCalls(HandlerLimits(waiting=1), Clock())
    queue.put(HandlerCall(HANDLER, "Message", coroutine=coroutine))
    queue.put(call("next"))
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def test_a_report_is_shown_under_the_cell_that_registered_the_handler(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell: ContextVar[str] = ContextVar("cell")
    shown: list[tuple[str, str]] = []

    class Stream:
        def write(self, text: str) -> None:
            shown.append((cell.get(), text))
            raise OSError("closed")

    cell.set("registered")
    handler = UserHandler(ask_an_llm)
    cell.set("later")
    monkeypatch.setattr(sys, "stderr", Stream())
    with caplog.at_level(logging.DEBUG):
        queue = WaitingCalls(HandlerLimits(waiting=1), Clock())
        queue.put(call(0, handler=handler))
        queue.put(call(1))
    assert [cell for cell, _ in shown] == ["registered"]
    assert shown[0][1].startswith("micdrop-widget: 1 calls of handlers wait")
    assert arguments(queue) == [1], "a stream that is closed harms nobody"
