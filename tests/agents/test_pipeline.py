"""What a server of parts says on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from micdrop_widget import MicdropServer
from micdrop_widget.agents import (
    INTERRUPTED,
    CancelLastUserMessage,
    Classification,
    EndCall,
    SkipAnswer,
    Tool,
    ToolCall,
)
from micdrop_widget.agents.pipeline import Pipeline
from micdrop_widget.audio import Pcm
from tests.agents.wire import hear, metadata_of, say, tone
from tests.harness.leaks import until
from tests.harness.plain_client import caller, ready
from tests.harness.servers import closed_port

pytestmark = pytest.mark.usefixtures("clean_loop")


def ears(utterance: Pcm) -> str:
    return "hello"


def voice(sentence: str) -> Pcm:
    return tone(3200, ord(sentence[0]))


def pass_time(server: MicdropServer, seconds: float) -> None:
    """Let the user hear for this time."""
    responder = server.calls[0].responder
    assert isinstance(responder, Pipeline)
    responder._playback._end_s -= seconds


def conversation_of(server: MicdropServer) -> list[dict[str, Any]]:
    responder = server.calls[0].responder
    assert isinstance(responder, Pipeline)
    return responder.conversation


# Greeting


async def greet_later(call: Any) -> str:
    await asyncio.sleep(0)
    return f"Hi, {call.params['name']}."


@pytest.mark.parametrize("greeting", ["Hi, Ann.", lambda: "Hi, Ann.", greet_later, lambda: iter(["Hi, ", "Ann."])])
async def test_a_greeting_is_spoken_and_stands_in_the_conversation(greeting: Any) -> None:
    seen: list[Any] = []
    server = MicdropServer(stt=ears, agent=seen.append, tts=voice, greeting=greeting, check_params=lambda params: None)
    async with server, caller(server) as connection:
        await connection.send('{"name": "Ann"}')
        assert await hear(connection, "assistant") == [f"audio {ord('H')}", "assistant: Hi, Ann."]
        pass_time(server, 1)
        await say(connection)
        await hear(connection, "SkipAnswer")
        await until(lambda: seen)
    assert seen == [[{"role": "assistant", "content": "Hi, Ann."}, {"role": "user", "content": "hello"}]]


async def test_without_a_voice_a_greeting_is_a_text_and_skip_answer() -> None:
    async with MicdropServer(stt=ears, greeting="Hi.") as server, caller(server) as connection:
        assert await hear(connection, "SkipAnswer") == ["assistant: Hi.", "SkipAnswer"]


# Answers


@pytest.mark.parametrize("heard", ["", "  \n", None])
async def test_an_empty_transcript_is_skipped_without_a_message(heard: Any) -> None:
    async with MicdropServer(stt=lambda utterance: heard, agent=lambda c: "no") as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["SkipAnswer"]
        assert conversation_of(server) == []


@pytest.mark.parametrize("answer", [None, "", SkipAnswer, SkipAnswer(), [], ["", None]])
async def test_no_answer_is_skip_answer(answer: Any) -> None:
    async with MicdropServer(stt=ears, agent=lambda c: answer, tts=voice) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["user: hello", "SkipAnswer"]
        assert conversation_of(server) == [{"role": "user", "content": "hello"}]


async def test_the_first_sentence_is_heard_while_the_rest_is_written() -> None:
    heard = threading.Event()

    def agent(conversation: Any) -> Iterator[str]:
        yield "First. S"
        assert heard.wait(5), "the first sentence was not sent before the rest was written"
        yield "econd."

    async with MicdropServer(stt=ears, agent=agent, tts=voice) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "audio") == ["user: hello", f"audio {ord('F')}"]
        heard.set()
        assert (await hear(connection, "assistant"))[-2:] == [f"audio {ord('S')}", "assistant: First. Second."]


async def test_partial_messages_come_on_request_and_hold_the_whole_answer_so_far() -> None:
    def agent(conversation: Any) -> Iterator[str]:
        yield from ("One", " two", ".")

    parts: dict[str, Any] = {"stt": ears, "agent": agent}
    async with MicdropServer(**parts, partial_messages=True) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert (await hear(connection, "assistant"))[1:-1] == [
            f'PartialAssistantMessage "{text}"' for text in ("One", "One two", "One two.")
        ]
    async with MicdropServer(**parts) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["user: hello", "assistant: One two.", "SkipAnswer"]


async def test_the_cutter_is_replaceable() -> None:
    def by_word(text: str, complete: bool) -> tuple[list[str], str]:
        *whole, rest = text.split(" ")
        return ([*whole, rest], "") if complete else (whole, rest)

    server = MicdropServer(stt=ears, agent=lambda c: "a b c", tts=voice, cut_sentences=by_word)
    async with server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert (await hear(connection, "assistant"))[1:-1] == [f"audio {ord(letter)}" for letter in "abc"]


async def test_a_classification_is_passed_on_and_noise_takes_the_users_message_back() -> None:
    def agent(conversation: Any) -> Iterator[Any]:
        yield Classification("hello", "noise", 3.0)
        yield CancelLastUserMessage

    async with MicdropServer(stt=ears, agent=agent) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "SkipAnswer") == [
            "user: hello",
            'Classification {"duration": 3.0, "input": "hello", "result": "noise"}',
            "CancelLastUserMessage",
            "SkipAnswer",
        ]
        assert conversation_of(server) == []


@pytest.mark.parametrize("by_call", [False, True])
async def test_end_call_is_sent_behind_the_goodbye(by_call: bool) -> None:
    def agent(conversation: Any, call: Any) -> Any:
        if by_call:
            call.end_call()
            return "Bye."
        return "Bye.", EndCall

    async with MicdropServer(stt=ears, agent=agent, tts=voice) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "EndCall") == ["user: hello", f"audio {ord('B')}", "assistant: Bye.", "EndCall"]


async def test_say_speaks_without_being_asked_and_stands_in_the_conversation() -> None:
    async with MicdropServer(stt=ears, agent=lambda c: None, tts=voice) as server, caller(server) as connection:
        await ready(connection)
        server.calls[0].say("Time is up. Really.")
        heard = await hear(connection, "assistant")
        assert heard == [f"audio {ord('T')}", f"audio {ord('R')}", "assistant: Time is up. Really."]
        await until(lambda: conversation_of(server))
        assert conversation_of(server) == [{"role": "assistant", "content": "Time is up. Really."}]


# Tools


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calculating(as_chat: bool) -> Any:
    """Return an agent that adds by the tool, and says what came out."""

    def agent(conversation: list[dict[str, Any]], tools: list[Tool]) -> Any:
        assert [tool.name for tool in tools] == ["add"]
        if conversation[-1]["role"] == "tool":
            return f"It is {conversation[-1]['content']}."
        if as_chat:
            function = {"name": "add", "arguments": '{"a": 1, "b": 2}'}
            calls = [{"id": "x", "type": "function", "function": function}]
            return {"role": "assistant", "content": "Wait.", "tool_calls": calls}
        return "Wait.", ToolCall("add", {"a": 1, "b": 2})

    return agent


@pytest.mark.parametrize("as_chat", [False, True])
async def test_a_tool_is_used_and_the_agent_asked_again_with_its_result(as_chat: bool) -> None:
    server = MicdropServer(stt=ears, agent=calculating(as_chat), tools=[add], tts=voice)
    async with server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "assistant") == [
            "user: hello",
            f"audio {ord('W')}",
            f"audio {ord('I')}",
            "assistant: Wait. It is 3.",
        ]
        await until(lambda: len(conversation_of(server)) == 4)
        _, asked, result, said = conversation_of(server)
        (request,) = asked["tool_calls"]
        assert asked["content"] == "Wait."
        assert request["function"]["name"] == "add"
        assert json.loads(request["function"]["arguments"]) == {"a": 1, "b": 2}
        assert result == {"role": "tool", "tool_call_id": request["id"], "content": "3"}
        assert said == {"role": "assistant", "content": "It is 3."}


async def test_a_tool_call_is_emitted_to_the_client_when_asked() -> None:
    server = MicdropServer(stt=ears, agent=calculating(as_chat=True), tools=[Tool(add, emit=True)])
    async with server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        called = {"parameters": '{"a": 1, "b": 2}', "role": "tool_call", "toolCallId": "x", "toolName": "add"}
        heard = await hear(connection, "assistant")
        assert heard[1:4] == [
            f"Message {json.dumps(called, sort_keys=True)}",
            'ToolCall {"name": "add", "output": 3, "parameters": {"a": 1, "b": 2}}',
            'Message {"output": "3", "role": "tool_result", "toolCallId": "x", "toolName": "add"}',
        ]


async def test_a_tool_that_is_not_there_is_an_error_for_the_agent_and_rounds_are_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[str] = []

    def agent(conversation: list[dict[str, Any]]) -> ToolCall:
        seen.append(conversation[-1]["content"])
        return ToolCall("nothing")

    async with MicdropServer(stt=ears, agent=agent) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["user: hello", "SkipAnswer"]
    assert seen == ["hello"] + ['{"error": "no tool \'nothing\'"}'] * 7
    assert "called tools 8 times without an answer" in caplog.text


def test_a_server_with_tools_says_who_can_reach_it(caplog: pytest.LogCaptureFixture) -> None:
    with MicdropServer(stt=ears, agent=calculating(as_chat=True), tools=[add]) as server:
        url = server.url
    text = f"{url} can be called by programs of this machine and no web page; its agent may use add"
    assert text in caplog.text


def test_tools_that_are_given_later_are_announced_too(caplog: pytest.LogCaptureFixture) -> None:
    with MicdropServer(stt=ears, agent=calculating(as_chat=True)) as server:
        assert "can be called by" not in caplog.text
        server.tools = [add]
        text = f"{server.url} can be called by programs of this machine and no web page; its agent may use add"
    assert text in caplog.text


# Failures


@pytest.mark.parametrize("part", ["stt", "agent", "tts"])
async def test_a_part_that_fails_ends_its_answer_with_skip_answer_and_is_heard_by_nobody_else(
    part: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = True

    def maybe_broken(argument: Any) -> Any:
        if broken:
            raise ZeroDivisionError(f"in {part}")
        return {"stt": "hello", "agent": "Fine.", "tts": tone(3200, 70)}[part]

    parts: dict[str, Any] = {"stt": ears, "agent": lambda c: "Fine.", "tts": voice, part: maybe_broken}
    async with MicdropServer(**parts) as server, caller(server) as one, caller(server) as two:
        await asyncio.gather(ready(one), ready(two))
        await say(one)
        assert (await hear(one, "SkipAnswer"))[-1] == "SkipAnswer"
        broken = False
        for connection in (one, two):
            await say(connection)
            assert await hear(connection, "assistant") == ["user: hello", "audio 70", "assistant: Fine."]
    assert f"{part} failed" in caplog.text
    assert "in maybe_broken" in caplog.text
    assert "agents/part.py" not in caplog.text, "our own frames help nobody"


async def test_what_was_said_before_a_failure_stays_and_the_rest_does_not() -> None:
    def agent(conversation: Any) -> Iterator[str]:
        yield "Said. "
        assert spoken.wait(5)
        yield "Never said"
        raise ZeroDivisionError

    spoken = threading.Event()
    async with MicdropServer(stt=ears, agent=agent, tts=voice) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await hear(connection, "audio")
        spoken.set()
        assert (await hear(connection, "SkipAnswer"))[-2:] == ["assistant: Said.", "SkipAnswer"]
        assert conversation_of(server)[1:] == [{"role": "assistant", "content": "Said."}]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration, asyncio.CancelledError])
@pytest.mark.parametrize("later", [False, True])
async def test_no_exception_of_a_part_ends_the_server(error: type[BaseException], later: bool) -> None:
    async def async_agent(conversation: Any) -> str:
        raise error

    def agent(conversation: Any) -> str:
        raise error

    server = MicdropServer(stt=ears, agent=async_agent if later else agent)
    async with server, caller(server) as connection:
        await ready(connection)
        for _ in range(2):
            await say(connection)
            assert await hear(connection, "SkipAnswer") == ["user: hello", "SkipAnswer"]


# Stage times


async def test_the_stages_of_an_answer_are_timed_in_order() -> None:
    async with MicdropServer(stt=ears, agent=lambda c: "Yes. No.", tts=voice) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        assert list((await metadata_of(connection, "user"))["stage_times_ms"]) == ["stt"]
        times = (await metadata_of(connection, "assistant"))["stage_times_ms"]
        assert list(times) == ["stt", "first_text", "first_sentence", "first_audio", "end"]
        assert sorted(times.values()) == list(times.values())


# Changing


async def test_a_part_that_is_set_serves_the_next_answer() -> None:
    async with MicdropServer(stt=ears, agent=lambda c: "Old.", tts=voice) as server, caller(server) as connection:
        await ready(connection)
        for agent in ("Old.", "New.", "Newer."):
            if agent != "Old.":
                server.agent = lambda c, agent=agent: agent
            await say(connection)
            assert (await hear(connection, "assistant"))[-1] == f"assistant: {agent}"
        server.tts = lambda sentence: tone(100, 5)
        server.stt = lambda utterance: "anew"
        await say(connection)
        assert await hear(connection, "assistant") == ["user: anew", "audio 5", "assistant: Newer."]
        server.tts = None
        await say(connection)
        assert await hear(connection, "SkipAnswer") == ["user: anew", "assistant: Newer.", "SkipAnswer"]
        server.tools = [add]
        server.greeting = "Hi."
        assert [server.stt("x"), server.agent("x"), server.tts, server.greeting] == ["anew", "Newer.", None, "Hi."]
        assert server.parts == "stt, agent, tool add"
        with pytest.raises(TypeError, match="expected ears"):
            server.stt = None
        with pytest.raises(TypeError, match="agent: expected a function"):
            server.agent = 5
        assert server.agent("x") == "Newer."
    with pytest.raises(AttributeError, match="answers by respond"):
        MicdropServer().agent = ears


def test_a_cell_that_is_run_again_goes_on_with_the_conversation_of_its_calls() -> None:
    port = closed_port()
    servers: list[MicdropServer] = []

    def run_cell(number: int) -> None:
        def agent(conversation: Any) -> str:
            return f"{number} of {len(conversation)}"

        servers.append(MicdropServer(stt=ears, agent=agent, port=port).start())

    run_cell(1)
    with connect(servers[0].url) as connection:
        assert connection.recv() == "SkipAnswer"
        for number in (1, 2):
            if number == 2:
                run_cell(2)
            for frame in ("StartSpeaking", bytes(320), "StopSpeaking"):
                connection.send(frame)
            texts = [str(connection.recv()) for _ in range(3)]
            assert f'"content": "{number} of {2 * number - 1}"' in texts[1]
    servers[-1].stop()


# Interruption


async def interrupted_with(connection: Any, server: MicdropServer) -> list[dict[str, Any]]:
    """Interrupt, and return the conversation when the interruption has been noticed."""
    await connection.send("StartSpeaking")
    await until(lambda: server.calls[0].is_user_speaking)
    return [dict(message) for message in conversation_of(server)]


async def test_what_was_not_heard_is_not_in_the_conversation_and_what_was_is_marked() -> None:
    def long_voice(sentence: str) -> Pcm:
        return tone(16_000 * len(sentence.split()), ord(sentence[0]))  # a second for each word

    agent = lambda c: "One two. Three four five six. Seven."  # noqa: E731
    async with (
        MicdropServer(stt=ears, agent=agent, tts=long_voice, max_ahead_s=5) as server,
        caller(server) as connection,
    ):
        await ready(connection)
        await say(connection)
        responder = server.calls[0].responder
        assert isinstance(responder, Pipeline)
        await until(lambda: responder._playback.sent_samples > 16_000 * 5)
        pass_time(server, 3.5)
        conversation = await interrupted_with(connection, server)
        (said,) = conversation[1:]
        assert said == {"role": "assistant", "content": "One two. Three" + INTERRUPTED}
        heard = await hear(connection, "assistant")
        assert heard[-1] == f"assistant: One two. Three{INTERRUPTED}"


async def test_an_answer_that_nobody_heard_is_not_in_the_conversation() -> None:
    begun = asyncio.Event()

    async def endless(sentence: str) -> AsyncIterator[Pcm]:
        begun.set()
        await asyncio.Event().wait()
        yield tone(1)

    async with MicdropServer(stt=ears, agent=lambda c: "Yes.", tts=endless) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await asyncio.wait_for(begun.wait(), 5)
        assert await interrupted_with(connection, server) == [{"role": "user", "content": "hello"}]


async def test_an_answer_that_was_sent_whole_and_not_heard_whole_is_cut_too() -> None:
    server = MicdropServer(
        stt=ears, agent=lambda c: "One two three four.", tts=lambda s: tone(64_000), max_ahead_s=None
    )
    async with server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await hear(connection, "assistant")
        await until(lambda: not server.calls[0]._answer.is_under_way)
        pass_time(server, 2)
        conversation = await interrupted_with(connection, server)
        assert conversation[1:] == [{"role": "assistant", "content": "One" + INTERRUPTED}] or conversation[1:] == [
            {"role": "assistant", "content": "One two" + INTERRUPTED}
        ]


async def test_an_answer_that_was_heard_whole_stays_as_it_is() -> None:
    server = MicdropServer(stt=ears, agent=lambda c: "Yes.", tts=lambda s: tone(16))
    async with server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await hear(connection, "assistant")
        pass_time(server, 1)
        conversation = await interrupted_with(connection, server)
        assert conversation[1:] == [{"role": "assistant", "content": "Yes."}]


async def test_the_voice_is_not_sent_further_ahead_than_wanted() -> None:
    server = MicdropServer(stt=ears, agent=lambda c: "Yes.", tts=lambda s: tone(160_000), max_ahead_s=0.5)
    async with server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await hear(connection, "audio")
        responder = server.calls[0].responder
        assert isinstance(responder, Pipeline)
        loop = asyncio.get_running_loop()
        for _ in range(50):
            assert responder._playback.ahead_s(loop.time()) <= 0.5 + 0.1 + 0.001
            await asyncio.sleep(0.01)


async def test_the_agent_waits_for_the_voice() -> None:
    written: list[int] = []
    silent = asyncio.Event()

    async def agent(conversation: Any) -> AsyncIterator[str]:
        for number in range(1000):
            written.append(number)
            yield f"Sentence {number}. "

    async def mute(sentence: str) -> Pcm:
        await silent.wait()
        return tone(1600)

    async with MicdropServer(stt=ears, agent=agent, tts=mute) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await until(lambda: len(written) >= 10)
        for _ in range(300):
            await asyncio.sleep(0)
        assert len(written) == 10, "one is spoken, eight wait, and the agent waits with the next"


async def test_the_voice_waits_for_the_line() -> None:
    spoken: list[int] = []

    async def endless(sentence: str) -> AsyncIterator[Pcm]:
        while True:
            spoken.append(len(spoken))
            yield tone(1600)
            await asyncio.sleep(0)

    server = MicdropServer(stt=ears, agent=lambda c: "Yes.", tts=endless, max_ahead_s=0.5)
    async with server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await until(lambda: len(spoken) > 35)
        for _ in range(300):
            await asyncio.sleep(0)
            responder = server.calls[0].responder
            assert isinstance(responder, Pipeline)
            assert len(spoken) - responder._playback.sent_samples // 1600 <= 34, "32 pieces wait, and two are under way"


# However a part is written


class Blocking:
    """A part that blocks until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.closed = threading.Event()

    def function(self, argument: Any) -> str:
        self.begun.set()
        self.let_go.wait(10)
        return "too late"

    def generator(self, argument: Any) -> Iterator[str]:
        try:
            yield "Early. "
            self.begun.set()
            self.let_go.wait(10)
            yield "too late. "
        finally:
            self.closed.set()


