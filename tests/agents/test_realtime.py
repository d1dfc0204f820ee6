"""A Realtime endpoint as the other side of a call, against a stand-in on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection

from micdrop_widget import MicdropClient, MicdropServer
from micdrop_widget.agents import INTERRUPTED, EndpointError, OpenAIRealtime, SkipAnswer, Tool
from micdrop_widget.agents.realtime.responder import RealtimeResponder
from micdrop_widget.audio import Pcm, Resampler
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from tests.agents.realtime_endpoint import CUT, STALL, Call, Endpoint, Fail, Raw, Say, Step
from tests.agents.wire import hear, metadata_of, say, tone
from tests.harness.callers import Mic, quiet
from tests.harness.leaks import until
from tests.harness.plain_client import caller, ready
from tests.harness.servers import self_signed
from tests.harness.spoken import spoken

pytestmark = pytest.mark.usefixtures("clean_loop")

KEY = "sk-never-to-be-shown"


def sound(seconds: float, value: int | None = None) -> Pcm:
    """Return int16 samples at 24 kHz, speech-like or all alike."""
    at = np.arange(round(24_000 * seconds))
    wave = 9000 * np.sin(at / 17) * np.sin(at / 2300) if value is None else np.full(len(at), value)
    return wave.astype(np.int16)


def model(endpoint: Endpoint, **options: Any) -> OpenAIRealtime:
    given = {"instructions": "Be brief.", "transcription_model": "whisper", **options}
    return OpenAIRealtime("gpt", url=endpoint.url, api_key=KEY, **given)


@contextlib.asynccontextmanager
async def call_of(
    endpoint: Endpoint, *, greets: bool = False, max_ahead_s: float | None = None, **options: Any
) -> AsyncIterator[tuple[MicdropServer, ClientConnection]]:
    """Hold a call on the wire; options of the server by their names, all others are the model's."""
    known = ("tools", "greeting", "partial_messages")
    served = {name: options.pop(name) for name in known if name in options}
    server = MicdropServer(model(endpoint, **options), max_ahead_s=max_ahead_s, **served)
    async with server, caller(server) as connection:
        if not greets:
            await ready(connection)
        yield server, connection


def responder_of(server: MicdropServer) -> RealtimeResponder:
    responder = server.calls[0].responder
    assert isinstance(responder, RealtimeResponder)
    return responder


def pass_time(server: MicdropServer, seconds: float) -> None:
    """Let the user hear for this time."""
    responder_of(server)._playback._end_s -= seconds


def texts(frames: list[str]) -> list[str]:
    """Return all but the audio."""
    return [frame for frame in frames if not frame.startswith("audio")]


async def audio_until(connection: ClientConnection, role: str) -> Pcm:
    """Return the audio that comes before a message of a role."""
    heard = b""
    while True:
        frame = await asyncio.wait_for(connection.recv(), 10)
        if isinstance(frame, bytes):
            heard += frame
        elif f'"role": "{role}"' in frame:
            return np.frombuffer(heard, dtype="<i2")


# The session


async def test_a_session_is_set_up_without_turn_detection_and_with_the_tools() -> None:
    async with (
        Endpoint([]) as endpoint,
        call_of(endpoint, tools=[add], voice="marin", language="en", options={"max_output_tokens": 99}),
    ):
        request, session = endpoint.requests[0], endpoint.session.received[0]["session"]
    assert request.path == "/v1/realtime?model=gpt"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    schema = Tool(add).parameters
    assert session == {
        "type": "realtime",
        "instructions": "Be brief.",
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "turn_detection": None,
                "transcription": {"model": "whisper", "language": "en"},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin"},
        },
        "tools": [{"type": "function", "name": "add", "description": "Add two numbers.", "parameters": schema}],
        "max_output_tokens": 99,
    }


async def test_a_session_of_the_beta_is_set_up_by_its_own_names() -> None:
    async with Endpoint([], beta=True) as endpoint, call_of(endpoint, voice="alloy"):
        session = endpoint.session.received[0]["session"]
    assert session == {
        "instructions": "Be brief.",
        "modalities": ["text", "audio"],
        "voice": "alloy",
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": {"model": "whisper"},
        "turn_detection": None,
        "tools": [],
    }


