"""Nonsense from the server never raises out of the client and never leaves it stuck."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from websockets.asyncio.server import ServerConnection

from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.protocol import TextMessage
from tests.harness.callers import loud, quiet, ready_client
from tests.harness.leaks import our_tasks, timers, until
from tests.harness.servers import answering_with, hold, message, scripted

NAMES = [
    "Message",
    "CancelLastUserMessage",
    "SkipAnswer",
    "EndCall",
    "ToolCall",
    "PartialAssistantMessage",
    "Classification",
    "Novelty",
]

texts = some.text(some.characters(exclude_categories=["Cs"]), max_size=60)
json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | texts,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
roles = some.sampled_from(["user", "assistant", "system", "tool_call", "tool_result", "king", 5, None])
items = some.fixed_dictionaries(
    {"role": roles},
    optional=dict.fromkeys(("content", "metadata", "toolCallId", "toolName", "parameters", "output"), json_values),
)
commands = some.builds(
    lambda name, payload: f"{name} {payload}",
    some.sampled_from(NAMES),
    texts | json_values.map(str) | some.builds(__import__("json").dumps, json_values | items),
)
frames = some.lists(some.binary(max_size=3000) | texts | some.sampled_from(NAMES) | commands, max_size=12)

quickly = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def run(call: Any) -> None:
    """Run one example on a loop of its own, and fail on whatever the loop had to swallow."""

    async def watched() -> None:
        failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        await call
        assert failures == []
        assert our_tasks() == []
        assert timers() == []

    asyncio.run(watched())


@quickly
@given(frames=frames, speaks=some.booleans())
def test_a_call_survives_any_frames_and_goes_on(frames: list[str | bytes], speaks: bool) -> None:
    async def call_it() -> None:
        script = answering_with("SkipAnswer", *frames, message("system", "still well-formed"))
        async with scripted(script) as url:
            call, mic, events = ready_client(url, sink=VirtualSpeaker(pace="fast"))
            await call.start()
            if speaks:
                mic.say(loud(2))
                mic.say(quiet(2))
            last = TextMessage("system", "still well-formed")
            await until(lambda: call.state.conversation[-1:] == (last,))
            assert call.state.isStarted
            assert events.errors == []
            assert events.states
            await asyncio.wait_for(call.stop(), 5)
            assert mic.closed == 1

    run(call_it())


@quickly
@given(frames=frames)
def test_a_call_becomes_ready_by_any_first_frame(frames: list[str | bytes]) -> None:
    async def call_it() -> None:
        async with scripted(answering_with(*(frames or [""]))) as url:
            call, _, events = ready_client(url, sink=VirtualSpeaker(pace="fast"))
            await asyncio.wait_for(call.start(), 5)
            await asyncio.wait_for(call.stop(), 5)
            assert events.errors == []

    run(call_it())


@quickly
@given(garbage=some.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_websocket_end_in_one_error_or_none(garbage: bytes) -> None:
    async def script(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        connection.transport.write(garbage)
        await asyncio.sleep(0)
        connection.transport.close()
        await hold(connection)

    async def call_it() -> None:
        async with scripted(script) as url:
            call, mic, events = ready_client(url, reconnect={"max_attempts": 0})
            await asyncio.wait_for(call.start(), 5)
            await call.until(isStarted=False, timeout=10)
            assert len(events.errors) <= 1
            await asyncio.wait_for(call.stop(), 5)
            assert mic.closed == 1

    run(call_it())
