"""What is heard: interruption, disabled interruption, pause and mute on a real socket, and the end that is awaited."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.devices import Microphone
from micdrop_widget.server import ServerCall
from micdrop_widget.vad import Status
from tests.harness.callers import LoudVAD, Mic, loud, ready_client, turns_over, utterances
from tests.harness.leaks import our_tasks, until
from tests.harness.servers import Received, hold, message, received_by, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")

LONG = loud(160)
"""Five seconds of the assistant's voice."""


class Talking:
    """A server that speaks for five seconds as soon as the call is ready, then says more when asked to."""

    def __init__(self, answer: Pcm = LONG) -> None:
        self.answer = answer
        self.frames: Received = []
        self.connection: ServerConnection | None = None
        self.close_code: int | None = None

    async def __call__(self, connection: ServerConnection) -> None:
        self.connection = connection
        await connection.send(message("assistant", "Hello"))
        await connection.send(pcm_to_bytes(self.answer))
        await received_by(connection, self.frames)
        self.close_code = connection.close_code

    async def say(self, *frames: str | bytes) -> None:
        """Send more, and return when the client has received it."""
        assert self.connection is not None
        for frame in frames:
            await self.connection.send(frame)
        await (await self.connection.ping())


# Interruption


async def test_an_interruption_silences_the_assistant_at_once_and_late_audio_is_not_heard() -> None:
    server, speaker = Talking(), VirtualSpeaker(keep=True)
    async with scripted(server) as url:
        call, mic, events = ready_client(url, sink=speaker)
        async with call:
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=5)
            mic.say(loud(3))
            state = await call.until(isUserSpeaking=True, timeout=5)
            assert not state.isAssistantSpeaking, "in the same step"
            heard = len(speaker.heard)
            assert 0 < heard < len(LONG)
            await server.say(pcm_to_bytes(loud(10)), message("assistant", "too late"))
            await until(lambda: len(call.state.conversation) == 2)
            assert len(speaker.heard) == heard
            assert events.course("isAssistantSpeaking") == [False, True, False]
            await until(lambda: "StartSpeaking" in server.frames)


async def test_an_answer_after_an_interruption_is_heard_whole() -> None:
    speaker = VirtualSpeaker(keep=True)

    async def respond(call: ServerCall, utterance: Pcm) -> None:
        if len(utterance) > len(turns_over(3)):
            await call.send_audio(loud(4))
            return
        try:
            await call.send_audio(LONG)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await call.send_message("assistant", "cancelled")
            raise

    async with MicdropServer(respond) as server:
        call, mic, _ = ready_client(server.url, sink=speaker)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await call.until(isAssistantSpeaking=True, timeout=5)
            mic.say(loud(5))
            await call.until(isUserSpeaking=True, timeout=5)
            cut = len(speaker.heard)
            await until(lambda: call.state.conversation[-1].content == "cancelled")  # type: ignore[union-attr]
            mic.say(turns_over(5))
            await call.until(isAssistantSpeaking=True, timeout=5)
            await call.until(isAssistantSpeaking=False, timeout=5)
            assert pcm_to_bytes(speaker.heard[cut:]) == pcm_to_bytes(loud(4))
            assert [turn.interrupted for turn in call.turns] == [True, False]


async def test_with_interruption_disabled_what_is_said_into_the_answer_is_thrown_away() -> None:
    server = Talking(loud(10))
    async with scripted(server) as url:
        call, mic, events = ready_client(url, disable_interruption=True)
        async with call:
            await call.start()
            state = await call.until(isAssistantSpeaking=True, timeout=5)
            assert state.isMicMuted
            mic.say(loud(20))
            await call.until(isAssistantSpeaking=False, timeout=5)
            await call.until(isMicMuted=False, timeout=5)
            mic.say(turns_over(2))
            await until(lambda: "StopSpeaking" in server.frames)
            assert [len(sent) for sent in utterances(server.frames)] == [len(pcm_to_bytes(turns_over(2)))]
        assert events.course("isUserSpeaking") == [False, True, False]


