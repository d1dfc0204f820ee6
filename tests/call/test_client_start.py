"""The begin of a call: when it is ready, what is kept until then, and which options hold."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropClient, MicdropError, MicdropServer
from micdrop_widget.audio import pcm_to_bytes
from tests.harness.callers import loud, ready_client, turns_over, utterances
from tests.harness.leaks import until
from tests.harness.servers import Received, answering_with, closed_port, hold, received_by, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")


# Ready


async def test_nothing_is_sent_between_the_params_and_the_ready_signal_and_nothing_is_lost() -> None:
    frames: Received = []
    greet = asyncio.Event()
    connected: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def slow(connection: ServerConnection) -> None:
        reading = asyncio.ensure_future(received_by(connection, frames))
        connected.set_result(connection)
        await greet.wait()
        await connection.send("SkipAnswer")
        await reading

    async with scripted(slow) as url:
        call, mic, _ = ready_client(url, params={"token": "t"})
        starting = asyncio.ensure_future(call.start())
        await call.until(isMicStarted=True, timeout=5)
        speech = turns_over(10)
        mic.say(speech)
        mic.say(speech[:5120])
        connection = await connected
        await until(lambda: frames)
        await call.until(isUserSpeaking=True, timeout=5)
        await (await connection.ping())  # what the client has sent by now comes before its answer to the ping
        assert frames == ['{"token": "t"}']
        assert not call.state.isStarted
        assert call.state.isStarting
        greet.set()
        await asyncio.wait_for(starting, 5)
        mic.say(np.concatenate([speech[5120:]]))
        await until(lambda: frames.count("StopSpeaking") == 2)
        assert frames[0] == '{"token": "t"}'
        assert utterances(frames[1:]) == [pcm_to_bytes(speech), pcm_to_bytes(speech)]
        await call.stop()


async def test_a_client_without_params_sends_nothing_before_it_is_ready() -> None:
    frames: Received = []

    async def script(connection: ServerConnection) -> None:
        reading = asyncio.ensure_future(received_by(connection, frames))
        await (await connection.ping())
        assert frames == []
        await connection.send("SkipAnswer")
        await reading

    async with scripted(script) as url:
        call, _, _ = ready_client(url)
        async with call:
            await call.start()
    assert frames == []


async def test_a_server_that_never_speaks_first_is_ready_after_the_grace_period() -> None:
    frames: Received = []
    async with scripted(lambda connection: received_by(connection, frames)) as url:
        call, mic, _ = ready_client(url)
        async with call:
            starting = asyncio.ensure_future(call.start())
            await call.until(isMicStarted=True, timeout=5)
            began = asyncio.get_running_loop().time()
            mic.say(turns_over(2))
            await asyncio.wait_for(starting, 5)
            assert asyncio.get_running_loop().time() - began > 0.9
            await until(lambda: "StopSpeaking" in frames)
            assert utterances(frames) == [pcm_to_bytes(turns_over(2))]


async def test_a_second_start_waits_with_the_first_and_opens_nothing_more() -> None:
    connections = 0

    async def script(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await connection.send("SkipAnswer")
        await hold(connection)

    async with scripted(script) as url:
        call, mic, events = ready_client(url)
        async with call:
            await asyncio.gather(call.start(), call.start())
            await call.start()
            assert call.state.isStarted
        assert (connections, mic.opened, mic.closed) == (1, 1, 1)
        assert events.course("isStarting") == [True, False]


async def test_a_second_start_fails_with_the_first() -> None:
    call, mic, events = ready_client(f"ws://127.0.0.1:{closed_port()}")
    outcomes = await asyncio.gather(call.start(), call.start(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [MicdropError, MicdropError]
    assert len(events.errors) == 1
    assert mic.opened == 1


async def test_a_start_that_failed_raises_even_if_a_handler_starts_again_at_once() -> None:
    async with scripted(answering_with("SkipAnswer")) as url:
        call, _, _ = ready_client(f"ws://127.0.0.1:{closed_port()}")
        call.on("Error", lambda error: call.start(url=url))
        with pytest.raises(MicdropError, match="nothing listens there"):
            await call.start()
        await call.until(isStarted=True, timeout=5)
        await call.stop()


async def test_options_given_to_start_are_put_over_the_others_and_stick() -> None:
    first_frames: Received = []

    async def script(connection: ServerConnection) -> None:
        first_frames.append(await connection.recv())
        await connection.send("SkipAnswer")
        await hold(connection)

    async with scripted(script) as url:
        call, _, _ = ready_client("ws://127.0.0.1:1", params={"a": 1}, disable_interruption=True)
        await call.start(url=url, params={"b": 2})
        await call.stop()
        await call.start()
        await call.stop()
        assert first_frames == ['{"b": 2}', '{"b": 2}']
        assert call.options.disable_interruption
        with pytest.raises(TypeError, match="did you mean 'params'"):
            await call.start(param={})  # type: ignore[call-arg]
        assert not call.state.isStarting


async def test_headers_reach_the_server() -> None:
    seen: list[str | None] = []

    async def script(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers.get("X-Name"))
        await connection.send("SkipAnswer")
        await hold(connection)

    async with scripted(script) as url:
        call, _, _ = ready_client(url, headers={"X-Name": "value"})
        async with call:
            await call.start()
    assert seen == ["value"]


async def test_the_microphone_first_then_the_call_reuses_it() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        await call.start_mic()
        assert call.state.isMicStarted
        assert not call.state.isStarted
        mic.say(loud(2))
        await call.until(isUserSpeaking=True, timeout=5)
        await call.start()
        assert mic.opened == 1
        await call.stop()
        assert mic.closed == 1


async def test_start_mic_again_is_no_error_and_stop_releases_it() -> None:
    call, mic, _ = ready_client(None)
    await call.start_mic()
    await call.start_mic()
    assert (mic.opened, mic.closed) == (1, 0)
    await call.stop()
    assert (mic.opened, mic.closed) == (1, 1)


async def test_a_call_that_is_not_to_be_interrupted_says_so_from_the_beginning_and_so_does_one_with_an_echo() -> None:
    assert MicdropClient(disable_interruption=True).state.isInterruptionDisabled
    async with scripted(hold) as url:
        call, mic, events = ready_client(url)
        mic.echo_cancellation = False
        async with call:
            assert not call.state.isInterruptionDisabled
            await call.start()
            assert call.state.isInterruptionDisabled
            assert events.course("isInterruptionDisabled") == [False, True]
