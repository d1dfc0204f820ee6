"""A call that was ready and lost its connection comes back, or ends with one error."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import Reconnect
from micdrop_widget.audio import pcm_to_bytes
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.protocol import TextMessage
from tests.harness.callers import loud, ready_client, turns_over, utterances
from tests.harness.leaks import our_tasks, timers, until
from tests.harness.servers import Received, abort, hold, message, received_by, scripted, serve_tcp, silent_after_accept

pytestmark = pytest.mark.usefixtures("clean_loop")

SOON = Reconnect(delay_ms=1, max_delay_ms=1)


class Server:
    """Does something else with each connection; the last script serves all that follow."""

    def __init__(self, *scripts: Any) -> None:
        self.scripts = scripts
        self.times: list[float] = []
        self.connections: list[ServerConnection] = []
        self.frames: list[Received] = []

    async def __call__(self, connection: ServerConnection) -> None:
        self.times.append(asyncio.get_running_loop().time())
        self.connections.append(connection)
        self.frames.append([])
        await self.scripts[min(len(self.times), len(self.scripts)) - 1](self, connection)


async def live(server: Server, connection: ServerConnection) -> None:
    await connection.send(message("assistant", "Hello"))
    await received_by(connection, server.frames[-1])


async def cut(_: Server, connection: ServerConnection) -> None:
    abort(connection)


def refuses(code: int) -> Any:
    async def script(_: Server, connection: ServerConnection) -> None:
        await connection.close(code)

    return script


@pytest.mark.parametrize("close_code", [1001, 1002, 1011, 1012, 4000, 4999, None])
async def test_a_lost_call_comes_back(close_code: int | None) -> None:
    server = Server(live)
    async with scripted(server) as url:
        call, mic, events = ready_client(url, params={"a": 1}, reconnect=SOON)
        async with call:
            await call.start()
            if close_code is None:
                abort(server.connections[0])
            else:
                await server.connections[0].close(close_code)
            state = await call.until(isReconnecting=True, timeout=5)
            assert state.isStarted
            assert state.isMicMuted
            assert state.isMicStarted
            assert not state.isListening
            await call.until(isReconnecting=False, isStarted=True, timeout=5)
            mic.say(turns_over(3))
            await until(lambda: "StopSpeaking" in server.frames[1])
            assert server.frames[1][0] == '{"a": 1}', "params are sent again"
            assert utterances(server.frames[1][1:]) == [pcm_to_bytes(turns_over(3))]
        assert events.errors == []
        assert events.course("isStarted") == [False, True, False]
        assert events.course("isReconnecting") == [False, True, False]
        assert (mic.opened, mic.closed) == (1, 1)


@pytest.mark.parametrize(("close_code", "code"), [(4400, "BadRequest"), (4401, "Unauthorized"), (4404, "NotFound")])
async def test_a_refusal_in_a_call_that_was_ready_is_never_tried_again(close_code: int, code: str) -> None:
    server = Server(live)
    async with scripted(server) as url:
        call, _, events = ready_client(url, reconnect=SOON)
        await call.start()
        await server.connections[0].close(close_code)
        await call.until(isStarted=False, timeout=5)
        assert [error.code.value for error in events.errors] == [code]
        assert True not in events.course("isReconnecting")
        await call.stop()
        assert len(server.times) == 1


async def test_a_refusal_while_reconnecting_ends_the_call() -> None:
    server = Server(live, cut, refuses(4401))
    async with scripted(server) as url:
        call, _, events = ready_client(url, reconnect=SOON)
        await call.start()
        abort(server.connections[0])
        await call.until(isStarted=False, timeout=5)
        assert [error.code.value for error in events.errors] == ["Unauthorized"]
        assert len(server.times) == 3
        await call.stop()


async def test_a_server_that_has_gone_is_an_error_after_the_allowed_attempts() -> None:
    server = Server(live)
    call, mic, events = ready_client(None, reconnect=Reconnect(max_attempts=3, delay_ms=1, max_delay_ms=2))
    async with scripted(server) as url:
        await call.start(url=url)
        abort(server.connections[0])
    await call.until(isStarted=False, timeout=5)
    assert [error.code.value for error in events.errors] == ["Connection"]
    assert "nothing listens there" in str(events.errors[0])
    await call.stop()
    assert mic.closed == 1


async def test_the_wait_doubles_with_each_attempt_up_to_the_maximum_and_ends_at_the_limit() -> None:
    server = Server(live, cut)
    async with scripted(server) as url:
        call, _, events = ready_client(url, reconnect=Reconnect(max_attempts=4, delay_ms=40, max_delay_ms=160))
        await call.start()
        abort(server.connections[0])
        await call.until(isStarted=False, timeout=10)
        waits_ms = [(after - before) * 1000 for before, after in pairwise(server.times)]
        assert len(waits_ms) == 4
        for wait_ms, delay_ms in zip(waits_ms, [40, 80, 160, 160], strict=True):
            assert wait_ms >= 0.7 * delay_ms, "at most 30 % are left to chance"
        assert len(events.errors) == 1
        await call.stop()


async def test_success_resets_the_attempts() -> None:
    server = Server(live, cut, live, cut, live)
    async with scripted(server) as url:
        call, _, events = ready_client(url, reconnect=Reconnect(max_attempts=2, delay_ms=1))
        async with call:
            await call.start()
            for lost in (0, 2):
                abort(server.connections[lost])
                await call.until(isReconnecting=True, timeout=5)
                await call.until(isReconnecting=False, timeout=5)
            assert len(server.times) == 5
        assert events.errors == []


async def test_an_attempt_that_is_never_answered_ends_after_the_connection_timeout() -> None:
    server = Server(live)
    reconnect = Reconnect(max_attempts=1, delay_ms=1, connection_timeout_ms=100)
    async with scripted(server) as url, serve_tcp(silent_after_accept) as silent_url:
        call, _, events = ready_client(url, reconnect=reconnect)
        await call.start()
        await call.start(url=silent_url)  # sticks: the next attempt goes there
        abort(server.connections[0])
        await call.until(isStarted=False, timeout=5)
        assert len(events.errors) == 1
        assert "did not answer within 0.1 s" in str(events.errors[0])
        await call.stop()


async def test_the_conversation_goes_on_and_the_same_greeting_is_not_listed_twice() -> None:
    async def greet_and_talk(server: Server, connection: ServerConnection) -> None:
        await connection.send(message("assistant", "Hello"))
        await connection.send(message("user", f"question {len(server.times)}"))
        await hold(connection)

    server = Server(greet_and_talk)
    async with scripted(server) as url:
        call, _, events = ready_client(url, reconnect=SOON)
        async with call:
            await call.start()
            await until(lambda: len(call.state.conversation) == 2)
            abort(server.connections[0])
            await until(lambda: len(call.state.conversation) == 3)
            expected = [
                TextMessage("assistant", "Hello"),
                TextMessage("user", "question 1"),
                TextMessage("user", "question 2"),
            ]
            assert list(call.state.conversation) == expected
            assert [item for (item,) in events.of("Message")] == expected


async def test_another_greeting_after_a_reconnect_is_listed() -> None:
    async def greet(server: Server, connection: ServerConnection) -> None:
        await connection.send(message("assistant", f"Hello, number {len(server.times)}"))
        await hold(connection)

    server = Server(greet)
    async with scripted(server) as url:
        call, _, _ = ready_client(url, reconnect=SOON)
        async with call:
            await call.start()
            abort(server.connections[0])
            await until(lambda: len(call.state.conversation) == 2)


async def test_speech_that_was_open_when_the_connection_went_is_not_continued_on_the_next() -> None:
    server = Server(live)
    async with scripted(server) as url:
        call, mic, events = ready_client(url, reconnect=SOON)
        async with call:
            await call.start()
            mic.say(loud(5))
            await until(lambda: server.frames[0])
            abort(server.connections[0])
            state = await call.until(isReconnecting=True, timeout=5)
            assert not state.isUserSpeaking
            mic.say(loud(5))  # into a dead line: thrown away, not sent late as if it were live
            await call.until(isReconnecting=False, timeout=5)
            await until(lambda: len(server.frames) == 2)
            mic.say(turns_over(2))
            await until(lambda: "StopSpeaking" in server.frames[1])
            sent = utterances(server.frames[1])
            assert len(sent) == 1
            assert sent[0].endswith(pcm_to_bytes(turns_over(2)))
        assert events.errors == []


@pytest.mark.parametrize("moment", ["waiting", "connecting", "greeting"])
async def test_stop_at_any_moment_of_a_reconnect_ends_it(moment: str) -> None:
    reached = asyncio.Event()

    async def never_ready(server: Server, connection: ServerConnection) -> None:
        reached.set()
        await received_by(connection, server.frames[-1])

    async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await silent_after_accept(reader, writer)

    server = Server(live, never_ready)
    delay_ms = 60_000 if moment == "waiting" else 1
    async with scripted(server) as url, serve_tcp(never_answers) as silent_url:
        call, mic, events = ready_client(url, reconnect=Reconnect(delay_ms=delay_ms, max_delay_ms=60_000))
        await call.start()
        if moment == "connecting":
            await call.start(url=silent_url)  # sticks: the next attempt goes there
        abort(server.connections[0])
        await call.until(isReconnecting=True, timeout=5)
        if moment != "waiting":
            await asyncio.wait_for(reached.wait(), 5)
        await asyncio.wait_for(call.stop(), 5)
        assert not call.state.isStarted
        assert not call.state.isReconnecting
        assert our_tasks() == []
        assert timers() == []
        assert events.errors == []
        assert mic.closed == 1


async def test_mute_and_pause_while_reconnecting_hold_afterwards() -> None:
    server = Server(live)
    async with scripted(server) as url:
        call, mic, _ = ready_client(url, reconnect=Reconnect(delay_ms=30))
        async with call:
            await call.start()
            abort(server.connections[0])
            await call.until(isReconnecting=True, timeout=5)
            call.mute()
            await call.until(isReconnecting=False, timeout=5)
            assert call.state.isMuted
            mic.say(turns_over(3))
            call.unmute()
            await until(lambda: not call.state.isMuted)
            assert "StartSpeaking" not in server.frames[1]


async def test_what_is_being_heard_when_the_connection_goes_is_heard_to_the_end() -> None:
    answer = loud(10)

    async def speak(_: Server, connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await connection.send(pcm_to_bytes(answer))
        await connection.close(1001)

    speaker = VirtualSpeaker(keep=True)
    server = Server(speak, live)
    async with scripted(server) as url:
        call, _, _ = ready_client(url, reconnect=SOON, sink=speaker)
        async with call:
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=5)
            await call.until(isAssistantSpeaking=False, timeout=5)
            assert pcm_to_bytes(speaker.heard) == pcm_to_bytes(answer)


async def test_a_late_close_of_the_last_call_does_not_end_the_next() -> None:
    server = Server(live)
    async with scripted(server) as url:
        call, _, events = ready_client(url, reconnect=Reconnect(max_attempts=0))
        await call.start()
        stopping = asyncio.ensure_future(call.stop())
        await asyncio.sleep(0)
        await call.start()
        await stopping
        await until(lambda: server.connections[0].close_code == 1000)
        assert call.state.isStarted
        assert events.errors == []
        await call.stop()