# Answers


@pytest.mark.parametrize("beta", [False, True])
async def test_an_utterance_is_sent_while_it_is_spoken_and_its_answer_comes_sample_for_sample(beta: bool) -> None:
    said = spoken("sentence").pcm[:30_000]
    endpoint = Endpoint([Say("Hello there.", sound(0.7))], beta=beta)
    async with endpoint, call_of(endpoint) as (_, connection):
        await connection.send("StartSpeaking")
        for start in range(0, len(said), 1100):
            await connection.send(said[start : start + 1100].astype("<i2").tobytes())
        await until(lambda: len(endpoint.session.of("input_audio_buffer.append")) > 20)
        assert not endpoint.session.of("input_audio_buffer.commit")
        await connection.send("StopSpeaking")
        heard = await audio_until(connection, "assistant")
        committed = endpoint.session.committed[0]
        order = [event["type"] for event in endpoint.session.received[-2:]]
    up = Resampler(16_000, 24_000)
    assert np.array_equal(committed, np.concatenate([up.push(said), up.finish()]))
    assert np.array_equal(heard, as_pcm(sound(0.7), 24_000))
    assert order == ["input_audio_buffer.commit", "response.create"]


@pytest.mark.alone
async def test_a_whole_call_with_a_realtime_model() -> None:
    recording = spoken("sentence")
    mic, speaker = Mic(), VirtualSpeaker(keep=True)
    endpoint = Endpoint([Say("Hello there.", sound(0.7))], transcripts=["what is this"])
    async with endpoint, MicdropServer(model(endpoint)) as server:
        call = MicdropClient(server.url, source=mic, sink=speaker)
        async with call:
            await call.start()
            mic.say(np.concatenate([quiet(10), recording.pcm, quiet(40)]))
            await call.until(isAssistantSpeaking=True, timeout=30)
            await call.until(isAssistantSpeaking=False, timeout=30)
            heard = [getattr(item, "content", None) for item in call.state.conversation]
            times = call.turns[-1].stage_times_ms
    expected = as_pcm(sound(0.7), 24_000)
    assert heard == ["what is this", "Hello there."]
    assert np.array_equal(speaker.heard[: len(expected)], expected)
    assert not speaker.heard[len(expected) :].any()
    assert times is not None
    assert set(times) == {"stt", "first_text", "first_audio", "end"}