async def test_a_microphone_without_echo_cancellation_disables_interruption() -> None:
    class Open(Mic):
        async def open(self, device_id: str | None) -> Microphone:
            await super().open(device_id)
            return Microphone(device_id, echo_cancellation=False)

    server = Talking(loud(5))
    async with scripted(server) as url:
        call, _, _ = ready_client(url, source=Open())
        async with call:
            await call.start()
            state = await call.until(isAssistantSpeaking=True, timeout=5)
            assert state.isMicMuted


class Unsure(LoudVAD):
    """A detector that never becomes sure."""

    def update(self, window: NDArray[np.float32]) -> Status:
        return min(super().update(window), Status.MAYBE_SPEAKING)


async def test_mere_suspicion_sends_nothing_and_silences_nobody() -> None:
    server = Talking(loud(10))
    async with scripted(server) as url:
        call, mic, events = ready_client(url, vad=Unsure())
        async with call:
            await call.start()
            await call.until(isAssistantSpeaking=True, timeout=5)
            mic.say(turns_over(5))
            await server.say(message("system", "meanwhile"))
            await until(lambda: len(call.state.conversation) == 2)
            assert call.state.isAssistantSpeaking
            await call.until(isAssistantSpeaking=False, timeout=5)
        assert server.frames == []
        assert events.course("isUserSpeaking") == [False]


# Pause and mute


async def test_pause_ends_the_utterance_then_says_so_and_drops_what_comes() -> None:
    server, speaker = Talking(), VirtualSpeaker(keep=True)
    async with scripted(server) as url:
        call, mic, _ = ready_client(url, sink=speaker)
        async with call:
            await call.start()
            mic.say(loud(3))
            await call.until(isUserSpeaking=True, timeout=5)
            await call.pause()
            heard = len(speaker.heard)
            await server.say(pcm_to_bytes(loud(5)), message("user", "still listed"))
            await until(lambda: len(call.state.conversation) == 2)
            assert len(speaker.heard) == heard
            assert not call.state.isProcessing
            mic.say(loud(3))
            await call.resume()
            assert server.frames[-2:] == ["StopSpeaking", "Mute"]
            mic.say(turns_over(2))
            await until(lambda: server.frames.count("StopSpeaking") == 2)
            assert server.frames.count("Mute") == 1, "resume sends nothing"


async def test_mute_ends_the_utterance_and_answers_go_on_playing() -> None:
    server, speaker = Talking(), VirtualSpeaker(keep=True)
    async with scripted(server) as url:
        call, mic, _ = ready_client(url, sink=speaker)
        async with call:
            await call.start()
            mic.say(loud(3))
            await call.until(isUserSpeaking=True, timeout=5)
            await call.mute()
            await until(lambda: "StopSpeaking" in server.frames)
            assert "Mute" not in server.frames
            await server.say(pcm_to_bytes(loud(3)))
            await call.until(isAssistantSpeaking=True, timeout=5)
            mic.say(loud(5))
            await call.until(isAssistantSpeaking=False, timeout=5)
            assert [len(sent) for sent in utterances(server.frames)] == [len(pcm_to_bytes(loud(3)))]


# The end that is awaited


async def test_a_graceful_stop_releases_the_microphone_now_and_hears_the_assistant_out() -> None:
    server, speaker = Talking(loud(20)), VirtualSpeaker(keep=True)
    async with scripted(server) as url:
        call, mic, events = ready_client(url, sink=speaker)
        await call.start()
        await call.until(isAssistantSpeaking=True, timeout=5)
        stopping = asyncio.ensure_future(call.stop(graceful=True))
        state = await call.until(isMicStarted=False, timeout=5)
        assert state.isStarted
        assert state.isAssistantSpeaking
        await until(lambda: mic.closed)
        assert not stopping.done()
        await asyncio.wait_for(stopping, 5)
        assert pcm_to_bytes(speaker.heard) == pcm_to_bytes(loud(20))
        await until(lambda: server.close_code == 1000)
        assert our_tasks() == []
        assert events.errors == []


async def test_a_graceful_stop_without_an_answer_ends_at_once() -> None:
    async with MicdropServer() as server:
        call, _, _ = ready_client(server.url)
        await call.start()
        await call.until(isProcessing=False, timeout=5)
        await asyncio.wait_for(call.stop(graceful=True), 3)
        assert not call.state.isStarted


