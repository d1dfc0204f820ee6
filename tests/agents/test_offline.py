"""Ears and a voice without a network, and whole calls with them."""

from __future__ import annotations

import asyncio
import re
import threading
from functools import cache
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from micdrop_widget import MicdropClient, MicdropServer
from micdrop_widget.agents import HibariVoice, PocketsphinxEars, offline_agent
from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from tests.harness.callers import Mic, quiet
from tests.harness.leaks import until
from tests.harness.spoken import spoken as fixture

pytest.importorskip("pocketsphinx", reason="the extra `agent` is not installed")
pytest.importorskip("hibari", reason="the extra `agent` is not installed")

QUESTIONS = [
    "what time is it",
    "how much is seven times eight",
    "what is twenty three plus nineteen",
    "my name is anna",
    "what is my name",
    "set a timer for two seconds",
    "ask me a question",
    "what can you do",
    "goodbye",
]


@cache
def voice() -> HibariVoice:
    return HibariVoice()


@cache
def parts() -> dict[str, Any]:
    return offline_agent()


def spoken(text: str) -> Pcm:
    rate, samples = voice()(text)
    return np.concatenate([quiet(16), as_pcm(samples, rate), quiet(40)])


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_is_understood_as_it_arrives(question: str) -> None:
    stream = parts()["stt"].open()
    pcm = spoken(question)
    for start in range(0, len(pcm), 1600):
        stream.push(pcm[start : start + 1600])
    assert stream.finish() == question


@pytest.mark.parametrize("number", range(5))
def test_a_voice_made_of_a_persons_recordings_is_understood(number: int) -> None:
    questions = fixture("questions")
    expected = re.sub("[^a-z ]", "", questions.sentences[number].text.lower())
    pcm = np.concatenate([quiet(10), questions.pcm_of(number), quiet(20)])
    assert parts()["stt"](pcm) == expected


def test_free_speech_is_understood_too() -> None:
    ears = PocketsphinxEars()
    heard = [ears(spoken(question)).split() for question in QUESTIONS]
    right = sum(word in words for question, words in zip(QUESTIONS, heard, strict=True) for word in question.split())
    # 36 of 39 words most of the time: the voice does not say a sentence twice in the same way
    assert right >= 0.8 * sum(len(question.split()) for question in QUESTIONS)


def test_keywords_are_heard_among_other_words() -> None:
    ears = PocketsphinxEars(keywords=["goodbye", "timer"])
    assert ears(spoken("set a timer for two seconds")) == "timer"
    assert ears(spoken("well then, goodbye")) == "goodbye"
    assert ears(quiet(30)) == ""


def test_what_is_none_of_the_phrases_is_heard_as_something_else() -> None:
    ears = PocketsphinxEars(grammar=["goodbye"], otherwise="something else")
    assert ears(spoken("the weather is very nice in the mountains today")) == "something else"
    assert ears(spoken("goodbye")) == "goodbye"


def test_an_utterance_that_is_forgotten_leaves_ears_for_the_next() -> None:
    ears = PocketsphinxEars(grammar=["goodbye", "hello"])
    for _ in range(3):
        ears.open().push(spoken("hello"))
    assert ears(spoken("goodbye")) == "goodbye"
    assert ears._made == 1


def test_a_decoder_that_could_not_be_made_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = PocketsphinxEars(grammar=["goodbye", "hello"])
    first = ears.open()
    with monkeypatch.context() as no_memory:
        no_memory.setattr(ears, "_make_decoder", Mock(side_effect=MemoryError))
        with pytest.raises(MemoryError):
            ears.open()
    assert ears._made == 1
    second = ears.open()
    for stream in (first, second):
        stream.push(spoken("hello"))
    assert (first.finish(), second.finish()) == ("hello", "hello")


