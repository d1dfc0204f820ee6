"""The embedded server on the wire: the same framing rules, handshake and close codes as Micdrop's."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.server import ServerCall, echo
from tests.harness.callers import loud
from tests.harness.leaks import until
from tests.harness.plain_client import AUDIO, answer, caller, ready

pytestmark = pytest.mark.usefixtures("clean_loop")


# The greeting and the echo


async def test_a_greeting_may_be_an_async_function_that_speaks_and_is_interrupted() -> None:
    cancelled = asyncio.Event()

    async def greet(call: ServerCall) -> None:
        await call.send_message("assistant", "Hello")
        await call.send_audio(loud(2))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with MicdropServer(greeting=greet) as server, caller(server) as connection:
        assert await connection.recv() == 'Message {"role": "assistant", "content": "Hello"}'
        assert await connection.recv() == pcm_to_bytes(loud(2))
        await connection.send("StartSpeaking")
        await asyncio.wait_for(cancelled.wait(), 5)


def test_a_greeting_that_is_neither_text_nor_an_async_function_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="expected a text or an async function"):
        MicdropServer(greeting=lambda call: asyncio.sleep(0))


async def test_a_greeting_and_skip_answer_say_that_the_server_is_ready() -> None:
    async with MicdropServer(greeting="Hello") as server, caller(server) as connection:
        assert await connection.recv() == 'Message {"role": "assistant", "content": "Hello"}'
        assert await connection.recv() == "SkipAnswer"


async def test_without_a_greeting_only_skip_answer_is_sent() -> None:
    async with MicdropServer(greeting=None) as server, caller(server) as connection:
        assert await connection.recv() == "SkipAnswer"


async def test_the_echo_is_the_utterance_between_a_message_of_each_side() -> None:
    async with MicdropServer() as server, caller(server) as connection:
        await ready(connection)
        await connection.send("StartSpeaking")
        for start in range(0, len(AUDIO), 1000):
            await connection.send(AUDIO[start : start + 1000])
        await connection.send("StopSpeaking")
        audio, texts = await answer(connection)
        assert audio == AUDIO
        assert [json.loads(text.partition(" ")[2])["role"] for text in texts] == ["user", "assistant"]


# Framing


@pytest.mark.parametrize("as_bytes", [False, True])
async def test_a_frame_under_15_bytes_is_a_command_and_a_longer_one_is_audio_whatever_its_flag(as_bytes: bool) -> None:
    def flag(command: str) -> str | bytes:
        return command.encode() if as_bytes else command

    async with MicdropServer() as server, caller(server) as connection:
        await ready(connection)
        await connection.send(flag("StartSpeaking"))
        await connection.send(b"\x01\x00" * 7)  # 14 bytes: taken for a command, and lost
        await connection.send(flag("a" * 16))  # 16 bytes of audio, as text or as bytes
        await connection.send(flag("StopSpeaking"))
        audio, _ = await answer(connection)
        assert audio == b"a" * 16


async def test_audio_outside_of_an_utterance_is_ignored() -> None:
    async with MicdropServer() as server, caller(server) as connection:
        await ready(connection)
        await connection.send(AUDIO)
        await connection.send("StartSpeaking")
        await connection.send(AUDIO[:320])
        await connection.send("StopSpeaking")
        await connection.send(AUDIO)
        audio, _ = await answer(connection)
        assert audio == AUDIO[:320]


async def test_an_utterance_of_an_odd_byte_count_loses_its_half_sample() -> None:
    async with MicdropServer() as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO[:321], "StopSpeaking"):
            await connection.send(frame)
        audio, _ = await answer(connection)
        assert audio == AUDIO[:320]


async def test_an_utterance_without_audio_is_answered_with_skip_answer() -> None:
    async with MicdropServer() as server, caller(server) as connection:
        await ready(connection)
        await connection.send("StartSpeaking")
        await connection.send("StopSpeaking")
        assert await asyncio.wait_for(connection.recv(), 5) == "SkipAnswer"


async def test_an_unknown_command_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with MicdropServer() as server, caller(server) as connection:
        await ready(connection)
        await connection.send('{"k":"xyzzy"}')
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        assert (await answer(connection))[0] == AUDIO
    assert "a command of 13 characters" in caplog.text
    records = [record.getMessage() for record in caplog.records if record.name.startswith("micdrop_widget")]
    assert not any("xyzzy" in record for record in records)


# Interruption


class Slow:
    """An answer that begins, and then takes for ever."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = 0

    async def respond(self, call: ServerCall, utterance: Pcm) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.mark.parametrize("command", ["StartSpeaking", "Mute"])
