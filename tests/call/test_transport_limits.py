"""What a connection endures: peers that vanish or read nothing, frames of any size, bursts; what it must never show."""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropError, Reconnect
from micdrop_widget.audio import pcm_to_bytes
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from tests.harness.callers import loud, ready_client
from tests.harness.leaks import until
from tests.harness.servers import (
    PingCounter,
    abort,
    answering_with,
    hold,
    message,
    scripted,
)
from tests.harness.virtual_time import in_virtual_time

pytestmark = pytest.mark.usefixtures("clean_loop")

NEVER = Reconnect(max_attempts=0)
MARKER = "xyzzy-secret"


async def reads_nothing(connection: ServerConnection) -> None:
    """Say that the call is ready, then read nothing any more, not even a ping."""
    await connection.send("SkipAnswer")
    connection.transport.pause_reading()
    await connection.wait_closed()


# A peer that is gone


class DeadPeer:
    """A connection whose peer says that the call is ready, answers so many pings, and then nothing any more."""

    close_code = close_reason = None

    def __init__(self, pongs: int) -> None:
        self.transport = self
        self.pings: list[float] = []
        self._pongs = pongs
        self._frames = ["SkipAnswer"]
        self._aborted = asyncio.Event()

    def abort(self) -> None:
        self._aborted.set()

    async def ping(self) -> asyncio.Future[float]:
        loop = asyncio.get_running_loop()
        pong: asyncio.Future[float] = loop.create_future()
        self.pings.append(loop.time())
        if len(self.pings) <= self._pongs:
            pong.set_result(0.0)
        return pong

    async def send(self, frame: str | bytes) -> None: ...

    async def close(self, code: int = 1000) -> None: ...

    def __aiter__(self) -> DeadPeer:
        return self

    async def __anext__(self) -> str:
        if self._frames:
            return self._frames.pop()
        await self._aborted.wait()
        raise StopAsyncIteration


@in_virtual_time
async def test_a_peer_that_answers_nothing_any_more_is_noticed_within_two_ping_intervals() -> None:
    peer = DeadPeer(pongs=1)

    async def opened(*_: object, **__: object) -> DeadPeer:
        return peer

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr("micdrop_widget.call.transport.open_websocket", opened)
        call, _, events = ready_client("ws://127.0.0.1:1", reconnect=NEVER, ping_interval_s=20)
        await call.start()
        state = await call.until(isStarted=False)
    assert asyncio.get_running_loop().time() == pytest.approx(40)
    assert peer.pings == pytest.approx([0, 20])
    assert state.error is not None
    assert state.error.code.value == "Connection"
    assert len(events.errors) == 1


async def test_a_peer_that_reads_nothing_any_more_is_noticed() -> None:
    async with scripted(reads_nothing) as url:
        call, _, events = ready_client(url, reconnect=NEVER, ping_interval_s=0.3)
        await call.start()
        await call.until(isStarted=False, timeout=10)
        assert [error.code.value for error in events.errors] == ["Connection"]
        await call.stop()


