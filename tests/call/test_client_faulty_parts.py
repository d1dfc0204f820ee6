"""Loudspeakers, microphones and detectors of the user's own that fail in the middle of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropClient, MicdropError, MicdropServer
from micdrop_widget.audio import Pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.devices import Microphone
from tests.harness.callers import LoudVAD, Mic, loud, ready_client, turns_over, utterances
from tests.harness.leaks import until
from tests.harness.servers import Received, received_by, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")


# Parts of the user's own


class BrokenSpeaker(VirtualSpeaker):
    def play(self, epoch: int, pcm: Pcm) -> None:
        raise OSError("no such loudspeaker")

    def flush(self, epoch: int) -> None:
        raise OSError("no such loudspeaker")


async def test_a_loudspeaker_that_fails_leaves_the_rest_of_the_call_whole(caplog: pytest.LogCaptureFixture) -> None:
    frames: Received = []
    async with MicdropServer(on_frame=lambda _, frame: frames.append(frame)) as server:
        call, mic, events = ready_client(server.url, sink=BrokenSpeaker())
        await call.start()
        mic.say(turns_over(20))
        await until(lambda: len(call.state.conversation) == 3)
        mic.say(turns_over(2))  # an interruption: flush fails too
        await until(lambda: frames.count("StopSpeaking") == 2)
        assert len(utterances(frames)) == 2
        await asyncio.wait_for(call.stop(graceful=True), 10)  # nobody waits for what cannot be heard
        assert not call.state.isStarted
        assert mic.closed == 1
        assert events.course("isMicStarted") == [False, True, False]
    assert caplog.text.count("no such loudspeaker") < 10, "logged, but not with every frame"
    assert "Play failed" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError("unplugged"), None])
async def test_a_microphone_that_ends_leaves_the_call_up(error: Exception | None) -> None:
    async with MicdropServer() as server:
        call, mic, events = ready_client(server.url)
        async with call:
            await call.start()
            mic.say(loud(3))
            await call.until(isUserSpeaking=True, timeout=5)
            mic.end(error)
            state = await call.until(isMicStarted=False, timeout=5)
            assert state.isStarted
            await call.until(isUserSpeaking=False, timeout=5)
            assert mic.closed == 1
            assert [each.code.value for each in events.errors] == (["Mic"] if error else [])
            if error:
                assert "RuntimeError: unplugged" in str(call.state.error)
            await call.start_mic()
            assert call.state.isMicStarted
            assert call.state.error is None


class Faulty(Mic):
    """A microphone that fails at one of its methods."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    async def open(self, device_id: str | None) -> Microphone:
        if self.where == "open":
            self.opened += 1
            raise RuntimeError("cannot open")
        return await super().open(device_id)

    async def close(self) -> None:
        await super().close()
        if self.where == "close":
            raise RuntimeError("cannot close")


async def test_a_source_that_cannot_be_opened_is_a_mic_error_and_is_released() -> None:
    mic = Faulty("open")
    call, _, events = ready_client("ws://127.0.0.1:1", source=mic)
    with pytest.raises(MicdropError, match="RuntimeError: cannot open") as raised:
        await call.start()
    assert raised.value.code.value == "Mic"
    assert len(events.errors) == 1
    await call.stop()
    assert mic.closed == 1


async def test_a_source_that_cannot_be_closed_does_not_hold_the_end_of_the_call_up() -> None:
    async with MicdropServer() as server:
        mic = Faulty("close")
        call, _, _ = ready_client(server.url, source=mic)
        await call.start()
        mic.end()
        await call.until(isMicStarted=False, timeout=5)
        await asyncio.wait_for(call.stop(), 5)
        await call.start()
        await asyncio.wait_for(call.stop(), 5)
        assert mic.closed == 2


class Stuck(Mic):
    """Is never released, until the test lets it be."""

    def __init__(self) -> None:
        super().__init__()
        self.released = asyncio.Event()

    async def close(self) -> None:
        await self.released.wait()
        await super().close()


