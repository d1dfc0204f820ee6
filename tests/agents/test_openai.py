"""Parts by an endpoint with OpenAI's HTTP interface, against a stand-in on loopback, and whole calls with them."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from micdrop_widget import MicdropClient, MicdropServer
from micdrop_widget.agents import EndpointError, OpenAIAgent, OpenAIEars, OpenAIVoice, Tool
from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.wav_file import wav_header
from tests.agents.openai_endpoint import (
    CHAT,
    CUT,
    SPEECH,
    STALL,
    TRANSCRIPTION,
    Endpoint,
    Reply,
    chat,
    failure,
    text,
)
from tests.agents.wire import WORDS, hear, say
from tests.harness.callers import Mic, quiet
from tests.harness.leaks import until
from tests.harness.plain_client import answer, caller, ready
from tests.harness.spoken import spoken

pytest.importorskip("openai", reason="the extra `openai` is not installed")
pytestmark = pytest.mark.usefixtures("clean_loop")

KEY = "sk-never-to-be-shown"


def sound(seconds: float) -> Pcm:
    """Return speech-like int16 samples at 24 kHz, every one of which matters."""
    at = np.arange(round(24_000 * seconds))
    return (9000 * np.sin(at / 17) * np.sin(at / 2300)).astype(np.int16)


def speech(samples: Pcm, sizes: tuple[int, ...] = (1, 2, 997), header: bytes = b"") -> Reply:
    """Answer with the sound of a sentence in pieces of these sizes, odd ones among them."""
    whole = header + samples.astype("<i2").tobytes()
    pieces: list[bytes | str] = []
    while whole:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(whole[:size])
        whole = whole[size:]
    return Reply(pieces, headers={"content-type": "audio/wav" if header else "audio/pcm"})


def parts(endpoint: Endpoint) -> dict[str, Any]:
    given: dict[str, Any] = {"base_url": endpoint.base_url, "api_key": KEY}
    return {
        "stt": OpenAIEars("whisper", language="en", prompt="Ann", **given),
        "agent": OpenAIAgent("gpt", instructions="Be brief.", options={"temperature": 0}, **given),
        "tts": OpenAIVoice("tts", "alloy", options={"speed": 1.5}, **given),
    }


@pytest.fixture
async def released() -> AsyncIterator[None]:
    """Close what the parts hold open as the end of the loop would: the loop of a test goes on meanwhile."""
    before = set(_holders())
    yield
    for holder in set(_holders()) - before:
        await holder.aclose()


def _holders() -> list[Any]:
    loop = asyncio.get_running_loop()
    return [each for each in getattr(loop, "_asyncgens") if "_hold" in repr(each)]  # noqa: B009 - private


pytestmark = [pytestmark, pytest.mark.usefixtures("released")]  # type: ignore[assignment]


async def said(voice: OpenAIVoice, sentence: str = "Hello.") -> tuple[list[int], Any]:
    """Return the rates and the samples of a sentence."""
    pieces = [piece async for piece in voice(sentence)]
    return [rate for rate, _ in pieces], np.concatenate([samples for _, samples in pieces])


async def written(agent: OpenAIAgent, conversation: list[dict[str, Any]], tools: list[Tool] | None = None) -> list[Any]:
    return [piece async for piece in agent(conversation, tools or [])]


# Ears


async def test_an_utterance_is_sent_as_a_wav_file_and_comes_back_as_text() -> None:
    async with Endpoint(transcription=text(" what time is it")) as endpoint:
        heard = await parts(endpoint)["stt"](WORDS)
        form = endpoint.requests[0].form
    assert heard == " what time is it"
    assert form == {
        "file": wav_header(2 * len(WORDS), 1) + WORDS.astype("<i2").tobytes(),
        "model": b"whisper",
        "language": b"en",
        "prompt": b"Ann",
    }
    assert endpoint.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_transcription_without_a_text_is_an_error() -> None:
    async with Endpoint(transcription=Reply([b'{"segments": []}'])) as endpoint:
        with pytest.raises(EndpointError, match="answered without a text"):
            await parts(endpoint)["stt"](WORDS)


# The mind


async def test_an_answer_is_written_piece_by_piece_down_to_single_bytes() -> None:
    conversation = [{"role": "user", "content": "hello"}]
    reply = chat({"content": "Grüß "}, {"content": "dich 👋."}, {"content": None}, {"reasoning_content": "secret"})
    async with Endpoint(chat=reply) as endpoint:
        assert await written(parts(endpoint)["agent"], conversation) == ["Grüß ", "dich 👋."]
        body = endpoint.requests[0].json
    assert body == {
        "model": "gpt",
        "stream": True,
        "temperature": 0,
        "messages": [{"role": "system", "content": "Be brief."}, *conversation],
    }


def piece_of(index: int | None, id: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return {"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}


AS_OPENAI = (
    piece_of(0, "a", "add", ""),
    piece_of(0, None, None, '{"a": 1, '),
    piece_of(1, "b", "add", ""),
    piece_of(0, None, None, '"b": 2}'),
    piece_of(1, None, None, '{"a": 3, "b": 4}'),
)
AS_OLLAMA = (piece_of(0, "a", "add", '{"a": 1, "b": 2}'), piece_of(0, "b", "add", '{"a": 3, "b": 4}'))
WITHOUT_NUMBERS = (piece_of(None, "a", "add", '{"a": 1, "b": 2}'), piece_of(None, "b", "add", '{"a": 3, "b": 4}'))
IDS_REPEATED = (
    piece_of(0, "a", "add", '{"a": 1, '),
    piece_of(0, "a", "add", '"b": 2}'),
    piece_of(1, "b", "add", '{"a": 3, "b": 4}'),
)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.mark.parametrize("deltas", [AS_OPENAI, AS_OLLAMA, WITHOUT_NUMBERS, IDS_REPEATED])
async def test_several_tool_calls_at_once_are_put_together_however_they_are_numbered(deltas: Any) -> None:
    async with Endpoint(chat=chat({"content": "Let me see."}, *deltas, finish="tool_calls")) as endpoint:
        pieces = await written(parts(endpoint)["agent"], [], [Tool(add)])
        body = endpoint.requests[0].json
    calls = [
        {"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}},
        {"id": "b", "type": "function", "function": {"name": "add", "arguments": '{"a": 3, "b": 4}'}},
    ]
    assert pieces == ["Let me see.", {"role": "assistant", "content": None, "tool_calls": calls}]
    assert body["tools"] == [Tool(add).schema]


async def test_an_agent_uses_tools_in_several_rounds_and_then_answers() -> None:
    rounds = [
        chat(*AS_OPENAI, finish="tool_calls"),
        chat(piece_of(0, "c", "add", '{"a": 3, "b": 7}'), finish="tool_calls"),
        chat({"content": "Ten."}),
    ]
    endpoint = Endpoint(transcription=text("add"), chat=rounds, speech=speech(sound(0.1)))
    async with endpoint:
        async with MicdropServer(**parts(endpoint), tools=[add]) as server, caller(server) as connection:
            await ready(connection)
            await say(connection)
            frames = await hear(connection, "assistant")
        third = endpoint.asked(CHAT)[2].json["messages"]
    assert frames[0] == "user: add"
    assert frames[-1] == "assistant: Ten."
    assert [(m["role"], m.get("content")) for m in third[1:]] == [
        ("user", "add"),
        ("assistant", None),
        ("tool", "3"),
        ("tool", "7"),
        ("assistant", None),
        ("tool", "10"),
    ]
    assert [call["id"] for call in third[2]["tool_calls"]] == ["a", "b"]
    assert [third[3]["tool_call_id"], third[4]["tool_call_id"], third[6]["tool_call_id"]] == ["a", "b", "c"]


async def test_a_chunk_without_choices_is_passed_over() -> None:
    usage = b'data: {"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": {"total_tokens": 9}}\n\n'
    async with Endpoint(chat=chat({"content": "Hi."}, also=[b": keep alive\n\n", usage])) as endpoint:
        assert await written(parts(endpoint)["agent"], []) == ["Hi."]


# The voice


@pytest.mark.parametrize("sizes", [(1,), (3,), (1, 2, 997), (100_000,)])
async def test_bare_samples_are_read_however_they_are_cut(sizes: tuple[int, ...]) -> None:
    async with Endpoint(speech=speech(sound(0.05), sizes)) as endpoint:
        rates, samples = await said(parts(endpoint)["tts"])
        body = endpoint.requests[0].json
    assert set(rates) == {24_000}
    assert np.array_equal(samples, sound(0.05))
    assert body == {"model": "tts", "voice": "alloy", "input": "Hello.", "response_format": "pcm", "speed": 1.5}


@pytest.mark.parametrize("sizes", [(1,), (43, 2), (100_000,)])
@pytest.mark.parametrize("size", [None, 2400])
async def test_a_wav_file_is_read_as_it_comes_and_says_its_own_rate(sizes: tuple[int, ...], size: int | None) -> None:
    reply = speech(sound(0.05), sizes, wav_header(size, 1))
    async with Endpoint(speech=reply) as endpoint:
        rates, samples = await said(parts(endpoint)["tts"])
    assert set(rates) == {16_000}
    assert np.array_equal(samples, sound(0.05))


async def test_what_stands_behind_the_samples_of_a_wav_file_is_no_sound() -> None:
    reply = speech(np.concatenate([sound(0.05), WORDS]), (1000,), wav_header(2400, 1))
    async with Endpoint(speech=reply) as endpoint:
        assert np.array_equal((await said(parts(endpoint)["tts"]))[1], sound(0.05))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply([b"ID3"], headers={"content-type": "audio/mpeg"}), "sent audio/mpeg, expected pcm or wav"),
        (Reply([b'{"detail": "x"}']), "sent application/json, expected pcm or wav"),
        (speech(sound(0.01), (50,), wav_header(2400, 2)), "sent a WAV file of 2 channels, 16 bits"),
        (speech(sound(0.01), (50,), wav_header(2400, 1)), "1920 bytes of the sound are missing"),
        (
            Reply([b"RIFF\0\0\0\0WAVEfmt \4\0\0\0\1\0\1\0"], headers={"content-type": "audio/wav"}),
            "sent a WAV file whose format cannot be read",
        ),
        (Reply([b"RIFF"], headers={"content-type": "audio/wav"}), "broke off before the first sample"),
    ],
)
async def test_a_sound_that_cannot_be_used_is_an_error_that_says_so(reply: Reply, words: str) -> None:
    async with Endpoint(speech=reply) as endpoint:
        with pytest.raises(EndpointError, match=words):
            await said(parts(endpoint)["tts"])


# Whole calls


async def test_a_spoken_question_is_answered_sample_for_sample() -> None:
    recording = spoken("sentence")
    question = np.concatenate([quiet(10), recording.pcm, quiet(40)])
    sentences = [sound(0.7), sound(0.9)]
    endpoint = Endpoint(
        transcription=text("what is this"),
        chat=chat({"content": "First th"}, {"content": "is. And th"}, {"content": "en that."}),
        speech=[speech(each) for each in sentences],
    )
    mic, speaker = Mic(), VirtualSpeaker(keep=True)
    async with endpoint, MicdropServer(**parts(endpoint)) as server:
        call = MicdropClient(server.url, source=mic, sink=speaker)
        async with call:
            await call.start()
            mic.say(question)
            await call.until(isAssistantSpeaking=True, timeout=30)
            await call.until(isAssistantSpeaking=False, timeout=30)
            texts = [getattr(item, "content", None) for item in call.state.conversation]
            times = call.turns[-1].stage_times_ms
        form = endpoint.asked(TRANSCRIPTION)[0].form
    heard = np.frombuffer(form["file"][44:], dtype="<i2")
    assert texts == ["what is this", "First this. And then that."]
    assert [request.json["input"] for request in endpoint.asked(SPEECH)] == ["First this.", "And then that."]
    expected = np.concatenate([as_pcm(each, 24_000) for each in sentences])
    assert np.array_equal(speaker.heard[: len(expected)], expected)
    assert not speaker.heard[len(expected) :].any()
    begin = question.tobytes().find(heard.tobytes()) // 2
    assert begin >= 0, "what was transcribed is not what was said"
    first = quiet(10).size + recording.sentences[0].start_sample
    last = quiet(10).size + recording.sentences[-1].end_sample
    assert begin <= first
    assert begin + len(heard) >= last
    assert times is not None
    assert list(times) == ["stt", "first_text", "first_sentence", "first_audio", "end"]


async def test_the_first_sentence_is_heard_while_the_text_and_its_sound_are_still_being_made() -> None:
    begun = Reply([sound(0.2).tobytes(), STALL], headers={"content-type": "audio/pcm"})
    replies = {"transcription": text("hello"), "chat": chat({"content": "First. Sec"}, also=[STALL]), "speech": begun}
    async with (
        Endpoint(**replies) as endpoint,
        MicdropServer(**parts(endpoint)) as server,
        caller(server) as connection,
    ):
        await ready(connection)
        await say(connection)
        frame: str | bytes = ""
        while isinstance(frame, str):
            frame = await asyncio.wait_for(connection.recv(), 10)
        assert [request.json["input"] for request in endpoint.asked(SPEECH)] == ["First."]
        assert endpoint.answering == 2
        await connection.send("StartSpeaking")
        for request in endpoint.asked(CHAT) + endpoint.asked(SPEECH):
            await asyncio.wait_for(request.left.wait(), 10)


# Failures

MALFORMED = Reply([b'data: {"choices": [{\n\n'], headers={"content-type": "text/event-stream"})
FAILURES = [
    ("transcription", failure(429, "slow down", retry_after="7"), r"429: slow down\); it asks to wait 7 s"),
    ("transcription", failure(500, "boom"), "failed .500: boom"),
    ("transcription", failure(401, f"wrong key {KEY}"), r"refused the key; give api_key=….* \(401: wrong key …\)"),
    ("transcription", Reply([b'{"te', CUT]), "broke off"),
    ("transcription", Reply([STALL]), "was silent for 0.2 s"),
    ("transcription", Reply([b"<html>no", b" json</html>"]), "OpenAIEars"),
    ("chat", failure(429, "slow down"), "takes no more requests now; wait, or raise the limit there .429: slow down"),
    ("chat", failure(500, "boom"), "failed .500: boom"),
    ("chat", Reply([b"<html>Bad Gateway</html>"], 502, {"content-type": "text/html"}), "failed .502: .*Bad Gateway"),
    ("chat", failure(404, "no model"), "does not know this; .* .404: no model"),
    ("chat", chat({"content": "I beg"}, also=[CUT]), "broke off"),
    ("chat", chat({"content": "I beg"}, finish=None, done=False), "broke off before the end of its answer"),
    ("chat", Reply([STALL]), "was silent for 0.2 s"),
    ("chat", chat({"content": "I beg"}, also=[STALL]), "was silent for 0.2 s"),
    ("chat", MALFORMED, "sent what is no JSON"),
    ("chat", chat(also=[b'data: {"error": {"message": "out of memory"}}\n\n']), "in the middle .* .out of memory"),
    ("speech", failure(429, "slow down"), "429: slow down"),
    ("speech", failure(500, "boom"), "failed .500: boom"),
    ("speech", Reply([*speech(sound(0.05)).pieces[:9], CUT], headers={"content-type": "audio/pcm"}), "broke off"),
    ("speech", Reply([STALL]), "was silent for 0.2 s"),
    ("speech", Reply([bytes(100), STALL], headers={"content-type": "audio/pcm"}), "was silent for 0.2 s"),
]


@pytest.mark.parametrize(("path", "reply", "words"), FAILURES)
async def test_a_failure_is_a_clear_error_and_skip_answer_and_the_call_goes_on(
    path: str, reply: Reply, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = {"transcription": text("hello"), "chat": chat({"content": "Hi."}), "speech": speech(sound(0.1))}
    replies: dict[str, Any] = {**good, path: reply}
    async with (
        Endpoint(**replies) as endpoint,
        MicdropServer(**parts(endpoint)) as server,
        caller(server) as connection,
    ):
        await ready(connection)
        late = {"transcription": server.stt, "chat": server.agent, "speech": server.tts}[path]._endpoint
        if "silent" in words:
            late.timeout_s = 0.2
        await say(connection)
        assert (await hear(connection, "SkipAnswer"))[-1] == "SkipAnswer"
        late.timeout_s = 20
        endpoint.script(path, good[path])
        await say(connection)
        frames = await hear(connection, "assistant")
    assert frames[0] == "user: hello"
    assert frames[-1] == "assistant: Hi."
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info and record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert isinstance(errors[0], EndpointError)
    assert errors[0].status == (reply.status if reply.status != 200 else None)
    assert str(errors[0]).split(" ")[1] == endpoint.base_url
    with pytest.raises(EndpointError, match=words):
        raise errors[0]
    assert KEY not in caplog.text
    (shown,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert shown.exc_info is not None
    assert shown.exc_info[2] is None, "what helps are the words, and no frame of a library"


async def test_an_endpoint_that_is_not_there_is_named() -> None:
    async with Endpoint() as endpoint:
        gone = parts(endpoint)
    with pytest.raises(EndpointError, match=rf"OpenAIEars: {endpoint.base_url} cannot be reached"):
        await gone["stt"](WORDS)
    with pytest.raises(EndpointError, match=rf"OpenAIAgent: {endpoint.base_url} cannot be reached"):
        await written(gone["agent"], [])
    with pytest.raises(EndpointError, match=rf"OpenAIVoice: {endpoint.base_url} cannot be reached"):
        await said(gone["tts"])


# Interruptions


@pytest.mark.parametrize(
    ("path", "name", "reply"),
    [
        (TRANSCRIPTION, "transcription", Reply([STALL])),
        (CHAT, "chat", Reply([STALL])),
        (CHAT, "chat", chat({"content": "Once upon a time. There"}, also=[STALL])),
        (SPEECH, "speech", Reply([STALL])),
        (SPEECH, "speech", Reply([bytes(2000), STALL], headers={"content-type": "audio/pcm"})),
    ],
)
@pytest.mark.parametrize("delay_s", [0, 0.01, 0.1])
async def test_an_interruption_ends_the_request(path: str, name: str, reply: Reply, delay_s: float) -> None:
    replies: dict[str, Any] = {
        "transcription": text("hello"),
        "chat": chat({"content": "Hi there."}),
        "speech": speech(sound(0.1)),
        name: reply,
    }
    async with (
        Endpoint(**replies) as endpoint,
        MicdropServer(**parts(endpoint)) as server,
        caller(server) as connection,
    ):
        await ready(connection)
        await say(connection)
        await until(lambda: endpoint.asked(path))
        await asyncio.sleep(delay_s)
        await connection.send("StartSpeaking")
        await asyncio.wait_for(endpoint.asked(path)[0].left.wait(), 5)


@pytest.mark.parametrize("seed", range(20))
async def test_after_an_interruption_at_any_moment_the_next_answer_is_whole(seed: int) -> None:
    chance = random.Random(seed)
    replies: dict[str, Any] = {
        "transcription": text("hello"),
        "chat": chat({"content": "One is"}, {"content": " here. And t"}, {"content": "wo."}),
        "speech": speech(sound(0.2)),
    }
    async with (
        Endpoint(**replies) as endpoint,
        MicdropServer(**parts(endpoint), max_ahead_s=None) as server,
        caller(server) as connection,
    ):
        await ready(connection)
        for _ in range(3):
            await say(connection)
            await asyncio.sleep(chance.random() * 0.06)
        await until(lambda: server.calls[0].turns == 3)
        await connection.send("StartSpeaking")
        await until(lambda: server.calls[0].is_user_speaking)
        await server.calls[0].send_message("system", "interrupted")
        await hear(connection, "system: interrupted")
        await say(connection)
        frames = await hear(connection, "assistant: One is here. And two.")
        assert frames[-1] == "assistant: One is here. And two."
        assert server.calls[0].responder.conversation[-1]["content"] == "One is here. And two."  # type: ignore[attr-defined]
        await until(lambda: endpoint.answering == 0)


@pytest.mark.alone
async def test_twenty_calls_at_once_each_get_their_answer_whole() -> None:
    replies = {"transcription": text("hello"), "chat": chat({"content": "Hi."}), "speech": speech(sound(0.2))}
    expected = as_pcm(sound(0.2), 24_000).astype("<i2").tobytes()

    async def one(server: MicdropServer) -> bytes:
        async with caller(server) as connection:
            await ready(connection)
            await say(connection)
            return (await answer(connection))[0]

    async with Endpoint(**replies) as endpoint, MicdropServer(**parts(endpoint)) as server:
        assert await asyncio.gather(*(one(server) for _ in range(20))) == [expected] * 20


# What is handed in, and what is kept


async def test_the_key_goes_to_no_other_origin() -> None:
    async with Endpoint(chat=chat({"content": "Hi."})) as other:
        elsewhere = Reply([b"{}"], 307, {"location": other.base_url + "/chat/completions"})
        async with Endpoint(chat=elsewhere) as endpoint:
            assert await written(parts(endpoint)["agent"], []) == ["Hi."]
    assert endpoint.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in other.requests[0].headers


async def test_a_client_of_ones_own_is_used_as_it_is() -> None:
    from openai import AsyncOpenAI, OpenAI

    async with Endpoint(chat=chat({"content": "Hi."})) as endpoint:
        async with AsyncOpenAI(base_url=endpoint.base_url, api_key=KEY, default_headers={"x-mine": "1"}) as client:
            assert await written(OpenAIAgent("gpt", client=client), []) == ["Hi."]
        assert endpoint.requests[0].headers["x-mine"] == "1"
        assert endpoint.requests[0].headers["authorization"] == f"Bearer {KEY}"
    with pytest.raises(TypeError, match=r"expected an openai\.AsyncOpenAI, got OpenAI"):
        OpenAIAgent("gpt", client=OpenAI(api_key=KEY))  # type: ignore[arg-type]  # the wrong one
    with pytest.raises(TypeError, match="either client or base_url and api_key"):
        OpenAIAgent("gpt", client=client, base_url=endpoint.base_url)


async def test_a_connection_serves_one_answer_after_the_other() -> None:
    async with Endpoint(chat=chat({"content": "Hi."})) as endpoint:
        agent = parts(endpoint)["agent"]
        for _ in range(3):
            assert await written(agent, []) == ["Hi."]
    assert (len(endpoint.requests), endpoint.connections) == (3, 1)


async def test_parts_serve_servers_on_other_loops_one_after_the_other() -> None:
    async with Endpoint(transcription=text("hello"), chat=chat({"content": "Hi."})) as endpoint:
        given = {name: part for name, part in parts(endpoint).items() if name != "tts"}
        for _ in range(2):
            server = await asyncio.to_thread(MicdropServer(**given).start)
            try:
                async with caller(server) as connection:
                    await ready(connection)
                    await say(connection)
                    assert await hear(connection, "SkipAnswer") == ["user: hello", "assistant: Hi.", "SkipAnswer"]
            finally:
                await asyncio.to_thread(server.stop)
        await until(lambda: not endpoint._tasks)


def test_the_key_of_the_environment_goes_to_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert OpenAIAgent("gpt")._endpoint._make_client().api_key == KEY
    assert OpenAIAgent("gpt", base_url="http://localhost:1/v1")._endpoint._make_client().api_key == "none"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ValueError, match="OpenAIEars: expected api_key=…, or OPENAI_API_KEY"):
        OpenAIEars("whisper")


def test_no_part_shows_its_key() -> None:
    given: dict[str, Any] = {"base_url": "http://localhost:1/v1", "api_key": KEY}
    shown = [repr(OpenAIEars("w", **given)), repr(OpenAIAgent("g", **given)), repr(OpenAIVoice("t", "v", **given))]
    assert shown == [
        "<OpenAIEars w at http://localhost:1/v1>",
        "<OpenAIAgent g at http://localhost:1/v1>",
        "<OpenAIVoice t, v, at http://localhost:1/v1>",
    ]


@pytest.mark.parametrize("make", [lambda: OpenAIEars("w"), lambda: OpenAIAgent("g"), lambda: OpenAIVoice("t", "v")])
def test_without_the_extra_the_error_names_it(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ImportError, match=r'pip install "micdrop-widget\[openai\]"'):
        make()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"response_format": "mp3"}, 'response_format: expected "pcm" or "wav"'),
        ({"sample_rate": 0}, "sample_rate: expected a rate in Hz"),
        ({"timeout_s": 0}, "timeout_s: expected a positive number"),
    ],
)
def test_options_are_checked(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        OpenAIVoice("t", "v", base_url="http://localhost:1/v1", **options)


def test_the_stand_in_speaks_as_the_reference_has_it() -> None:
    from openai.types.chat import ChatCompletionChunk

    events = b"".join(piece for piece in chat(*AS_OPENAI).pieces if isinstance(piece, bytes)).split(b"\n\n")
    for event in events[:-2]:
        ChatCompletionChunk.model_validate(json.loads(event.removeprefix(b"data: ")), strict=True)
    assert events[-2] == b"data: [DONE]"
