"""The register of the user's event handlers."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest

from micdrop_widget.call.events import Handlers, InContext

EVENTS = ["StateChange", "Error", "EndCall", "Message", "PartialAssistantMessage", "ToolCall", "Classification"]

cell: contextvars.ContextVar[str] = contextvars.ContextVar("cell", default="none")


class Heard:
    """Notes what it is called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def method(self, *arguments: Any) -> None:
        self.calls.append(arguments)


def emit(handlers: Handlers, event: Any, *arguments: Any) -> None:
    for handler in handlers.of(event):
        handler(*arguments)


@pytest.mark.parametrize("event", EVENTS)
def test_a_handler_is_called_with_the_arguments_of_its_event_and_of_no_other(event: str) -> None:
    handlers, heard = Handlers(), Heard()
    handlers.on(event, heard.method)
    for name in EVENTS:
        emit(handlers, name, name)
    assert heard.calls == [(event,)]


def test_handlers_are_called_in_the_order_they_were_added_and_each_once() -> None:
    handlers = Handlers()
    calls: list[int] = []
    first, second = lambda: calls.append(1), lambda: calls.append(2)
    for handler in (first, second, first):
        handlers.on("EndCall", handler)
    emit(handlers, "EndCall")
    assert calls == [1, 2]


def test_a_bound_method_is_known_again_although_it_is_a_new_object_each_time() -> None:
    handlers, heard, other = Handlers(), Heard(), Heard()
    handlers.on("EndCall", heard.method)
    handlers.on("EndCall", heard.method)
    handlers.on("EndCall", other.method)
    handlers.off("EndCall", heard.method)
    emit(handlers, "EndCall")
    assert (heard.calls, other.calls) == ([], [()])


def test_off_without_a_handler_removes_all_of_the_event_and_a_stranger_is_no_error() -> None:
    handlers, heard = Handlers(), Heard()
    handlers.on("EndCall", heard.method)
    handlers.on("Error", heard.method)
    handlers.off("EndCall", print)
    assert len(handlers.of("EndCall")) == 1
    handlers.off("EndCall")
    handlers.off("EndCall")
    assert (len(handlers.of("EndCall")), len(handlers.of("Error"))) == (0, 1)


def test_a_handler_may_remove_itself_while_it_is_called() -> None:
    handlers = Handlers()
    calls: list[str] = []

    def once() -> None:
        calls.append("once")
        handlers.off("EndCall", once)

    handlers.on("EndCall", once)
    handlers.on("EndCall", lambda: calls.append("always"))
    emit(handlers, "EndCall")
    emit(handlers, "EndCall")
    assert calls == ["once", "always", "always"]


@pytest.mark.parametrize(
    ("event", "hint"),
    [
        ("endcall", "did you mean 'EndCall'?"),
        ("StateChanged", "did you mean 'StateChange'?"),
        ("zzz", "expected one of StateChange, Error, EndCall"),
    ],
)
def test_an_unknown_event_is_refused_with_the_nearest_known_one(event: str, hint: str) -> None:
    handlers = Handlers()
    with pytest.raises(ValueError, match=f"unknown event '{event}'") as refusal:
        handlers.on(event, print)
    assert hint in str(refusal.value)
    with pytest.raises(ValueError, match=f"unknown event '{event}'"):
        handlers.off(event)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match=r"on\('EndCall'\): expected a function, got NoneType"):
        Handlers().on("EndCall", None)  # type: ignore[arg-type]


def test_a_handler_runs_in_the_context_it_was_registered_in() -> None:
    handlers = Handlers()
    seen: list[str] = []
    token = cell.set("cell 1")
    handlers.on("EndCall", lambda: seen.append(cell.get()))
    cell.reset(token)
    emit(handlers, "EndCall")
    assert (seen, cell.get()) == (["cell 1"], "none")


def test_a_handler_may_be_called_while_it_runs_and_returns_what_it_returns() -> None:
    def countdown(n: int) -> int:
        return n if n == 0 else wrapped(n - 1) + 1

    wrapped = InContext(countdown)
    assert wrapped(3) == 3
    assert wrapped == countdown
    assert hash(wrapped) == hash(countdown)


def test_an_event_is_checked_before_anybody_waits_for_it() -> None:
    Handlers().check("Message")
    with pytest.raises(ValueError, match="did you mean 'Message'"):
        Handlers().check("Mesage")
