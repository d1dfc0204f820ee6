"""Parts of every shape, and what is said of those that have none."""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from micdrop_widget import MicdropServer
from micdrop_widget.agents import CallSettings, Responder, ServerCall, SkipAnswer
from micdrop_widget.audio import Pcm
from micdrop_widget.server.cells import CellContext
from micdrop_widget.server.function import FunctionResponder
from tests.agents.wire import WORDS, hear, say, tone
from tests.harness.leaks import until
from tests.harness.plain_client import caller, ready

pytestmark = pytest.mark.usefixtures("clean_loop")


async def heard_with(**parts: Any) -> list[str]:
    """Return what a client hears of one answer, up to the end of it."""
    until = "assistant" if parts.get("agent") or parts.get("tts") else "SkipAnswer"
    async with MicdropServer(**parts) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        return await hear(connection, until)


# Ears


def plain_ears(utterance: Pcm) -> str:
    assert utterance.dtype == np.int16
    assert np.array_equal(utterance, WORDS)
    return " hello "


async def async_ears(utterance: Pcm) -> str:
    await asyncio.sleep(0)
    return plain_ears(utterance)


class CalledEars:
    def __call__(self, utterance: Pcm) -> str:
        return plain_ears(utterance)


class Stream:
    """Ears that hear as it arrives."""

    def __init__(self) -> None:
        self.pushed: list[Pcm] = []

    def push(self, pcm: Pcm) -> None:
        assert threading.current_thread().name == "micdrop-agent"
        self.pushed.append(pcm)

    def finish(self) -> str:
        text, self.pushed = plain_ears(np.concatenate(self.pushed)), []
        return text


class AsyncStream(Stream):
    async def push(self, pcm: Pcm) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.pushed.append(pcm)

    async def finish(self) -> str:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().finish()


class Opening:
    def open(self) -> Stream:
        return Stream()


@pytest.mark.parametrize(
    "stt",
    [plain_ears, async_ears, CalledEars(), functools.partial(plain_ears), Stream, AsyncStream, Stream(), Opening()],
)
async def test_ears_of_every_shape_take_dictation(stt: Any) -> None:
    assert await heard_with(stt=stt) == ["user: hello", "SkipAnswer"]


async def test_a_stream_receives_audio_while_the_user_speaks() -> None:
    pushed = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Hearing(Stream):
        def push(self, pcm: Pcm) -> None:
            super().push(pcm)
            loop.call_soon_threadsafe(pushed.set)

    async with MicdropServer(stt=Hearing) as server, caller(server) as connection:
        await ready(connection)
        await connection.send("StartSpeaking")
        await connection.send(WORDS.tobytes()[:1601])
        await asyncio.wait_for(pushed.wait(), 5)
        await connection.send(WORDS.tobytes()[1601:])
        await connection.send("StopSpeaking")
        assert await hear(connection, "SkipAnswer") == ["user: hello", "SkipAnswer"]


async def test_a_stream_whose_answer_is_interrupted_before_it_begins_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("micdrop_widget.agents.workers._IDLE_S", 0.01)
    async with MicdropServer(stt=Stream, agent=lambda c: "Yes.") as server, caller(server) as connection:
        await ready(connection)
        for _ in range(5):
            await say(connection)
        await until(lambda: server.calls[0].turns == 5)
        await hear(connection, "assistant")
        await until(lambda: not any(thread.name == "micdrop-agent" for thread in threading.enumerate()))


async def test_one_stream_for_all_calls_receives_one_utterance_after_the_other() -> None:
    stream = Stream()
    async with MicdropServer(stt=stream) as server, caller(server) as one, caller(server) as two:
        await asyncio.gather(ready(one), ready(two))
        for connection in (one, two):
            await connection.send("StartSpeaking")
            await connection.send(WORDS.tobytes()[:1600])
        for connection in (two, one):
            await connection.send(WORDS.tobytes()[1600:])
            await connection.send("StopSpeaking")
        assert await hear(one, "SkipAnswer") == ["user: hello", "SkipAnswer"]
        assert await hear(two, "SkipAnswer") == ["user: hello", "SkipAnswer"]


async def test_a_stream_that_is_shared_is_reset_when_an_utterance_is_dropped() -> None:
    async with MicdropServer(stt=(stream := Stream())) as server, caller(server) as connection:
        stream.reset = stream.pushed.clear  # type: ignore[attr-defined]
        await ready(connection)
        await connection.send("StartSpeaking")
        await connection.send(WORDS.tobytes())
        await connection.send("Mute")
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["user: hello", "SkipAnswer"]


# Minds