async def test_a_dead_peer_is_noticed_before_it_has_said_anything() -> None:
    async def dead_from_the_start(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await connection.wait_closed()

    async with scripted(dead_from_the_start) as url:
        call, _, events = ready_client(url, reconnect=NEVER, ping_interval_s=0.1)
        with pytest.raises(MicdropError, match="close code 1006"):
            await call.start()
        assert len(events.errors) == 1
        await call.stop()


async def test_a_dead_peer_is_noticed_while_speech_waits_in_front_of_the_ping() -> None:
    async with scripted(reads_nothing, receive_buffer=4096) as url:
        speech = ArraySource(loud(20_000), pace="fast")  # 20 MB: more than any buffer on the way
        call, _, events = ready_client(url, source=speech, reconnect=NEVER, ping_interval_s=0.5)
        await call.start()
        await call.until(isStarted=False, timeout=15)
        assert [error.code.value for error in events.errors] == ["Connection"]
        await call.stop()


async def test_a_server_that_answers_pings_is_kept() -> None:
    async with scripted(answering_with("SkipAnswer"), connection_class=PingCounter) as url:
        call, _, events = ready_client(url, reconnect=NEVER, ping_interval_s=0.02)
        PingCounter.pings = 0
        await call.start()
        await until(lambda: PingCounter.pings >= 10)
        assert call.state.isStarted
        assert events.errors == []
        await call.stop()


async def test_without_a_ping_interval_one_ping_follows_the_servers_first_frame() -> None:
    speak = asyncio.Event()

    early: list[int] = []

    async def script(connection: ServerConnection) -> None:
        await speak.wait()
        await (await connection.ping())  # what the client sent before its answer has come before it
        early.append(PingCounter.pings)
        await connection.send("SkipAnswer")
        await hold(connection)

    async with scripted(script, connection_class=PingCounter) as url:
        call, _, _ = ready_client(url, ping_interval_s=None)
        PingCounter.pings = 0
        async with call:
            starting = asyncio.ensure_future(call.start())
            await call.until(isMicStarted=True, timeout=5)
            speak.set()
            await starting
            await until(lambda: PingCounter.pings == 1)
            assert early == [0], "a refusal would be lost behind it"


async def test_a_server_that_reads_nothing_is_given_up_when_two_minutes_of_speech_wait() -> None:
    async with scripted(reads_nothing, receive_buffer=4096) as url:
        call, mic, events = ready_client(url, reconnect=NEVER, ping_interval_s=None)
        await call.start()

        async def speak() -> None:
            while call.state.isStarted:
                mic.say(loud(50))
                await asyncio.sleep(0)

        await asyncio.wait_for(speak(), 30)
        assert [error.code.value for error in events.errors] == ["Connection"]
        await call.stop()


async def test_stop_cuts_the_line_to_a_server_that_does_not_even_read_the_close_frame() -> None:
    async with scripted(reads_nothing, receive_buffer=4096) as url:
        call, _, events = ready_client(url, source=ArraySource(loud(20_000), pace="fast"), ping_interval_s=None)
        await call.start()
        await call.until(isUserSpeaking=True, timeout=5)
        await asyncio.wait_for(call.stop(), 8)
        assert not call.state.isStarted
        assert events.errors == []


async def test_a_reset_while_the_user_speaks_is_one_error() -> None:
    async def reset(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await connection.recv()
        abort(connection)

    async with scripted(reset) as url:
        call, mic, events = ready_client(url, reconnect=NEVER)
        await call.start()
        mic.say(loud(50))
        state = await call.until(isStarted=False, timeout=5)
        assert [error.code.value for error in events.errors] == ["Connection"]
        assert state.error is events.errors[0]
        await call.stop()


# Frames of any size


@pytest.mark.parametrize("size", [1, 2, 3, 15, 511, 1600, 65_537, 1 << 20, 16 << 20])
async def test_audio_frames_of_any_size_are_heard_whole(size: int) -> None:
    total = max(size, 64) + (max(size, 64) & 1)
    sent = np.arange(total // 2).astype("<i2").tobytes()

    async def script(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        for start in range(0, total, size):
            await connection.send(sent[start : start + size])
        await hold(connection)

    speaker = VirtualSpeaker(pace="fast", keep=True)
    async with scripted(script) as url:
        call, _, _ = ready_client(url, sink=speaker)
        async with call:
            await call.start()
            await until(lambda: 2 * len(speaker.heard) == total)
            assert pcm_to_bytes(speaker.heard) == sent
            await call.until(isAssistantSpeaking=False, timeout=5)


async def test_a_minute_of_audio_in_one_burst_is_heard_whole_and_in_order() -> None:
    minute = np.random.default_rng(1).integers(-9000, 9000, 60 * 16_000).astype(np.int16)
    sent = pcm_to_bytes(minute)

    async def script(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        start = 0
        for number in range(100_000):
            size = 1 + (number * 7919) % 4001  # odd and even
            await connection.send(sent[start : start + size])
            start += size
            if start >= len(sent):
                break
        await connection.send(message("assistant", "that was a minute"))
        await hold(connection)

    speaker = VirtualSpeaker(pace="fast", keep=True)
    async with scripted(script) as url:
        call, _, events = ready_client(url, sink=speaker)
        async with call:
            await call.start()
            await until(lambda: call.state.conversation, 20)
            assert pcm_to_bytes(speaker.heard) == sent
            await call.until(isAssistantSpeaking=False, timeout=5)
            assert events.course("isAssistantSpeaking") == [False, True, False]


async def test_an_odd_byte_of_one_connection_does_not_shift_the_next() -> None:
    connections = 0

    async def script(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await connection.send("SkipAnswer")
        if connections == 1:
            await connection.send(b"\x01\x02\x03")
            await connection.close(1001)
            return
        await connection.send(b"\x04\x05\x06\x07")
        await hold(connection)

    speaker = VirtualSpeaker(pace="fast", keep=True)
    async with scripted(script) as url:
        call, _, _ = ready_client(url, sink=speaker, reconnect={"delay_ms": 1})
        async with call:
            await call.start()
            await until(lambda: len(speaker.heard) >= 3)
            assert pcm_to_bytes(speaker.heard) == b"\x01\x02\x04\x05\x06\x07"


async def test_a_frame_beyond_the_limit_ends_the_connection_not_the_program() -> None:
    async def script(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        with contextlib.suppress(Exception):
            await connection.send(bytes(33 << 20))
        await connection.wait_closed()

    async with scripted(script) as url:
        call, _, events = ready_client(url, reconnect=NEVER)
        await call.start()
        await call.until(isStarted=False, timeout=10)
        assert [error.code.value for error in events.errors] == ["Connection"]
        await call.stop()