@pytest.mark.parametrize(
    ("part", "shape"), [("stt", "function"), ("agent", "function"), ("agent", "generator"), ("tts", "function")]
)
async def test_the_late_result_of_a_function_that_blocks_is_thrown_away(part: str, shape: str) -> None:
    blocking = Blocking()
    parts: dict[str, Any] = {"stt": ears, "agent": lambda c: "Fine.", "tts": voice}
    async with MicdropServer(**{**parts, part: getattr(blocking, shape)}) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        await until(blocking.begun.is_set)
        await interrupted_with(connection, server)
        for name, function in parts.items():
            setattr(server, name, function)
        blocking.let_go.set()
        await connection.send("Mute")
        await say(connection)
        heard = await hear(connection, "assistant: Fine")
        assert not any("late" in text for text in heard)
        assert not any("late" in str(message) for message in conversation_of(server))
        if shape == "generator":
            await until(blocking.closed.is_set)


async def test_an_interruption_is_raised_at_the_next_await_of_every_async_part() -> None:
    for part in ("stt", "agent", "tts"):
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def endless(argument: Any, begun: asyncio.Event = begun, cancelled: asyncio.Event = cancelled) -> str:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
            return "never"

        parts: dict[str, Any] = {"stt": ears, "agent": lambda c: "Fine.", "tts": voice, part: endless}
        async with MicdropServer(**parts) as server, caller(server) as connection:
            await ready(connection)
            await say(connection)
            await asyncio.wait_for(begun.wait(), 5)
            await connection.send("StartSpeaking")
            await asyncio.wait_for(cancelled.wait(), 5)