async def test_a_plain_stop_cuts_a_graceful_one_short() -> None:
    server, speaker = Talking(), VirtualSpeaker(keep=True)
    async with scripted(server) as url:
        call, _, _ = ready_client(url, sink=speaker)
        await call.start()
        await call.until(isAssistantSpeaking=True, timeout=5)
        stopping = asyncio.ensure_future(call.stop(graceful=True))
        await call.until(isMicStarted=False, timeout=5)
        await call.stop()
        await asyncio.wait_for(stopping, 1)
        assert 0 < len(speaker.heard) < len(LONG)


async def test_the_documented_handler_of_end_call_lets_the_goodbye_be_heard() -> None:
    goodbye, speaker = loud(12), VirtualSpeaker(keep=True)
    client_left: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def hang_up(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await connection.recv()
        await connection.send("EndCall")
        await (await connection.ping())  # the client has received the command before the goodbye comes
        await connection.send(message("assistant", "Goodbye"))
        await connection.send(pcm_to_bytes(goodbye))
        await hold(connection)
        client_left.set_result(connection.close_code)

    async with scripted(hang_up) as url:
        call, mic, events = ready_client(url, sink=speaker)
        call.on("EndCall", lambda: call.stop(graceful=True))
        await call.start()
        mic.say(turns_over(3))
        await call.until(isStarted=True, isMicStarted=False, timeout=5)
        await call.until(isStarted=False, timeout=10)
        assert pcm_to_bytes(speaker.heard) == pcm_to_bytes(goodbye)
        assert await asyncio.wait_for(client_left, 5) == 1000
        assert [item.content for item in call.state.conversation if item.role == "assistant"] == ["Goodbye"]
        assert len(events.of("EndCall")) == 1
        assert events.errors == []
        await call.stop()


@pytest.mark.parametrize("close_code", [1000, 1005])
async def test_audio_that_plays_when_the_server_closes_normally_is_heard_to_the_end(close_code: int) -> None:
    answer, speaker = loud(15), VirtualSpeaker(keep=True)

    async def speak(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await connection.send(pcm_to_bytes(answer))
        if close_code == 1000:
            await connection.close()
        else:
            connection.transport.write(b"\x88\x00")
            await connection.wait_closed()

    async with scripted(speak) as url:
        call, mic, events = ready_client(url, sink=speaker)
        await call.start()
        await call.until(isStarted=False, timeout=10)
        assert pcm_to_bytes(speaker.heard) == pcm_to_bytes(answer)
        assert events.errors == []
        assert events.course("isAssistantSpeaking") == [False, True, False]
        await call.stop()
        assert mic.closed == 1


async def test_start_during_a_graceful_stop_ends_that_call_and_begins_the_next() -> None:
    server = Talking()
    async with scripted(server) as url:
        call, mic, events = ready_client(url)
        await call.start()
        await call.until(isAssistantSpeaking=True, timeout=5)
        stopping = asyncio.ensure_future(call.stop(graceful=True))
        await call.until(isMicStarted=False, timeout=5)
        await asyncio.wait_for(call.start(), 5)
        await asyncio.wait_for(stopping, 5)
        assert call.state.isStarted
        assert mic.opened == 2
        assert events.errors == []
        await call.stop()


async def test_a_short_tail_of_speech_never_becomes_a_frame_the_server_would_take_for_a_command() -> None:
    """A source that ends in mid-window: the last frame is filled up with silence."""
    frames: list[Any] = []
    async with MicdropServer(on_frame=lambda _, frame: frames.append(frame)) as server:
        call, mic, _ = ready_client(server.url)
        async with call:
            await call.start()
            mic.say(loud(3)[:-509])  # three samples into the third window
            mic.end()
            await call.until(isMicStarted=False, timeout=5)
            await until(lambda: "StopSpeaking" in frames)
            (sent,) = utterances(frames)
            assert sent == pcm_to_bytes(loud(3)[:-509]) + bytes(2 * 509)