async def test_an_endpoint_with_other_rates_is_sent_and_heard_at_them() -> None:
    said = spoken("sentence").pcm[:16_000]
    endpoint = Endpoint([Say("Hi.", sound(0.3))])
    async with endpoint, call_of(endpoint, input_sample_rate=16_000, output_sample_rate=16_000) as (_, connection):
        await say(connection, said)
        heard = await audio_until(connection, "assistant")
        committed, session = endpoint.session.committed[0], endpoint.session.received[0]["session"]
    assert np.array_equal(committed, said)
    assert np.array_equal(heard, sound(0.3))
    assert session["audio"]["input"]["format"] == session["audio"]["output"]["format"]
    assert session["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 16_000}


async def test_an_utterance_that_is_too_short_for_endpoints_is_filled_up_with_silence() -> None:
    async with Endpoint([Say("Hm?", sound(0.1))]) as endpoint, call_of(endpoint) as (_, connection):
        await say(connection, tone(160, 500))
        assert texts(await hear(connection, "assistant")) == ["user: hello", "assistant: Hm?"]
        committed = endpoint.session.committed[0]
    assert len(committed) == 2400
    assert not committed[300:].any()


@pytest.mark.parametrize(
    ("transcripts", "transcribes", "frames"),
    [
        (["one"], "first", ["user: one", "assistant: Hi."]),
        (["one"], "last", ["user: one", "assistant: Hi."]),
        ([" "], "last", ["assistant: Hi."]),
        ([None], "first", ["assistant: Hi."]),
    ],
)
async def test_the_transcript_stands_before_the_answer_whenever_it_comes(
    transcripts: Any, transcribes: str, frames: list[str]
) -> None:
    endpoint = Endpoint([Say("Hi.", sound(0.1))], transcripts=transcripts, transcribes=transcribes)
    async with endpoint, call_of(endpoint) as (_, connection):
        await say(connection)
        assert texts(await hear(connection, "assistant")) == frames


async def test_without_a_transcription_model_the_answer_waits_for_no_transcript() -> None:
    endpoint = Endpoint([Say("Hi.", sound(0.1))], transcribes="never")
    async with endpoint, call_of(endpoint, transcription_model=None) as (_, connection):
        await say(connection)
        assert texts(await hear(connection, "assistant")) == ["assistant: Hi."]
        assert endpoint.session.received[0]["session"]["audio"]["input"]["transcription"] is None


async def test_a_transcript_that_is_late_is_sent_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micdrop_widget.agents.realtime.responder._TRANSCRIPT_LIMIT_S", 0.01)
    endpoint = Endpoint([Say("Hi.", sound(0.1))], transcribes="never")
    async with endpoint, call_of(endpoint) as (_, connection):
        await say(connection)
        assert texts(await hear(connection, "assistant")) == ["assistant: Hi."]
        await endpoint.session.transcribe()
        assert await hear(connection, "user") == ["user: hello"]


async def test_an_answer_is_asked_for_with_the_transcript_where_the_model_reads_it() -> None:
    endpoint = Endpoint([Say("Hi.", sound(0.1))], transcripts=["", "one"])
    async with endpoint, call_of(endpoint, await_transcript=True) as (_, connection):
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["SkipAnswer"]
        assert endpoint.session.of("response.create") == []
        await say(connection)
        assert texts(await hear(connection, "assistant")) == ["user: one", "assistant: Hi."]


async def test_a_text_without_audio_ends_with_skip_answer() -> None:
    async with Endpoint([Say("Only text.")]) as endpoint, call_of(endpoint) as (_, connection):
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["user: hello", "assistant: Only text.", "SkipAnswer"]


async def test_partial_messages_are_sent_where_they_are_wanted() -> None:
    endpoint = Endpoint([Say("Once upon a time.", sound(0.1))])
    async with endpoint, call_of(endpoint, partial_messages=True) as (_, connection):
        await say(connection)
        frames = texts(await hear(connection, "assistant"))
    partial = [
        f'PartialAssistantMessage "{text}"' for text in ("Once", "Once upon", "Once upon a", "Once upon a time.")
    ]
    assert frames == ["user: hello", *partial, "assistant: Once upon a time."]


async def test_a_greeting_and_what_is_said_unprompted_are_spoken_by_the_model() -> None:
    endpoint = Endpoint([Say("Welcome.", sound(0.1))], [Say("Time is up.", sound(0.1))])
    async with endpoint, call_of(endpoint, greets=True, greeting="Welcome.") as (server, connection):
        assert texts(await hear(connection, "assistant")) == ["assistant: Welcome."]
        server.calls[0].say("Time is up.")
        assert texts(await hear(connection, "assistant")) == ["assistant: Time is up."]
        asked = [event["response"] for event in endpoint.session.of("response.create")]
    assert asked == [
        {"instructions": f"Say this, word for word, and nothing else: {text}", "tool_choice": "none"}
        for text in ("Welcome.", "Time is up.")
    ]


# Tools


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def test_the_model_uses_tools_several_at_once_and_in_several_rounds() -> None:
    endpoint = Endpoint(
        [Say("Let me see.", sound(0.1)), Call("a", "add", '{"a": 1, "b": 2}'), Call("b", "add", '{"a": 3, "b": 4}')],
        [Call("c", "add", '{"a": 3, "b": 7}'), Call("d", "unknown", "{}")],
        [Say("Ten.", sound(0.1))],
    )
    async with endpoint, call_of(endpoint, tools=[Tool(add, emit=True)]) as (_, connection):
        await say(connection)
        frames = texts(await hear(connection, "assistant"))
        session = endpoint.session
        sent = [
            event["item"].get("call_id") and (event["item"]["call_id"], event["item"]["output"])
            if event["type"] == "conversation.item.create"
            else event["type"]
            for event in session.of("conversation.item.create", "response.create")
        ]
    error = json.dumps({"error": "no tool 'unknown'"})
    create = "response.create"
    assert sent == [create, ("a", "3"), ("b", "7"), create, ("c", "10"), ("d", error), create]
    assert session.errors == []
    assert frames[0] == "user: hello"
    assert frames[-1] == "assistant: Let me see. Ten."
    called = [json.loads(frame.partition(" ")[2]) for frame in frames if frame.startswith("ToolCall")]
    assert [(each["parameters"], each["output"]) for each in called] == [
        ({"a": 1, "b": 2}, 3),
        ({"a": 3, "b": 4}, 7),
        ({"a": 3, "b": 7}, 10),
    ]


async def test_a_model_that_only_calls_tools_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    endpoint = Endpoint([Call("a", "add", '{"a": 1, "b": 2}')])
    async with endpoint, call_of(endpoint, tools=[add]) as (_, connection):
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["user: hello", "SkipAnswer"]
        assert len(endpoint.session.of("response.create")) == 8
    assert "called tools 8 times without an answer" in str(errors_of(caplog)[0])


# Interruptions


@pytest.mark.parametrize("beta", [False, True])
async def test_an_interruption_cancels_the_answer_and_truncates_it_to_what_was_heard(beta: bool) -> None:
    endpoint = Endpoint(
        [Say("one two three four five six seven eight nine ten", sound(2)), STALL],
        [Say("Yes?", sound(0.1))],
        beta=beta,
    )
    async with endpoint, call_of(endpoint) as (server, connection):
        await say(connection)
        await until(lambda: responder_of(server)._playback.sent_samples == 32_000 - 45 or _sent(server) > 31_000)
        playback = responder_of(server)._playback
        loop = asyncio.get_running_loop()
        playback._end_s = loop.time() + playback.sent_samples / 16_000 - 1.05  # 1.05 s were heard, and a little more
        await connection.send("StartSpeaking")
        frames = texts(await hear(connection, "assistant"))
        await until(lambda: endpoint.session.of("conversation.item.truncate"))
        order = [e for e in endpoint.session.received if e["type"] in ("response.cancel", "conversation.item.truncate")]
        assert frames == ["user: hello", f"assistant: one two three four five{INTERRUPTED}"]
        assert [event["type"] for event in order] == ["response.cancel", "conversation.item.truncate"]
        assert 1050 <= order[1]["audio_end_ms"] < 1200
        assert order[1]["content_index"] == 0
        await connection.send(tone(1600).astype("<i2").tobytes())
        await connection.send("StopSpeaking")
        assert texts(await hear(connection, "assistant")) == ["user: hello", "assistant: Yes?"]
        assert endpoint.session.errors == []
        assert responder_of(server).conversation[1]["content"] == f"one two three four five{INTERRUPTED}"


def _sent(server: MicdropServer) -> int:
    return responder_of(server)._playback.sent_samples


async def test_an_answer_that_is_made_but_not_heard_is_truncated_without_a_cancel() -> None:
    endpoint = Endpoint([Say("one two three four", sound(2))])
    async with endpoint, call_of(endpoint) as (server, connection):
        await say(connection)
        assert texts(await hear(connection, "assistant"))[-1] == "assistant: one two three four"
        playback = responder_of(server)._playback
        playback._end_s = asyncio.get_running_loop().time() + playback.sent_samples / 16_000 - 1.05
        await connection.send("Mute")
        await until(lambda: endpoint.session.of("conversation.item.truncate"))
        cut = endpoint.session.of("conversation.item.truncate")[0]
        assert 1050 <= cut["audio_end_ms"] < 1200
        assert endpoint.session.of("response.cancel") == []
        assert responder_of(server).conversation[-1]["content"] == f"one two{INTERRUPTED}"


async def test_what_was_heard_to_its_end_is_not_truncated() -> None:
    endpoint = Endpoint([Say("one two", sound(0.2))])
    async with endpoint, call_of(endpoint) as (server, connection):
        await say(connection)
        await hear(connection, "assistant")
        pass_time(server, 1)
        await say(connection)
        await hear(connection, "assistant")
        assert endpoint.session.of("conversation.item.truncate", "response.cancel") == []
        assert [message["content"] for message in responder_of(server).conversation] == ["hello", "one two"] * 2


async def test_what_is_late_of_a_cancelled_answer_is_not_heard_in_the_next() -> None:
    endpoint = Endpoint([Say("Old.", sound(30, 1000)), STALL], [Say("New.", sound(0.2, 2000))])
    async with endpoint, call_of(endpoint, max_ahead_s=0.3) as (server, connection):
        await say(connection)
        await until(lambda: _sent(server) > 3000)  # most of it waits: on the line, and for its time
        await say(connection)
        frames = await hear(connection, "assistant: New.")
    after = frames[frames.index("user: hello", frames.index("user: hello") + 1) :]
    values = [int(frame.split()[1]) for frame in after if frame.startswith("audio")]
    assert values
    assert all(abs(value) != 1000 for value in values)
    assert max(values) >= 1990


@pytest.mark.parametrize("seed", range(20))
async def test_after_an_interruption_at_any_moment_the_next_answer_is_whole(seed: int) -> None:
    chance = random.Random(seed)
    said = [tone(4800, 1000 * number) for number in range(1, 5)]
    answers = [[Say(f"Number {number}.", sound(0.5, 100 * number))] for number in range(9)]
    async with Endpoint(*answers) as endpoint, call_of(endpoint) as (server, connection):
        for pcm in said:
            await say(connection, pcm)
            await asyncio.sleep(chance.random() * 0.02)
        await until(lambda: server.calls[0].turns == 4)
        await until(
            lambda: len(endpoint.session.committed) and abs(int(endpoint.session.committed[-1][3000]) - 4000) < 9
        )
        frames: list[str] = []
        while not frames or frames[-1] != f"assistant: Number {len(endpoint.session.of('response.create')) - 1}.":
            frames += await hear(connection, "assistant")
        late = "Cancellation failed: no active response found"
        assert set(endpoint.session.errors) <= {late}, "a cancel may cross the end of what it cancels"
        assert {len(pcm) for pcm in endpoint.session.committed} == {7200}, "each utterance is committed alone"


async def test_an_interruption_before_anything_came_is_silent() -> None:
    endpoint = Endpoint([STALL], [Say("Yes?", sound(0.1))], transcripts=["one", "two"])
    async with endpoint, call_of(endpoint) as (_, connection):
        await say(connection)
        await until(lambda: endpoint.session.of("response.create"))
        await say(connection)
        assert texts(await hear(connection, "assistant")) == ["user: one", "user: two", "assistant: Yes?"]
        assert endpoint.session.errors == []


async def test_an_utterance_that_is_followed_at_once_by_another_is_no_part_of_it() -> None:
    async with Endpoint([Say("Yes?", sound(0.1))]) as endpoint, call_of(endpoint) as (_, connection):
        for value in (100, 200, 300):
            for frame in ("StartSpeaking", tone(4800, value).astype("<i2").tobytes(), "StopSpeaking"):
                await connection.send(frame)
        await hear(connection, "assistant: Yes?")
        committed = endpoint.session.committed
        assert {len(pcm) for pcm in committed} == {7200}
        assert abs(int(committed[-1][3000]) - 300) < 2


async def test_an_utterance_that_is_dropped_is_forgotten_at_the_endpoint() -> None:
    async with Endpoint([Say("Yes?", sound(0.1))]) as endpoint, call_of(endpoint) as (_, connection):
        await connection.send("StartSpeaking")
        await connection.send(tone(1600, 99).astype("<i2").tobytes())
        await until(lambda: endpoint.session.buffer)
        await connection.send("Mute")
        await until(lambda: not endpoint.session.buffer)
        await say(connection, tone(4800, 7))
        await hear(connection, "assistant")
        up = Resampler(16_000, 24_000)
        assert np.array_equal(endpoint.session.committed[0], np.concatenate([up.push(tone(4800, 7)), up.finish()]))


# Failures

BAD_AUDIO = Raw('{"type": "response.output_audio.delta", "response_id": "RESPONSE", "item_id": "i", "delta": "?"}')
FAILURES: list[tuple[list[Step], str]] = [
    ([Fail("out of memory")], r"failed \(out of memory\)"),
    ([Say("I beg", sound(0.1)), Fail(f"bad key {KEY}")], r"failed \(bad key …\)"),
    ([Raw('{"type": "error", "error": {"message": "no such voice"}}'), STALL], r"refused \(no such voice\)"),
    ([Raw("no JSON")], "sent what is no event of the Realtime protocol"),
    ([Raw("[1]")], "sent what is no event of the Realtime protocol"),
    ([CUT], r"ended the session \(1011: keepalive\)"),
    ([Say("I beg", sound(0.1)), CUT], r"ended the session \(1011: keepalive\)"),
    ([STALL], "was silent for 0.2 s"),
    ([Say("I beg", sound(0.1)), STALL], "was silent for 0.2 s"),
    ([BAD_AUDIO, STALL], "sent audio that is no base64"),
]


def errors_of(caplog: pytest.LogCaptureFixture) -> list[BaseException]:
    return [record.exc_info[1] for record in caplog.records if record.exc_info and record.exc_info[1]]


@pytest.mark.parametrize(("steps", "words"), FAILURES)
async def test_a_failure_is_a_clear_error_and_skip_answer_and_the_call_goes_on(
    steps: list[Step], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = Endpoint(steps, [Say("Better.", sound(0.1))])
    async with endpoint, call_of(endpoint) as (server, connection):
        if "silent" in words:
            object.__setattr__(responder_of(server)._address, "timeout_s", 0.2)
        await say(connection)
        frames = texts(await hear(connection, "SkipAnswer"))
        assert frames[0] == "user: hello"
        responder = responder_of(server)
        object.__setattr__(responder._address, "timeout_s", 20)
        await say(connection)
        assert texts(await hear(connection, "assistant"))[-1] == "assistant: Better."
    (error,) = errors_of(caplog)
    assert isinstance(error, EndpointError)
    with pytest.raises(EndpointError, match=f"^OpenAIRealtime: {endpoint.url} .*{words}"):
        raise error
    assert KEY not in caplog.text
    (shown,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert shown.exc_info is not None
    assert shown.exc_info[2] is None, "what helps are the words, and no frame of a library"


@pytest.mark.parametrize(
    ("options", "words", "status"),
    [
        ({"refuse": 401}, r"refused the key; give api_key=….* \(401: go away …\)", 401),
        ({"refuse": 429}, "takes no more requests now", 429),
        ({"refuse": 500}, r"failed \(500", 500),
        (
            {"first": {"type": "error", "error": {"message": "no such model"}}},
            "refused the session: no such model",
            None,
        ),
        ({"first": "hello"}, "sent what is no event", None),
    ],
)
async def test_a_session_that_cannot_be_is_an_error_and_skip_answer_and_is_tried_again(
    options: Any, words: str, status: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = Endpoint([Say("Now.", sound(0.1))], **options)
    async with endpoint, call_of(endpoint) as (_, connection):
        (error,) = errors_of(caplog)
        endpoint.refuse = endpoint.first = None
        await say(connection)
        assert texts(await hear(connection, "assistant")) == ["user: hello", "assistant: Now."]
    assert isinstance(error, EndpointError)
    assert error.status == status
    with pytest.raises(EndpointError, match=words):
        raise error
    assert KEY not in caplog.text


async def test_an_endpoint_that_is_not_there_is_named(caplog: pytest.LogCaptureFixture) -> None:
    endpoint = Endpoint([])
    async with endpoint:
        pass
    async with call_of(endpoint) as (_, connection):
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["SkipAnswer"]
    for error in errors_of(caplog):
        assert str(error).startswith(f"OpenAIRealtime: {endpoint.url} cannot be reached")


async def test_a_session_that_cannot_be_as_it_is_wanted_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    endpoint = Endpoint([Say("Now.", sound(0.1))])
    endpoint.refuse_update = "Invalid value: 'nobody'. Supported values are: 'marin'"
    async with endpoint, call_of(endpoint, voice="nobody") as (_, connection):
        assert "refused the session: Invalid value: 'nobody'." in str(errors_of(caplog)[0])
        endpoint.refuse_update = None
        await say(connection)
        assert texts(await hear(connection, "assistant")) == ["user: hello", "assistant: Now."]


async def test_an_endpoint_that_does_not_say_that_it_accepts_the_session_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("micdrop_widget.agents.realtime.session._UPDATE_LIMIT_S", 0.01)
    endpoint = Endpoint([Say("Now.", sound(0.1))])
    endpoint.refuse_update = ""
    async with endpoint, call_of(endpoint) as (_, connection):
        await say(connection)
        assert texts(await hear(connection, "assistant")) == ["user: hello", "assistant: Now."]


async def test_the_key_follows_no_redirect(caplog: pytest.LogCaptureFixture) -> None:
    async with Endpoint([]) as other, Endpoint([], redirect=other.url) as endpoint, call_of(endpoint):
        assert len(endpoint.requests) == 1
        assert other.requests == []
    (error,) = errors_of(caplog)
    assert isinstance(error, EndpointError)
    assert error.status == 307


async def test_an_endpoint_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    tls, certificate = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with Endpoint([Say("Hi.", sound(0.1))], tls=tls) as endpoint:
        assert endpoint.url.startswith("wss://")
        async with call_of(endpoint, ssl=trusting) as (_, connection):
            await say(connection)
            assert texts(await hear(connection, "assistant")) == ["user: hello", "assistant: Hi."]


async def test_an_endpoint_whose_certificate_nobody_signed_is_not_trusted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls, _ = self_signed(tmp_path)
    async with Endpoint([], tls=tls) as endpoint, call_of(endpoint):
        pass
    assert "certificate" in str(errors_of(caplog)[0])
    assert endpoint.sessions == []


async def test_a_session_that_ended_is_followed_by_one_that_knows_what_was_said() -> None:
    endpoint = Endpoint(
        [Say("Nice to meet you.", sound(0.1)), CUT], [Say("Ann.", sound(0.1))], transcripts=["I am Ann"]
    )
    async with endpoint, call_of(endpoint) as (server, connection):
        await say(connection)
        await hear(connection, "SkipAnswer")
        pass_time(server, 9)
        await say(connection)
        assert texts(await hear(connection, "assistant"))[-1] == "assistant: Ann."
        told = [event["item"] for event in endpoint.session.of("conversation.item.create")]
    assert len(endpoint.sessions) == 2
    assert [(item["role"], item["content"]) for item in told] == [
        ("user", [{"type": "input_text", "text": "I am Ann"}]),
        ("assistant", [{"type": "output_text", "text": "Nice to meet you."}]),
    ]


async def test_a_session_that_ends_while_the_user_speaks_loses_nothing_of_it() -> None:
    endpoint = Endpoint([Say("Yes.", sound(0.1))])
    async with endpoint, call_of(endpoint) as (_, connection):
        await connection.send("StartSpeaking")
        await connection.send(tone(1600, 5).astype("<i2").tobytes())
        await until(lambda: endpoint.session.buffer)
        await endpoint.session._connection.close()
        await connection.send(tone(1600, 6).astype("<i2").tobytes())
        await connection.send("StopSpeaking")
        assert texts(await hear(connection, "assistant")) == ["user: hello", "assistant: Yes."]
        up = Resampler(16_000, 24_000)
        whole = np.concatenate([up.push(np.concatenate([tone(1600, 5), tone(1600, 6)])), up.finish()])
        assert np.array_equal(endpoint.session.committed[0], whole)


async def test_the_session_ends_with_the_call() -> None:
    async with Endpoint([]) as endpoint:
        async with call_of(endpoint):
            pass
        await until(lambda: endpoint.session._connection.close_code is not None)


# At the server


async def test_a_cell_that_runs_again_answers_by_the_new_model_which_knows_what_was_said() -> None:
    old, new = Endpoint([Say("Old.", sound(0.1))]), Endpoint([Say("New.", sound(0.1))])
    async with old, new, call_of(old) as (server, connection):
        await say(connection)
        assert texts(await hear(connection, "assistant"))[-1] == "assistant: Old."
        server.calls[0].change_responder(MicdropServer(model(new))._service.make_responder)
        pass_time(server, 9)
        await until(lambda: old.session._connection.close_code is not None)
        await say(connection)
        assert texts(await hear(connection, "assistant"))[-1] == "assistant: New."
        told = [event["item"]["content"][0]["text"] for event in new.session.of("conversation.item.create")]
    assert told == ["hello", "Old."]


def test_a_server_says_by_what_it_answers_and_who_can_reach_its_tools(caplog: pytest.LogCaptureFixture) -> None:
    agent = OpenAIRealtime("gpt", url="ws://localhost:1/v1/realtime?api_key=secret", api_key=KEY)
    with MicdropServer(agent, tools=[add]) as server:
        assert server.parts == "<OpenAIRealtime gpt at ws://localhost:1/v1/realtime>, tool add"
        assert f"{server.url} can be called by programs of this machine and no web page; its agent may use add" in (
            caplog.text
        )


@pytest.mark.parametrize("greeting", ["default", None, SkipAnswer, SkipAnswer()])
async def test_without_a_greeting_the_call_begins_when_the_session_is_there(greeting: Any) -> None:
    async with Endpoint([]) as endpoint, call_of(endpoint, greeting=greeting) as (_, _connection):
        assert endpoint.session.received[0]["type"] == "session.update"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"url": "http://localhost"}, ValueError, "url: expected ws:// or wss://"),
        ({}, ValueError, "expected api_key=…, or OPENAI_API_KEY in the environment, or url="),
        ({"api_key": KEY, "input_sample_rate": 24}, ValueError, "input_sample_rate: expected a rate in Hz"),
        ({"api_key": KEY, "timeout_s": 0}, ValueError, "timeout_s: expected a positive number"),
        (
            {"api_key": KEY, "await_transcript": True, "transcription_model": None},
            ValueError,
            "await_transcript: expected a transcription_model",
        ),
    ],
)
def test_options_are_checked(options: Any, error: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(error, match=words):
        OpenAIRealtime("gpt", **options)


def test_a_greeting_is_a_text_that_the_model_says() -> None:
    agent = OpenAIRealtime("gpt", url="ws://localhost:1/v1/realtime")
    with pytest.raises(TypeError, match="greeting: expected a text, which the model says, got function"):
        MicdropServer(agent, greeting=lambda: "Hi.")


def test_the_key_of_the_environment_goes_to_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert OpenAIRealtime("gpt")._address.headers == {"Authorization": f"Bearer {KEY}"}
    assert OpenAIRealtime("gpt")._address.url == "wss://api.openai.com/v1/realtime?model=gpt"
    assert OpenAIRealtime("gpt", url="ws://localhost:1/v1/realtime")._address.headers == {}
    assert KEY not in repr(OpenAIRealtime("gpt")) + repr(OpenAIRealtime("gpt")._address)


async def test_the_stand_in_speaks_as_the_reference_has_it() -> None:
    realtime = pytest.importorskip("openai.types.realtime.realtime_server_event", reason="the extra `openai`")
    from pydantic import TypeAdapter
    from websockets.asyncio.client import connect

    adapter: Any = TypeAdapter(realtime.RealtimeServerEvent)
    endpoint = Endpoint([Say("Hi.", sound(0.1)), Call("a", "add", "{}")], [Fail("no")])
    kinds: list[str] = []
    async with endpoint, connect(endpoint.url, proxy=None) as connection:
        audio = "A" * 6400
        for event in (
            {"type": "input_audio_buffer.append", "audio": audio},
            {"type": "input_audio_buffer.commit"},
            {"type": "response.create"},
            {"type": "response.cancel"},
        ):
            await connection.send(json.dumps(event))
            if event["type"] == "response.create":
                while kinds[-1:] != ["response.done"]:
                    received = json.loads(await connection.recv())
                    kinds.append(received["type"])
                    if received["type"] != "session.created":
                        adapter.validate_python(received)
        received = json.loads(await connection.recv())
        assert adapter.validate_python(received).type == "error"
    assert kinds[:3] == [
        "session.created",
        "input_audio_buffer.committed",
        f"{'conversation.item'}.input_audio_transcription.completed",
    ]
    assert {"response.output_audio.delta", "response.output_audio_transcript.delta"} <= set(kinds)


async def test_the_stages_of_an_answer_are_timed() -> None:
    endpoint = Endpoint([Say("Hi.", sound(0.1))])
    async with endpoint, call_of(endpoint) as (_, connection):
        await say(connection)
        times = (await metadata_of(connection, "assistant"))["stage_times_ms"]
    assert list(times) == ["stt", "first_text", "first_audio", "end"]
    assert list(times.values()) == sorted(times.values())