def test_utterances_of_several_calls_are_heard_at_once() -> None:
    ears = PocketsphinxEars(grammar=QUESTIONS)
    heard: dict[str, str] = {}

    def hear(question: str) -> None:
        heard[question] = ears(spoken(question))

    threads = [threading.Thread(target=hear, args=(question,)) for question in QUESTIONS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {question: question for question in QUESTIONS}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"grammar": ["hello micdroppy"]}, "does not know how these are pronounced: micdroppy"),
        ({"keywords": ["micdroppy"]}, "does not know how these are pronounced: micdroppy"),
        ({"grammar": ["a"], "keywords": ["a"]}, "expected grammar or keywords"),
        ({"keywords": "hello"}, "expected a list"),
    ],
)
def test_ears_that_cannot_be_made_say_why(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PocketsphinxEars(**options)


def test_the_voice_has_a_pace() -> None:
    assert len(HibariVoice(speed=0.5)("Hello there.")[1]) > 1.5 * len(voice()("Hello there.")[1])
    with pytest.raises(ValueError, match=r"speed: expected 0\.5 to 2"):
        HibariVoice(speed=3)


# Whole calls


class Caller:
    """A caller who speaks with a synthetic voice, and understands what is answered."""

    def __init__(self, url: str) -> None:
        self.mic = Mic()
        self.speaker = VirtualSpeaker(keep=True)
        self.call = MicdropClient(url, source=self.mic, sink=self.speaker)
        self.read = 0

    async def answer(self) -> Pcm:
        """Return what is heard of the answer that comes."""
        await self.call.until(isAssistantSpeaking=True, timeout=30)
        await self.call.until(isAssistantSpeaking=False, timeout=30)
        heard = self.speaker.heard[self.read :]
        self.read += len(heard)
        return heard

    async def ask(self, question: str) -> Pcm:
        self.mic.say(spoken(question))
        return await self.answer()

    def texts(self, role: str) -> list[str]:
        return [item.content for item in self.call.state.conversation if item.role == role]  # type: ignore[union-attr]


@pytest.mark.alone
async def test_a_spoken_question_is_understood_and_so_is_the_spoken_answer() -> None:
    ears = PocketsphinxEars(grammar=["that is <number>", "nice to meet you anna", "you are anna"])
    async with MicdropServer(**parts()) as server:
        caller = Caller(server.url)
        async with caller.call as call:
            await call.start()
            assert "python" in PocketsphinxEars()(await caller.answer())
            for question, heard in (
                ("how much is seven times eight", "that is fifty six"),
                ("my name is anna", "nice to meet you anna"),
                ("what is twenty three plus nineteen", "that is forty two"),
            ):
                assert ears(await caller.ask(question)) == heard
                assert caller.texts("user")[-1] == question
            assert ears(await caller.ask("what is my name")) == "you are anna"
            times = call.turns[-1].stage_times_ms
            assert times is not None
            assert list(times) == ["stt", "first_text", "first_sentence", "first_audio", "end"]


@pytest.mark.alone
async def test_the_timer_speaks_unprompted_an_interruption_silences_it_and_goodbye_ends_the_call() -> None:
    async with MicdropServer(**{**parts(), "greeting": None}) as server:
        caller = Caller(server.url)
        ended = asyncio.Event()
        async with caller.call as call:
            call.on("EndCall", ended.set)
            await call.start()
            await caller.ask("set a timer for six seconds")
            assert "time is up" in PocketsphinxEars()(await caller.answer())
            assert caller.texts("assistant")[-1] == "Your time is up."
            caller.mic.say(spoken("what can you do"))
            await until(lambda: len(caller.speaker.heard) > caller.read + 24_000, 30)
            caller.mic.say(spoken("what is my name"))
            await until(lambda: caller.texts("assistant")[-1] == "You have not said it yet.", 30)
            await call.until(isAssistantSpeaking=False, timeout=30)
            heard = caller.speaker.heard[caller.read :]
            caller.read += len(heard)
            assert len(heard) < len(spoken("I know the time, sums, timers, a quiz, and your name.")), "it was silenced"
            assert caller.texts("assistant")[-2].endswith("[interrupted]")
            assert not ended.is_set()
            await caller.ask("goodbye")
            await asyncio.wait_for(ended.wait(), 10)
            assert caller.texts("assistant")[-1] == "Goodbye, my friend."


@pytest.mark.alone
async def test_twenty_calls_at_once_are_understood_and_answered() -> None:
    from tests.harness.plain_client import caller, ready

    pcm = spoken("how much is seven times eight").astype("<i2").tobytes()

    async def one(server: MicdropServer) -> list[str]:
        async with caller(server) as connection:
            await ready(connection)
            await connection.send("StartSpeaking")
            for start in range(0, len(pcm), 3200):
                await connection.send(pcm[start : start + 3200])
                await asyncio.sleep(0.05)
            await connection.send("StopSpeaking")
            texts: list[str] = []
            while len(texts) < 2:
                frame = await asyncio.wait_for(connection.recv(), 60)
                texts += [frame.split('"content": "')[1].split('"')[0]] if isinstance(frame, str) else []
            return texts

    async with MicdropServer(**{**parts(), "greeting": None}) as server:
        answers = await asyncio.gather(*(one(server) for _ in range(20)))
    assert answers == [["how much is seven times eight", "That is 56."]] * 20
