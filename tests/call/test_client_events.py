"""Handlers, the server's frames on a real socket, and parts of the user's own that fail in the middle of a call."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from micdrop_widget import MicdropServer
from micdrop_widget.protocol import Classification, TextMessage, ToolCall, ToolCallMessage, ToolResultMessage
from tests.harness.callers import Events, ready_client, turns_over
from tests.harness.leaks import until
from tests.harness.servers import answering_with, message, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")


# Events


async def test_every_frame_of_the_server_becomes_its_event() -> None:
    script = answering_with(
        message("system", "Be kind"),
        message("user", "Hi"),
        'Message {"role":"assistant","content":"","metadata":{"a":[1]}}',
        'Message {"role":"tool_call","toolCallId":"1","toolName":"t","parameters":"{\\"x\\": 1}"}',
        'Message {"role":"tool_result","toolCallId":"1","toolName":"t","output":"2"}',
        'ToolCall {"name":"t","parameters":{"x":1},"output":2}',
        'Classification {"input":"a","result":"b","duration":12.5}',
        'PartialAssistantMessage "Hel"',
        'PartialAssistantMessage "Hello wo"',
        "CancelLastUserMessage",
        "EndCall",
    )
    async with scripted(script) as url:
        call, _, events = ready_client(url)
        async with call:
            await call.start()
            await until(lambda: events.of("EndCall"))
            assert [item for (item,) in events.of("Message")] == [
                TextMessage("system", "Be kind"),
                TextMessage("user", "Hi"),
                TextMessage("assistant", "", {"a": [1]}),
                ToolCallMessage("1", "t", '{"x": 1}'),
                ToolResultMessage("1", "t", "2"),
            ]
            assert events.of("ToolCall") == [(ToolCall("t", {"x": 1}, 2),)]
            assert events.of("Classification") == [(Classification("a", "b", 12.5),)]
            assert events.of("PartialAssistantMessage") == [("Hel",), ("Hello wo",)]
            assert call.state.partialAssistantMessage == "Hello wo"
            assert [item.role for item in call.state.conversation] == [
                "system",
                "assistant",
                "tool_call",
                "tool_result",
            ]
        assert events.errors == []


async def test_unknown_and_malformed_frames_are_logged_once_and_the_call_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = ["Message {", "Message", 'Message {"role":"king","content":""}', "Classification []", "ToolCall 1"]
    script = answering_with("Novelty {}", "Novelty {}", "Novelty 2", *broken, message("user", "still here"))
    async with scripted(script) as url:
        call, _, events = ready_client(url)
        async with call:
            await call.start()
            await until(lambda: call.state.conversation)
            assert call.state.isStarted
        assert events.errors == []
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert sum("Novelty" in warning for warning in warnings) == 1
    assert sum("cannot be read" in warning for warning in warnings) == len(broken)


# Handlers


async def test_a_handler_that_raises_is_logged_and_the_others_and_the_call_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("in the handler")

    async def broken_later(*_: object) -> None:
        await asyncio.sleep(0)
        raise KeyError("in the async handler")

    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        for event in ("StateChange", "Message"):
            call.on(event, broken)
            call.on(event, broken_later)
        events = Events(call)  # after the broken ones
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: len(call.state.conversation) == 3)
            assert len(events.of("Message")) == 3
        await until(lambda: "in the async handler" in caplog.text)
    assert "in the handler" in caplog.text
    assert "Traceback" in caplog.text


async def test_handlers_are_called_in_order_and_an_async_one_may_await_the_call_itself() -> None:
    order: list[str] = []

    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)

        async def leave(item: Any) -> None:
            if item.role == "user":
                await call.stop()
                order.append("stopped")

        call.on("Message", lambda item: order.append(f"first {item.role}"))
        call.on("Message", lambda item: order.append(f"second {item.role}"))
        call.on("Message", leave)
        await call.start()
        mic.say(turns_over(3))
        await until(lambda: "stopped" in order)
        assert order[:4] == ["first assistant", "second assistant", "first user", "second user"]
        assert not call.state.isStarted


async def test_a_handler_may_command_the_call_and_sees_the_state_of_its_event() -> None:
    seen: list[tuple[bool, bool]] = []

    async with MicdropServer() as server:
        call, _, events = ready_client(server.url)

        def mute_at_once(state: Any, previous: Any) -> None:
            assert call.state == state, "the command of a handler takes effect after the step"
            if state.isStarted and not previous.isStarted:
                call.mute()
                seen.append((state.isMuted, call.state.isMuted))

        call.on("StateChange", mute_at_once)
        async with call:
            await call.start()
            assert call.state.isMuted
        assert seen == [(False, False)]
        assert events.course("isMuted") == [False, True]


async def test_off_removes_one_handler_or_all_and_they_survive_the_end_of_a_call() -> None:
    heard: list[str] = []

    def one(_: object) -> None:
        heard.append("one")

    def other(_: object) -> None:
        heard.append("other")

    async with MicdropServer() as server:
        call, _, _ = ready_client(server.url)
        call.on("Message", one)
        call.on("Message", one)
        call.on("Message", other)
        for expected in (["one", "other"], ["one", "other"]):
            heard.clear()
            await call.start()
            await until(lambda: call.state.conversation)
            await call.stop()
            assert heard == expected
        call.off("Message", one)
        heard.clear()
        await call.start()
        await until(lambda: call.state.conversation)
        call.off("Message")
        await call.stop()
        assert heard == ["other"]
        with pytest.raises(ValueError, match="did you mean 'Message'"):
            call.on("Mesage", one)  # type: ignore[call-overload]
