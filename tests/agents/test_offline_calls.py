"""A conversation with the offline agent, in virtual time: another voice asks it, and its answers are heard again."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import pytest

from micdrop_widget import MicdropClient, MicdropServer
from micdrop_widget.agents import PocketsphinxEars, companion, number_in, offline_agent
from micdrop_widget.audio import Pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.testing import ScriptedMicrophone, in_virtual_time
from tests.harness.spoken import spoken

pytest.importorskip("pocketsphinx", reason="the extra `agent` is not installed")
pytest.importorskip("hibari", reason="the extra `agent` is not installed")

LONG = "Your time is up. The eggs are ready to be eaten. Please take them out of the water before they are cold."


@cache
def parts() -> dict[str, Any]:
    return offline_agent()


async def stt(utterance: Pcm) -> str:
    text: str = await asyncio.to_thread(parts()["stt"], utterance)  # a thread that the clock waits for
    return text


async def tts(sentence: str) -> Any:
    return await asyncio.to_thread(parts()["tts"], sentence)


async def agent(conversation: list[dict[str, Any]], call: Any) -> Any:
    """Answer as the companion does, but for the timer, which has more to say."""
    said = conversation[-1]["content"]
    if "timer" in said:
        asyncio.get_running_loop().call_later(number_in(said), call.say, LONG)
        return "The timer is set."
    return await companion(conversation, call)


@in_virtual_time
async def test_a_question_a_timer_that_is_interrupted_and_a_goodbye() -> None:
    questions, speaker, mic = spoken("questions"), VirtualSpeaker(keep=True), ScriptedMicrophone()
    ended: list[float] = []
    async with MicdropServer(stt=stt, agent=agent, tts=tts) as server:
        call = MicdropClient(server.url, source=mic, sink=speaker)
        call.on("EndCall", lambda: ended.append(asyncio.get_running_loop().time()))
        async with call:
            await call.start()
            await asyncio.sleep(1)
            await mic.say(questions.pcm_of(0))
            await asyncio.sleep(5)
            await mic.say(questions.pcm_of(1))
            await asyncio.sleep(5)
            await mic.say(questions.pcm_of(2))
            await asyncio.sleep(9)
            assert call.state.isAssistantSpeaking, "the timer speaks unprompted"
            await mic.say(questions.pcm_of(3))
            await asyncio.sleep(5)
            await mic.say(questions.pcm_of(4))
            await asyncio.sleep(1)
            await call.until(lambda _: bool(ended), timeout=10)
            await call.stop(graceful=True)
    said = [(item.role, getattr(item, "content", "")) for item in call.state.conversation]
    assert said[:6] == [
        ("user", "how much is seven times eight"),
        ("assistant", "That is 56."),
        ("user", "my name is mary"),
        ("assistant", "Nice to meet you, Mary."),
        ("user", "set a timer for five seconds"),
        ("assistant", "The timer is set."),
    ]
    assert said[-4:] == [
        ("user", "what is my name"),
        ("assistant", "You are Mary."),
        ("user", "goodbye"),
        ("assistant", "Goodbye, Mary."),
    ]
    assert [turn.kind for turn in call.turns] == ["user", "user", "user", "unprompted", "user", "user"]
    first, _, _, timer, _, goodbye = call.turns
    assert [turn.interrupted for turn in call.turns] == [False, False, False, True, False, False]
    assert timer.yield_ms is not None
    assert timer.yield_ms < 500
    assert first.reply_latency_ms is not None
    assert goodbye.answer_heard_ms == goodbye.answer_received_ms, "the goodbye is heard to its end"
    heard = PocketsphinxEars()(speaker.heard)
    for words in ("fifty six", "nice to meet you", "time is up"):
        assert words in heard
    assert heard.endswith("mary"), "the goodbye"
    assert "cold" not in heard, "what came after the interruption"


@in_virtual_time
async def test_twenty_calls_at_once_lose_nothing_and_leave_nothing() -> None:
    questions = spoken("questions")
    asked = [("how much is seven times eight", "That is 56."), ("my name is mary", "Nice to meet you, Mary.")]

    async def hold_call(url: str) -> list[tuple[str, str]]:
        mic = ScriptedMicrophone()
        async with MicdropClient(url, source=mic, record=False) as call:
            await call.start()
            for number in range(len(asked)):
                settled = call.wait_for("Turn", timeout=60)
                await mic.say(questions.pcm_of(number))
                await asyncio.sleep(1)
                turn = await settled
                assert turn.answer_heard_ms == turn.answer_received_ms
            return [(turn.user_text or "", turn.assistant_text or "") for turn in call.turns]

    before = asyncio.all_tasks()
    async with MicdropServer(stt=stt, agent=agent, tts=tts) as server:
        held = await asyncio.gather(*(hold_call(server.url) for _ in range(20)))
        await asyncio.sleep(1)
        assert len(server.calls) == 0
    assert held == [asked] * 20
    assert asyncio.all_tasks() == before