async def test_a_source_whose_close_hangs_holds_up_neither_the_end_of_the_call_nor_the_next_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with MicdropServer() as server:
        mic = Stuck()
        call, _, _ = ready_client(server.url, source=mic)
        await call.start()
        await asyncio.wait_for(call.stop(), 10)
        assert (call.state.isStarted, call.state.isMicStarted) == (False, False)
        assert caplog.messages[-1] == "the microphone was not released within 2 s; it is waited for no longer"
        with pytest.raises(MicdropError, match="The previous microphone was not released within 2 s"):
            await asyncio.wait_for(call.start(), 10)
        assert mic.opened == 1
        mic.released.set()
        await call.start()
        await call.stop()
        assert (mic.opened, mic.closed) == (2, 2)


class BrokenVAD(LoudVAD):
    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def load(self) -> None:
        if self.where == "load":
            raise RuntimeError("no model")

    def update(self, window: Any) -> Any:
        if self.where == "update":
            raise RuntimeError("bad window")
        return super().update(window)


async def test_a_detector_that_cannot_load_fails_the_start() -> None:
    call, mic, events = ready_client("ws://127.0.0.1:1", vad=BrokenVAD("load"))
    with pytest.raises(MicdropError, match="no model"):
        await call.start()
    assert len(events.errors) == 1
    await call.stop()
    assert mic.closed == 1


async def test_a_detector_that_fails_later_ends_the_microphone_with_an_error() -> None:
    async with MicdropServer() as server:
        call, mic, events = ready_client(server.url, vad=BrokenVAD("update"))
        async with call:
            await call.start()
            mic.say(loud(2))
            state = await call.until(isMicStarted=False, timeout=5)
            assert state.isStarted
            assert [error.code.value for error in events.errors] == ["Mic"]


async def test_a_source_that_gives_something_else_than_int16_says_what_was_expected() -> None:
    async with MicdropServer() as server:
        call, mic, events = ready_client(server.url)
        async with call:
            await call.start()
            mic.say(np.zeros(512, dtype=np.float32))
            await call.until(isMicStarted=False, timeout=5)
            assert "expected int16 samples of shape (n,), got float32" in str(events.errors[0])


async def test_the_frames_of_a_source_are_finished_before_it_is_released() -> None:
    order: list[str] = []

    class Careful(Mic):
        live = False

        async def frames(self) -> AsyncIterator[Pcm]:
            try:
                while True:
                    await asyncio.sleep(0)
                    yield loud(1)
            finally:
                order.append("frames finished")

        async def close(self) -> None:
            await super().close()
            order.append("released")

    async with MicdropServer() as server:
        call = MicdropClient(server.url, source=Careful(), vad=LoudVAD())
        await call.start()
        await call.until(isUserSpeaking=True, timeout=5)
        await call.stop()
        assert order == ["frames finished", "released"]


async def test_a_source_that_is_not_live_waits_for_the_call_and_through_a_reconnect() -> None:
    from micdrop_widget.call.sources import ArraySource

    connections: list[Received] = []

    async def script(connection: ServerConnection) -> None:
        connections.append([])
        await connection.send("SkipAnswer")
        if len(connections) == 1:
            while not connections[0]:
                connections[0].append(await connection.recv())
            connection.transport.abort()
        else:
            await received_by(connection, connections[-1])

    speech = np.concatenate([turns_over(100)] * 10)
    async with scripted(script) as url:
        source = ArraySource(speech, pace="fast")
        call = MicdropClient(url, source=source, vad=LoudVAD(), reconnect={"delay_ms": 200})
        async with call:
            await call.start_mic()
            for _ in range(50):  # turns of the loop in which a source that did not wait would speak
                await asyncio.sleep(0)
            assert not call.state.isUserSpeaking
            await call.start()
            await call.until(isReconnecting=True, timeout=5)
            await call.until(isReconnecting=False, timeout=5)
            await call.until(isMicStarted=False, timeout=10)
            await until(lambda: connections[1][-1:] == ["StopSpeaking"])
            assert len(utterances(connections[1])) >= 5, "most of it was still to come"