async def test_start_speaking_and_mute_cancel_the_running_answer(command: str) -> None:
    slow = Slow()
    async with MicdropServer(slow.respond) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        await asyncio.wait_for(slow.begun.wait(), 5)
        assert slow.cancelled == 0
        await connection.send(command)
        await until(lambda: slow.cancelled == 1)


async def test_a_client_that_leaves_cancels_the_running_answer() -> None:
    slow = Slow()
    async with MicdropServer(slow.respond) as server:
        async with caller(server) as connection:
            await ready(connection)
            for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
                await connection.send(frame)
            await asyncio.wait_for(slow.begun.wait(), 5)
        await until(lambda: slow.cancelled == 1)


async def test_mute_ends_the_utterance_and_start_speaking_ends_an_open_one() -> None:
    async with MicdropServer() as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO, "Mute", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        for frame in ("StartSpeaking", AUDIO[:320], "StartSpeaking", AUDIO[320:960], "StopSpeaking"):
            await connection.send(frame)
        audio, _ = await answer(connection)
        assert audio.endswith(AUDIO[320:960])
        assert len(audio) <= 960, "of what was muted, nothing is answered"


async def test_an_answer_that_fails_is_skipped_and_the_call_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def once_broken(call: ServerCall, utterance: Pcm) -> None:
        if len(utterance) == 160:
            raise ZeroDivisionError("no model")
        await echo(call, utterance)

    async with MicdropServer(once_broken) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO[:320], "StopSpeaking"):
            await connection.send(frame)
        assert await asyncio.wait_for(connection.recv(), 5) == "SkipAnswer"
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        assert (await answer(connection))[0] == AUDIO
    assert "no model" in caplog.text


async def test_an_on_frame_that_fails_is_logged_and_the_call_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("in on_frame")

    async with MicdropServer(on_frame=broken) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        assert (await answer(connection))[0] == AUDIO
    assert "in on_frame" in caplog.text


async def test_an_answer_may_end_the_call_and_use_every_kind_of_frame() -> None:
    from micdrop_widget.protocol import Classification, PartialAssistantMessage, ToolCall

    async def everything(call: ServerCall, utterance: Pcm) -> None:
        assert call.params is None
        await call.send(PartialAssistantMessage("Good"))
        await call.send(ToolCall("t", {"x": 1}, 2))
        await call.send(Classification("a", "b", 3))
        await call.end_call()
        await call.send_message("assistant", "Goodbye", {"mood": "good"})
        assert [item.role for item in call.conversation] == ["assistant"]

    async with MicdropServer(everything, greeting=None) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        _, texts = await answer(connection)
        assert texts == [
            'PartialAssistantMessage "Good"',
            'ToolCall {"name": "t", "parameters": {"x": 1}, "output": 2}',
            'Classification {"input": "a", "result": "b", "duration": 3}',
            "EndCall",
            'Message {"role": "assistant", "content": "Goodbye", "metadata": {"mood": "good"}}',
        ]


async def test_two_calls_at_once_have_their_own_utterances_and_conversations() -> None:
    async with MicdropServer(greeting=None) as server, caller(server) as one, caller(server) as other:
        await asyncio.gather(ready(one), ready(other))
        await one.send("StartSpeaking")
        await other.send("StartSpeaking")
        await one.send(AUDIO[:640])
        await other.send(AUDIO[640:])
        await one.send("StopSpeaking")
        await other.send("StopSpeaking")
        (first, _), (second, _) = await asyncio.gather(answer(one), answer(other))
        assert (first, second) == (AUDIO[:640], AUDIO[640:])
