"""The whole call against the embedded server: what was spoken goes out whole, and comes back as it was."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise

import pytest

from micdrop_widget import MicdropClient, MicdropServer, Turn
from micdrop_widget.audio import pcm_to_bytes
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource, Pace
from micdrop_widget.protocol import TextMessage
from micdrop_widget.server import ServerCall
from micdrop_widget.vad import VadName
from tests.harness.callers import Events, utterances
from tests.harness.spoken import Spoken, spoken

pytestmark = pytest.mark.usefixtures("clean_loop")


@dataclass
class Held:
    """What is left of a call."""

    frames: list[str | bytes]
    turns: tuple[Turn, ...]
    events: Events
    heard: bytes

    @property
    def positions(self) -> list[tuple[int, int, int | None]]:
        return [(turn.start_sample, turn.confirmed_sample, turn.end_sample) for turn in self.turns]


async def hold_call(file: Spoken, pace: Pace, vad: list[VadName] | None = None) -> Held:
    """Speak a file into a call with the echo server, and hear its last answer to the end."""
    frames: list[str | bytes] = []

    def note(_: ServerCall, frame: str | bytes) -> None:
        frames.append(frame)

    speaker = VirtualSpeaker(pace=pace, keep=True)
    async with MicdropServer(on_frame=note) as server:
        source = ArraySource(file.pcm, pace=pace)
        async with MicdropClient(server.url, source=source, sink=speaker, vad=vad or ["volume", "silero"]) as call:
            events = Events(call)
            answered = asyncio.Event()

            def count(*_: object) -> None:
                if sum(item.role == "assistant" for item in call.state.conversation) > len(file.sentences):
                    answered.set()

            call.on("Message", count)
            await call.start()
            await asyncio.wait_for(answered.wait(), 60)
            await call.until(isAssistantSpeaking=False, isMicStarted=False, timeout=30)
            await call.stop()
            return Held(frames, tuple(call.turns), events, pcm_to_bytes(speaker.heard))


def assert_whole(file: Spoken, held: Held) -> None:
    """Check that each sentence went out once, whole, and as it was spoken."""
    utterances_sent = utterances(held.frames)
    assert len(utterances_sent) == len(file.sentences)
    assert len(held.turns) == len(file.sentences)
    for sentence, turn, sent in zip(file.sentences, held.turns, utterances_sent, strict=True):
        assert sent == pcm_to_bytes(file.pcm[turn.start_sample : turn.end_sample])
        assert turn.end_sample is not None
        assert turn.start_sample <= sentence.start_sample, "the head is missing"
        assert sentence.end_sample <= turn.end_sample, "the tail is missing"


@pytest.mark.parametrize("name", ["sentence", "two_sentences"])
async def test_each_sentence_is_one_utterance_that_equals_the_wav(name: str) -> None:
    file = spoken(name)
    held = await hold_call(file, "fast")
    assert_whole(file, held)
    assert held.events.errors == []


@pytest.mark.timeout(90)
@pytest.mark.alone
async def test_real_time_gives_the_same_utterances_at_the_same_samples_as_fast() -> None:
    """Both files at once: sixteen seconds of them are real."""
    files = [spoken("sentence"), spoken("two_sentences")]
    real = await asyncio.gather(*(hold_call(file, "realtime") for file in files))
    fast = [await hold_call(file, "fast") for file in files]
    for file, in_real_time, at_once in zip(files, real, fast, strict=True):
        assert_whole(file, in_real_time)
        assert in_real_time.positions == at_once.positions
        assert utterances(in_real_time.frames) == utterances(at_once.frames)
        # Sentences six seconds apart leave time for each answer: the echo is heard whole.
        assert in_real_time.heard == b"".join(utterances(in_real_time.frames))


async def test_the_call_goes_through_the_states_of_a_call_in_order() -> None:
    held = await hold_call(spoken("sentence"), "fast")
    events = held.events
    assert events.course("isStarting") == [True, False]
    assert events.course("isStarted") == [False, True, False]
    assert events.course("isMicStarted") == [False, True, False]
    assert events.course("isUserSpeaking") == [False, True, False]
    assert events.course("isAssistantSpeaking") == [False, True, False]
    assert events.course("isReconnecting") == [False]
    (turn,) = held.turns
    times = [turn.confirmed_ms, turn.stopped_ms, turn.user_message_ms, turn.first_audio_ms, turn.heard_ms]
    assert all(before is not None and after is not None and before <= after for before, after in pairwise(times))
    assert turn.utterance_ms == len(held.heard) / 32
    assert not turn.interrupted


async def test_the_conversation_holds_the_greeting_and_both_sides() -> None:
    held = await hold_call(spoken("sentence"), "fast")
    seconds = len(held.heard) / 32_000
    said = [item for (item,) in held.events.of("Message")]
    assert said == [
        TextMessage("assistant", "Say something: I answer with your own voice."),
        TextMessage("user", f"({seconds:.1f} s of speech)"),
        TextMessage("assistant", f"(the same {seconds:.1f} s, in your own voice)"),
    ]
    assert held.events.states[-1].conversation == tuple(said), "it survives the end of the call"


async def test_several_calls_at_once_do_not_disturb_each_other() -> None:
    files = [spoken("sentence"), spoken("two_sentences"), spoken("sentence")]
    alone = [await hold_call(file, "fast", ["volume"]) for file in files[:2]]
    held = await asyncio.gather(*(hold_call(file, "fast", ["volume"]) for file in files))
    assert [call.positions for call in held] == [alone[0].positions, alone[1].positions, alone[0].positions]
    for file, call in zip(files, held, strict=True):
        assert_whole(file, call)