async def test_no_thread_of_an_agent_is_left_when_its_answers_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micdrop_widget.agents.workers._IDLE_S", 0.01)

    def count() -> int:
        return sum(thread.name == "micdrop-agent" for thread in threading.enumerate())

    async with MicdropServer(stt=ears, agent=lambda c: "Yes.", tts=voice) as server, caller(server) as connection:
        await ready(connection)
        for _ in range(20):
            await say(connection)
            await hear(connection, "assistant")
    await until(lambda: count() == 0)


@pytest.mark.parametrize("seed", range(100))
async def test_after_an_interruption_at_any_moment_nothing_of_the_old_answer_comes(seed: int) -> None:
    chance = random.Random(seed)
    blocks = chance.random() < 0.5
    answers = iter(range(1, 1000))

    def hearing(utterance: Pcm) -> str:
        threading.Event().wait(chance.random() * 0.004)
        return f"turn {next(answers)}"

    async def agent(conversation: Any) -> AsyncIterator[str]:
        for word in ("A", f" {conversation[-1]['content']} b.", " C", " d."):
            await asyncio.sleep(chance.random() * 0.003)
            yield word

    def speaking(sentence: str) -> Iterator[Pcm]:
        number = int(next((word for word in sentence.split() if word.isdigit()), "0"))
        for _ in range(4):
            if blocks:
                threading.Event().wait(chance.random() * 0.003)
            yield tone(800, 100 + number)

    async with MicdropServer(stt=hearing, agent=agent, tts=speaking) as server, caller(server) as connection:
        await ready(connection)
        await say(connection)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(hear(connection, "assistant"), chance.random() * 0.04)
        await interrupted_with(connection, server)
        async with asyncio.timeout(5) if hasattr(asyncio, "timeout") else contextlib.AsyncExitStack():
            marker = "the interruption is through"
            await server.calls[0].send_message("system", marker)
            await hear(connection, f"system: {marker}")
        await say(connection)
        heard = await hear(connection, "assistant")
        number = heard[0].removeprefix("user: turn ")
        assert heard[0].startswith("user: turn "), "what was interrupted says nothing more"
        assert set(heard[1:-1]) <= {f"audio {100 + int(number)}", "audio 100"}
        assert heard[-1] == f"assistant: A turn {number} b. C d."
