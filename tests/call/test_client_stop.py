"""The end of a call at any moment, what it releases, and waiting for a state."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropServer
from micdrop_widget.audio import pcm_to_bytes
from tests.harness.callers import Mic, loud, quiet, ready_client, utterances
from tests.harness.leaks import our_tasks, timers, until
from tests.harness.servers import Received, hold, received_by, scripted, serve_tcp, silent_after_accept

pytestmark = pytest.mark.usefixtures("clean_loop")


# Stop


async def test_stop_closes_with_1000_and_releases_everything() -> None:
    closed: list[int | None] = []

    async def script(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await hold(connection)
        closed.append(connection.close_code)

    async with scripted(script) as url:
        call, mic, _ = ready_client(url)
        await call.start()
        await until(lambda: len(our_tasks()) == 4)  # microphone, socket, writing, pings; the first ping was answered
        await call.stop()
        assert mic.closed == 1, "stop() returns when the microphone is released"
        await until(lambda: closed)
        assert closed == [1000]
        assert timers() == []
        assert our_tasks() == []


async def test_stop_while_the_user_speaks_ends_the_utterance_first() -> None:
    frames: Received = []

    async def script(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await received_by(connection, frames)

    async with scripted(script) as url:
        call, mic, _ = ready_client(url)
        await call.start()
        mic.say(loud(5))
        await call.until(isUserSpeaking=True, timeout=5)
        await call.stop()
        await until(lambda: "StopSpeaking" in frames)
        assert utterances(frames) == [pcm_to_bytes(loud(5))]


async def test_stop_without_a_call_and_stop_twice_are_no_errors() -> None:
    async with MicdropServer() as server:
        call, mic, events = ready_client(server.url)
        await call.stop()
        await call.stop(graceful=True)
        await call.start()
        await asyncio.gather(call.stop(), call.stop(), call.stop(graceful=True))
        await call.stop()
        assert mic.closed == 1
        assert events.errors == []


class SlowMic(Mic):
    """A microphone whose permission prompt stays open until the test answers it."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = asyncio.Event()

    async def open(self, device_id: str | None) -> Any:
        microphone = await super().open(device_id)
        await self.allowed.wait()
        return microphone


async def test_stop_during_the_permission_prompt_takes_the_request_back() -> None:
    mic = SlowMic()
    call, _, events = ready_client("ws://127.0.0.1:1", source=mic)
    starting = asyncio.ensure_future(call.start())
    await until(lambda: mic.opened)
    await call.stop()
    await asyncio.wait_for(starting, 5)
    assert mic.closed == 1
    assert events.errors == []
    assert not call.state.isStarting


async def test_stop_in_the_same_tick_as_start_opens_no_microphone_for_good() -> None:
    call, mic, events = ready_client("ws://127.0.0.1:1")
    starting = asyncio.ensure_future(call.start())
    stopping = asyncio.ensure_future(call.stop())
    await asyncio.wait_for(asyncio.gather(starting, stopping), 5)
    assert mic.opened == mic.closed
    assert events.errors == []


async def test_stop_while_connecting_gives_the_connection_up() -> None:
    async with serve_tcp(silent_after_accept) as url:
        call, mic, events = ready_client(url)
        starting = asyncio.ensure_future(call.start())
        await call.until(isMicStarted=True, timeout=5)
        await call.stop()
        await asyncio.wait_for(starting, 5)
        assert mic.closed == 1
        assert events.errors == []


async def test_stop_during_the_grace_period_ends_the_start() -> None:
    frames: Received = []
    async with scripted(lambda connection: received_by(connection, frames)) as url:
        call, _, events = ready_client(url, params={"a": 1})
        starting = asyncio.ensure_future(call.start())
        await until(lambda: frames)
        await call.stop()
        await asyncio.wait_for(starting, 5)
        assert events.errors == []
        assert events.course("isStarted") == [False]


async def test_a_cancelled_start_gives_the_call_up() -> None:
    async with serve_tcp(silent_after_accept) as url:
        call, mic, events = ready_client(url)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call.start(), 0.1)
        assert not call.state.isStarting
        assert not call.state.isMicStarted
        await call.stop()
        assert mic.closed == 1
        assert events.errors == []


async def test_a_call_may_be_started_again_after_stop_and_the_conversation_begins_anew() -> None:
    async with MicdropServer(greeting="Hello") as server:
        call, mic, events = ready_client(server.url)
        for times in (1, 2, 3):
            await call.start()
            await until(lambda: call.state.conversation)
            assert len(call.state.conversation) == 1
            await call.stop()
            assert len(call.state.conversation) == 1
            assert (mic.opened, mic.closed) == (times, times)
        assert len(events.of("Message")) == 3


async def test_start_right_after_stop_without_waiting_never_holds_two_microphones() -> None:
    class Counted(Mic):
        most = 0

        async def open(self, device_id: str | None) -> Any:
            self.most = max(self.most, self.opened + 1 - self.closed)
            return await super().open(device_id)

        async def close(self) -> None:
            await asyncio.sleep(0)
            await super().close()

    mic = Counted()
    async with MicdropServer() as server:
        call, _, _ = ready_client(server.url, source=mic)
        for _ in range(5):
            await call.start()
            stopping = asyncio.ensure_future(call.stop())
            await asyncio.sleep(0)
            await call.start()
            await stopping
            await call.stop()
        assert mic.most == 1
        assert mic.opened == mic.closed


async def test_the_context_manager_stops_the_call_also_when_its_body_raises() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)

        async def fail_in_a_call() -> None:
            async with call:
                await call.start()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail_in_a_call()
        assert not call.state.isStarted
        assert mic.closed == 1


# until


async def test_until_returns_the_state_that_was_waited_for_even_if_it_is_over_already() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        async with call:
            await call.start()
            mic.say(np.concatenate([loud(2), quiet(5)]))  # begins and ends within one tick
            state = await call.until(isUserSpeaking=True, timeout=5)
            assert state.isUserSpeaking
            assert not call.state.isUserSpeaking


async def test_until_returns_at_once_when_the_state_is_so_already() -> None:
    call, _, _ = ready_client(None)
    assert await call.until(isStarted=False, isPaused=False) is call.state


async def test_until_that_takes_too_long_says_how_the_state_is_instead() -> None:
    call, _, _ = ready_client(None)
    with pytest.raises(TimeoutError, match=r"after 0\.02 s the state is \{'isStarted': False\}, expected .*True"):
        await call.until(isStarted=True, timeout=0.02)


async def test_until_with_an_unknown_field_names_the_nearest() -> None:
    call, _, _ = ready_client(None)
    with pytest.raises(TypeError, match="did you mean 'isListening'"):
        await call.until(isListenin=True)  # type: ignore[call-arg]