def plain_agent(conversation: list[dict[str, Any]]) -> str:
    assert threading.current_thread().name == "micdrop-agent"
    assert conversation == [{"role": "user", "content": "hello"}]
    return "One. Two."


async def async_agent(conversation: list[dict[str, Any]]) -> str:
    await asyncio.sleep(0)
    return "One. Two."


def generator_agent(conversation: list[dict[str, Any]]) -> Iterator[str]:
    yield "One"
    yield ". Two."


async def async_generator_agent(conversation: list[dict[str, Any]]) -> AsyncIterator[str]:
    yield "One"
    await asyncio.sleep(0)
    yield ". Two."


class CalledAgent:
    async def __call__(self, conversation: list[dict[str, Any]]) -> str:
        return "One. Two."


class Remembering:
    def answer(self, conversation: list[dict[str, Any]], call: Any, tools: Any) -> tuple[Any, ...]:
        assert call.turns == 1
        assert tools == []
        return ("One.", " ", "Two.")


@pytest.mark.parametrize(
    "agent",
    [
        plain_agent,
        async_agent,
        generator_agent,
        async_generator_agent,
        CalledAgent(),
        Remembering().answer,
        lambda conversation: iter(["One. ", "Two."]),
        lambda conversation: ["One. ", None, "", "Two."],
        lambda conversation: async_generator_agent(list(conversation)),
        lambda conversation: async_agent(list(conversation)),
        lambda conversation: {"role": "assistant", "content": "One. Two."},
        functools.partial(plain_agent),
    ],
)
async def test_minds_of_every_shape_answer_in_text(agent: Any) -> None:
    assert await heard_with(stt=plain_ears, agent=agent) == ["user: hello", "assistant: One. Two."]


# Voices


def samples(sentence: str) -> Pcm:
    return tone(4000, ord(sentence[0]))


def async_voice(sentence: str) -> Any:
    async def speak() -> Pcm:
        return samples(sentence)

    return speak()


async def async_generator_voice(sentence: str) -> AsyncIterator[Any]:
    for start in range(0, 4000, 1000):
        yield samples(sentence)[start : start + 1000]


def odd_bytes(sentence: str) -> Iterator[bytes]:
    raw = samples(sentence).astype("<i2").tobytes()
    yield raw[:3]
    yield raw[3:4]
    yield raw[4:]


VOICES = [
    samples,
    lambda sentence: (16_000, samples(sentence)),
    lambda sentence: (np.int64(16_000), samples(sentence)),
    lambda sentence: samples(sentence).astype("<i2").tobytes(),
    lambda sentence: (samples(sentence) / 32768).astype(np.float32),
    lambda sentence: [ord(sentence[0]) / 32768] * 4000,
    lambda sentence: [samples(sentence)[:7], None, samples(sentence)[7:]],
    async_voice,
    async_generator_voice,
    odd_bytes,
]


@pytest.mark.parametrize("tts", VOICES)
async def test_voices_of_every_shape_speak_sentence_by_sentence(tts: Any) -> None:
    heard = await heard_with(stt=plain_ears, agent=plain_agent, tts=tts)
    assert heard == ["user: hello", f"audio {ord('O')}", f"audio {ord('T')}", "assistant: One. Two."]


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_voice_at_another_rate_is_resampled_without_a_seam(pieces: int) -> None:
    sine = np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000).astype(np.float32) * 0.5

    def tts(sentence: str) -> Iterator[tuple[int, Any]]:
        for part in np.array_split(sine, pieces):
            yield 24_000, part

    async with MicdropServer(stt=plain_ears, tts=tts) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        audio = b""
        while not isinstance(frame := await connection.recv(), str) or not frame.startswith('Message {"role": "ass'):
            audio += frame if isinstance(frame, bytes) else b""
    pcm = np.frombuffer(audio, dtype="<i2")
    assert 16_000 <= len(pcm) <= 17_000
    expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000) * 0.5 * 32768
    assert np.abs(pcm[1000:15_000] - expected[1000:15_000]).max() < 40


async def test_ears_and_a_voice_are_an_echo_of_words() -> None:
    assert await heard_with(stt=plain_ears, tts=samples) == ["user: hello", f"audio {ord('h')}", "assistant: hello"]


# What is no part


class NoCall:
    pass


