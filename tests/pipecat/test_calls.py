"""Whole calls of our client with a Pipecat bot, in real time, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import pytest

pytest.importorskip("pipecat", reason="run scripts/pipecat: it needs an environment of its own")

from micdrop_widget import MicdropClient
from micdrop_widget.agents import HibariVoice, PocketsphinxEars
from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.testing import ScriptedMicrophone
from tests.pipecat.bot import Bot, running_bot, serving_bots

PHRASES = ["how much is seven times eight", "tell me a long story", "stop it please", "goodbye"]
STORY = "Once upon a time there was a king. He had three daughters. They lived in a castle. And it was very cold there."


@cache
def ears() -> PocketsphinxEars:
    return PocketsphinxEars(grammar=PHRASES)


@cache
def voice() -> HibariVoice:
    return HibariVoice()


@cache
def spoken(text: str) -> Pcm:
    rate, samples = voice()(text)
    return as_pcm(samples, rate)


def mind(text: str) -> str:
    return {
        "how much is seven times eight": "That is fifty six.",
        "tell me a long story": STORY,
        "stop it please": "All right.",
        "goodbye": "Goodbye, my friend.",
    }[text]


@asynccontextmanager
async def calling(
    hear: Callable[[Pcm], str] | None = None, **options: Any
) -> AsyncIterator[tuple[MicdropClient, ScriptedMicrophone, VirtualSpeaker, Bot]]:
    mic, speaker = ScriptedMicrophone(), VirtualSpeaker(keep=True)
    async with (
        running_bot(mind, hear or ears(), voice()) as (url, bot),
        MicdropClient(url, source=mic, sink=speaker, **options) as call,
    ):
        await call.start()
        yield call, mic, speaker, bot


def said(call: MicdropClient) -> list[tuple[str, str]]:
    return [(item.role, getattr(item, "content", "")) for item in call.state.conversation]


async def test_a_question_is_understood_and_its_answer_is_heard() -> None:
    async with calling(params={"authorization": "Bearer x"}) as (call, mic, speaker, bot):
        settled = call.wait_for("Turn", timeout=20)
        await mic.say(spoken("how much is seven times eight?"))
        turn = await settled
        assert said(call) == [("user", "how much is seven times eight"), ("assistant", "That is fifty six.")]
        assert "fifty six" in PocketsphinxEars()(speaker.heard)
        assert turn.reply_latency_ms is not None
        assert bot.brain.params == [{"params": {"authorization": "Bearer x"}}]
        sent = turn.utterance_ms
        assert sent is not None
        assert bot.ears.segments == [round(sent * 16)], "the whole utterance, and nothing else, was heard"


async def test_an_interruption_flushes_the_answer_and_is_answered_itself() -> None:
    async with calling() as (call, mic, speaker, bot):
        await mic.say(spoken("tell me a long story."))
        await call.until(isAssistantSpeaking=True, timeout=20)
        await asyncio.sleep(1)
        answered = call.wait_for("Message", lambda item: getattr(item, "content", "") == "All right.", timeout=20)
        await mic.say(spoken("stop it please."))
        await answered
        await call.until(isListening=True, timeout=10)
        first, second = (turn for turn in call.turns if turn.kind == "user")
        assert first.interrupted
        assert first.answer_heard_ms is not None
        assert first.answer_heard_ms < len(spoken(STORY)) / 16 - 1000
        assert not second.interrupted
        assert bot.brain.interruptions >= 2
        heard = PocketsphinxEars()(speaker.heard)
        assert "cold there" not in heard


async def test_a_pause_cancels_the_answer() -> None:
    async with calling() as (call, mic, _, bot):
        await mic.say(spoken("tell me a long story."))
        await call.until(isAssistantSpeaking=True, timeout=20)
        before = bot.brain.interruptions
        await call.pause()
        await asyncio.sleep(0.5)
        assert bot.brain.interruptions == before + 1
        await call.resume()
        answered = call.wait_for(
            "Message", lambda item: getattr(item, "content", "") == "That is fifty six.", timeout=20
        )
        await mic.say(spoken("how much is seven times eight?"))
        await answered


async def test_what_is_not_understood_is_skipped_and_the_call_listens_again() -> None:
    async with calling(lambda utterance: "") as (call, mic, _, bot):
        settled = call.wait_for("Turn", timeout=20)
        await mic.say(spoken("how much is seven times eight?"))
        assert (await settled).skipped
        assert call.state.isListening
        assert len(bot.ears.segments) == 1
        assert said(call) == []


async def test_the_goodbye_is_heard_and_the_bot_ends_the_call() -> None:
    async with calling() as (call, mic, speaker, _):
        ended = call.wait_for("EndCall", timeout=20)
        await mic.say(spoken("goodbye."))
        await ended
        await call.stop(graceful=True)
        assert said(call)[0] == ("user", "goodbye")
        assert "my friend" in PocketsphinxEars()(speaker.heard)


async def test_two_calls_at_once_have_a_bot_each_behind_fastapi() -> None:
    async def hold_call(url: str, text: str) -> tuple[str | None, str | None]:
        mic = ScriptedMicrophone()
        async with MicdropClient(url, source=mic) as call:
            await call.start()
            settled = call.wait_for("Turn", timeout=30)
            await mic.say(spoken(text))
            turn = await settled
            return turn.user_text, turn.assistant_text

    async with serving_bots(mind, ears(), voice()) as url:
        held = await asyncio.gather(hold_call(url, "how much is seven times eight?"), hold_call(url, "stop it please."))
    assert list(held) == [("how much is seven times eight", "That is fifty six."), ("stop it please", "All right.")]
