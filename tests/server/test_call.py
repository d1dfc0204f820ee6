"""The embedded server on the wire: the same framing rules, handshake and close codes as Micdrop's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging

import pytest

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm, pcm_to_bytes
from micdrop_widget.protocol import CancelLastUserMessage
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


async def test_a_text_is_sent_even_to_a_client_that_speaks_at_once() -> None:
    async with MicdropServer(greeting="Hello") as server, caller(server) as connection:
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        assert await connection.recv() == 'Message {"role": "assistant", "content": "Hello"}'
        assert (await answer(connection))[0] == AUDIO


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


async def test_an_answer_that_swallows_its_cancellation_says_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    begun, through = asyncio.Event(), asyncio.Event()

    async def stubborn(call: ServerCall, utterance: Pcm) -> None:
        if len(utterance) > 160:
            await echo(call, utterance)
            return
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await call.send_message("assistant", "what was said until then")
        with contextlib.suppress(asyncio.CancelledError):
            await call.send_audio(loud(1))
        with contextlib.suppress(asyncio.CancelledError):
            await call.skip_answer()
        call.end_call()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1.2)
        with contextlib.suppress(asyncio.CancelledError):
            await call.send_message("assistant", "too late")
        through.set()

    async with MicdropServer(stubborn, greeting=None) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO[:320], "StopSpeaking"):
            await connection.send(frame)
        await asyncio.wait_for(begun.wait(), 5)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        assert "what was said until then" in str(await connection.recv())
        assert (await answer(connection))[0] == AUDIO
        await asyncio.wait_for(through.wait(), 5)
        for frame in ("StartSpeaking", AUDIO[:640], "StopSpeaking"):
            await connection.send(frame)
        audio, texts = await answer(connection)
        assert audio == AUDIO[:640]
        assert len(texts) == 2, "nothing came between"
    assert "goes on although it was interrupted" in caplog.text


# What an answer may be


@pytest.mark.parametrize("returned", ["text", loud(2), None])
async def test_an_answer_without_audio_ends_with_skip_answer(returned: str | Pcm | None) -> None:
    async def respond(call: ServerCall, utterance: Pcm) -> str | Pcm | None:
        return returned

    async with MicdropServer(respond, greeting=None) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        if isinstance(returned, str):
            assert await connection.recv() == 'Message {"role": "assistant", "content": "text"}'
            assert await connection.recv() == "SkipAnswer"
        elif returned is None:
            assert await connection.recv() == "SkipAnswer"
        else:
            assert await connection.recv() == pcm_to_bytes(loud(2))
            server.calls[0].say("next")
            assert "next" in str(await connection.recv()), "no SkipAnswer behind audio"


async def test_end_call_is_sent_behind_the_answer_and_an_interruption_takes_it_back() -> None:
    going = asyncio.Event()

    async def respond(call: ServerCall, utterance: Pcm) -> None:
        call.end_call()
        await call.send_audio(utterance)
        if len(utterance) == 160:
            going.set()
            await asyncio.Event().wait()

    async with MicdropServer(respond, greeting=None) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO[:320], "StopSpeaking"):
            await connection.send(frame)
        assert await connection.recv() == AUDIO[:320]
        await asyncio.wait_for(going.wait(), 5)
        for frame in ("StartSpeaking", AUDIO[:640], "StopSpeaking"):
            await connection.send(frame)
        assert [await connection.recv() for _ in range(2)] == [AUDIO[:640], "EndCall"]
        await server.calls[0].end_call()
        assert await connection.recv() == "EndCall", "at once, when nothing is being said"


async def test_say_waits_until_neither_side_speaks_and_may_be_called_from_any_thread() -> None:
    async with MicdropServer(greeting=None) as server, caller(server) as connection:
        await ready(connection)
        call = server.calls[0]
        await connection.send("StartSpeaking")
        await connection.send(AUDIO)
        await until(lambda: call._utterance)
        for number in range(20):
            await asyncio.to_thread(call.say, f"text {number}")
        await connection.send("StopSpeaking")
        assert (await answer(connection))[0] == AUDIO
        texts = [str(await connection.recv()) for _ in range(32)]
        assert [text.split('"')[-2] for text in texts[::2]] == [f"text {number}" for number in range(4, 20)]
        assert set(texts[1::2]) == {"SkipAnswer"}
        with pytest.raises(TypeError, match="say: expected a text, got int"):
            call.say(1)  # type: ignore[arg-type]
    call.say("to nobody")


async def test_cancel_last_user_message_takes_it_out_of_the_conversation() -> None:
    async def respond(call: ServerCall, utterance: Pcm) -> None:
        await call.send_message("user", "noise")
        await call.send_message("assistant", "what?")
        await call.send(CancelLastUserMessage())
        assert [item.role for item in call.conversation] == ["assistant"]
        await call.send_message("assistant", "as it should be")

    async with MicdropServer(respond, greeting=None) as server, caller(server) as connection:
        await ready(connection)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        _, texts = await answer(connection, 2)
        assert texts[2] == "CancelLastUserMessage"
        server.calls[0].say("next")
        assert "next" in str(await connection.recv()), "no SkipAnswer: the client waits no more"


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
            'Message {"role": "assistant", "content": "Goodbye", "metadata": {"mood": "good"}}',
        ]
        assert [await connection.recv() for _ in range(2)] == ["SkipAnswer", "EndCall"], "behind the goodbye"


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