async def a_coroutine(conversation: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"stt": 1}, r"stt: expected a function, stt\(utterance\) -> str, a class with push.*; got int"),
        ({"stt": NoCall}, "stt: .*got the class NoCall"),
        ({"stt": NoCall()}, "stt: .*got NoCall"),
        ({"stt": lambda: ""}, r"stt: expected stt\(utterance\), got <lambda>\(\): too many positional"),
        ({"stt": plain_ears, "agent": "hello"}, r"agent: expected a function, agent\(conversation\); got str"),
        ({"stt": plain_ears, "agent": CalledAgent}, "agent: .*got the class CalledAgent: make an object of it"),
        ({"stt": plain_ears, "agent": lambda a, b: ""}, r"agent: expected agent\(conversation\) .*call and tools"),
        ({"stt": plain_ears, "tts": lambda a, *, b: ""}, r"tts: expected tts\(sentence\), got .*missing a required"),
        ({"agent": plain_agent}, "stt: expected ears, since there is an agent or a voice"),
        ({"tts": samples}, "stt: expected ears"),
        ({"tools": [plain_agent]}, "tools: expected an agent"),
        ({"stt": plain_ears, "greeting": 1}, r"greeting: expected a function, greeting\(\); got int"),
        ({"stt": plain_ears, "cut_sentences": 1}, "cut_sentences: expected a function"),
        ({"respond": a_coroutine, "stt": plain_ears}, "either respond or stt, agent and tts"),
    ],
)
def test_a_part_of_a_wrong_shape_is_refused_with_what_was_expected(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        MicdropServer(**parts)


def test_a_coroutine_in_place_of_a_function_is_refused_with_what_to_do() -> None:
    with pytest.raises(TypeError, match="got a coroutine: leave out the parentheses"):
        MicdropServer(stt=plain_ears, agent=a_coroutine(None))  # type: ignore[arg-type]


@pytest.mark.parametrize("ahead", [0, -1])
def test_the_voice_is_a_positive_time_ahead(ahead: float) -> None:
    with pytest.raises(ValueError, match="max_ahead_s: expected a positive number of seconds or None"):
        MicdropServer(stt=plain_ears, max_ahead_s=ahead)


# What is said of what they return


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"stt": lambda utterance: 5}, "stt: expected a text, got int"),
        ({"agent": lambda conversation: 5}, "agent: expected a text, .*; got int"),
        ({"agent": lambda conversation: {"content": 5}}, "agent: expected a text in 'content', got int"),
        ({"agent": lambda conversation: {"tool_calls": [1]}}, "agent: expected tool calls like"),
        ({"tts": lambda sentence: "sound"}, "tts: expected samples at 16 kHz, .*; got str"),
        ({"tts": lambda sentence: (1, 2, 3)}, "tts: expected samples at 16 kHz, .*; got a tuple of 3"),
        ({"tts": lambda sentence: ("16000", tone(5))}, "got the sample rate '16000'"),
        ({"tts": lambda sentence: np.zeros((9, 2))}, r"tts: 2 channels; .* with samples\[:, 0\]"),
        ({"cut_sentences": lambda text, complete: 1 / 0}, "division by zero"),
    ],
)
async def test_what_a_part_returns_is_checked_and_the_call_goes_on(
    parts: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole: dict[str, Any] = {"stt": plain_ears, "agent": plain_agent, **parts}
    async with MicdropServer(**whole) as server, caller(server) as connection:
        await ready(connection)
        for _ in range(2):
            await say(connection)
            assert (await hear(connection, "SkipAnswer"))[-1] == "SkipAnswer"
            server.agent = lambda conversation: "One. Two."  # the first one wants a conversation of one message
    assert re.search(words, caplog.text)


@pytest.mark.parametrize("greeting", [None, SkipAnswer, SkipAnswer()])
async def test_no_greeting_is_skip_answer_at_once(greeting: Any) -> None:
    servers: list[dict[str, Any]] = [{"stt": plain_ears}, {}]
    for parts in servers:
        async with MicdropServer(greeting=greeting, **parts) as server, caller(server) as connection:
            assert await connection.recv() == "SkipAnswer"


# Whole calls


async def async_add(a: int, b: int) -> int:
    """Add."""
    return a + b


class Parrot:
    """Who answers whole calls."""

    def open_call(self, call: ServerCall, before: Responder | None, settings: CallSettings) -> Responder:
        async def respond(call: ServerCall, utterance: Pcm) -> Pcm:
            assert [tool.name for tool in settings.tools] == ["async_add"]
            assert settings.greeting == "Hello!"
            return utterance

        return FunctionResponder(call, respond, settings.greeting, CellContext())

    def __repr__(self) -> str:
        return "a parrot"


async def test_whole_calls_may_be_answered_by_one() -> None:
    async with MicdropServer(Parrot(), greeting="Hello!", tools=[async_add]) as server, caller(server) as connection:
        assert await hear(connection, "assistant") == ["assistant: Hello!"]
        await say(connection, tone(3200, 7))
        assert await hear(connection, "audio 7") == ["SkipAnswer", "audio 7"]
        assert server.parts == "a parrot, tool async_add"
