"""Waiting for what happens in a call, and the end of waiting: `wait_for`, `events`, `until`, `close`, `with`."""

from __future__ import annotations

import asyncio

import pytest

from micdrop_widget import CallClosedError, MicdropClient, MicdropErrorCode, TextMessage
from tests.harness.callers import ready_client
from tests.harness.servers import answering_with, closed_port, hold, message, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")

SAID = (message("user", "Hi"), 'ToolCall {"name":"search","parameters":1}', 'ToolCall {"name":"book"}')


async def test_an_event_is_waited_for_by_its_fields_and_by_a_predicate() -> None:
    async with scripted(answering_with(*SAID, message("assistant", "Hello"), "EndCall")) as url:
        call, _, _ = ready_client(url)
        user, assistant = call.wait_for("Message", role="user"), call.wait_for("Message", role="assistant", timeout=10)
        book = call.wait_for("ToolCall", name="book")
        search = call.wait_for("ToolCall", lambda tool: tool.parameters == 1)
        end = call.wait_for("EndCall")
        async with call:
            await call.start()
            assert [await user, await assistant] == [TextMessage("user", "Hi"), TextMessage("assistant", "Hello")]
            assert ((await book).name, (await search).name, await end) == ("book", "search", None)  # type: ignore[func-returns-value]


async def test_the_events_of_a_call_are_iterated_over_until_it_is_closed() -> None:
    async with scripted(answering_with(message("system", "Be kind"), message("user", "Hi"), "EndCall")) as url:
        call, _, _ = ready_client(url)
        items, users = call.events("Message"), call.events("Message", role="user")
        states = call.events("StateChange", lambda state: state.isStarted)
        user = call.wait_for("Message", role="user", timeout=10)
        async with call:
            await call.start()
            await user
        assert [item.role async for item in items] == ["system", "user"]
        assert [item.role async for item in users] == ["user"]
        assert (await states.__anext__()).isStarted


async def test_an_error_is_waited_for_by_its_code() -> None:
    call, _, _ = ready_client(f"ws://127.0.0.1:{closed_port()}")
    refused = call.wait_for("Error", code=MicdropErrorCode.Connection, timeout=10)
    starting = asyncio.ensure_future(call.start())
    assert (await refused).code is MicdropErrorCode.Connection
    await asyncio.gather(starting, return_exceptions=True)
    await call.close()


async def test_until_takes_a_predicate_and_fields_at_once() -> None:
    async with scripted(hold) as url:
        call, _, _ = ready_client(url)
        async with call:
            ready = call.until(lambda state: state.isMicStarted, isStarted=True, timeout=10)
            await call.start()
            assert (await ready).isStarted
            with pytest.raises(TimeoutError) as late:
                await call.until(lambda state: state.isPaused, isMuted=True, timeout=0.01)
    assert "expected {'isMuted': True} for which test_until" in str(late.value)
    assert "'isStarted', 'isListening', 'isMicStarted'" in str(late.value)


def nothing(_: object) -> bool:
    return False


async def test_what_cannot_happen_is_refused_at_once() -> None:
    call, _, _ = ready_client(None)
    with pytest.raises(ValueError, match="did you mean 'Message'"):
        call.wait_for("Mesage")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="role=: an event 'EndCall' has none, only 'Message'"):
        call.events("EndCall", role="user")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"wait_for\(\): unknown option 'rolle': did you mean 'role'\?"):
        call.wait_for("Message", rolle="user")  # type: ignore[call-overload]
    with pytest.raises(
        TimeoutError, match="after 0 s no event has come that fits 'Message', role='user' for which nothing is true"
    ):
        await call.wait_for("Message", nothing, role="user", timeout=0)
    await call.close()


async def test_a_closed_call_ends_what_waits_and_starts_no_more() -> None:
    async with scripted(hold) as url:
        call, mic, _ = ready_client(url)
        await call.start()
        waiting = asyncio.gather(call.wait_for("EndCall"), call.until(isPaused=True), return_exceptions=True)
        await asyncio.sleep(0)
        await call.close()
        assert [type(outcome) for outcome in await waiting] == [CallClosedError, CallClosedError]
        assert (mic.opened - mic.closed, call.state.isStarted) == (0, False)
        with pytest.raises(CallClosedError, match="make a new one"):
            await call.start()
        with pytest.raises(CallClosedError):
            await call.start_mic()
        await call.close()
        assert call.recording is not None


async def test_with_closes_the_call_and_does_not_start_it() -> None:
    async with scripted(hold) as url:
        for plain in (True, False):
            call, mic, _ = ready_client(url)
            ended: list[MicdropClient] = []
            if plain:
                with call as same:
                    assert (same, call.state.isStarting) == (call, False)
                    await call.start()
                    ended.append(same)
                assert not call.state.isStarted
                await call.close()
            else:
                async with call as same:
                    assert (same, call.state.isStarting) == (call, False)
                    await call.start()
                    ended.append(same)
            assert (ended, mic.opened - mic.closed, call.state.isStarted) == ([call], 0, False)
