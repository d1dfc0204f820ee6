"""The turns of whole calls, on a clock that is virtual, against what was said, sent and heard, to a sample.

The user is heard in tones on the grid of the detector's windows, so that each time is known exactly: a tone is
confirmed 32 ms after it begins, and over 64 ms after it ends. The answer is sent 200 ms later, and heard 80 ms after it
has arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.measures.scene import Loudspeaker, ScriptedMicrophone
from micdrop_widget import MicdropClient, Recording, Turn
from micdrop_widget import protocol as wire
from micdrop_widget.audio import SAMPLE_RATE, Pcm, ms_to_samples
from micdrop_widget.history.turns import Turns
from micdrop_widget.testing import FaultyServer
from micdrop_widget.testing.faulty_call import FaultyCall
from micdrop_widget.testing.virtual_clock import in_virtual_time, run_in_virtual_time
from tests.harness.callers import LoudVAD

CONFIRMED, OVER, SERVER, PLAYOUT, LEAD_IN = 32.0, 64.0, 200.0, 80.0, 150.0


class _AlignedVAD(LoudVAD):
    """Five windows of pre-roll: where a tone begins, a frame of 10 ms does."""

    pre_roll_ms = 160.0


Script = Callable[[FaultyCall], Awaitable[None]]


def tone(milliseconds: float) -> Pcm:
    samples: Pcm = (8000 * np.sin(np.arange(ms_to_samples(milliseconds)) * 2 * np.pi * 800 / SAMPLE_RATE)).astype(
        np.int16
    )
    return samples


def answer(milliseconds: float) -> Pcm:
    """Return an answer that begins with silence."""
    return np.concatenate((np.zeros(ms_to_samples(LEAD_IN), np.int16), tone(milliseconds - LEAD_IN)))


def spoken(*tones: tuple[float, float], until_ms: float) -> Pcm:
    """Return silence with tones from one time to another; multiples of 160 ms, where the grids of all meet."""
    pcm = np.zeros(ms_to_samples(until_ms), np.int16)
    for start_ms, end_ms in tones:
        assert start_ms % 160 == end_ms % 160 == 0
        pcm[ms_to_samples(start_ms) : ms_to_samples(end_ms)] = tone(end_ms - start_ms)
    return pcm


async def reply(call: FaultyCall, milliseconds: float = 1000) -> None:
    """Wait for an utterance and answer it."""
    await call.utterance()
    await call.wait(SERVER / 1000)
    await call.message("user", "question")
    await call.answer(answer(milliseconds), pace=0)
    await call.message("assistant", "answer")


async def turns_of(*scripts: Script, microphone: ScriptedMicrophone, **options: Any) -> list[Turn]:
    """Hold a call for as long as the microphone gives something, and return its turns."""
    loop = asyncio.get_running_loop()
    async with FaultyServer(*scripts) as server:
        call = MicdropClient(
            server.url,
            source=microphone,
            sink=Loudspeaker(PLAYOUT / 1000),
            vad=_AlignedVAD(),
            record=False,
            ping_interval_s=None,
            **options,
        )
        async with call:
            began_s = loop.time()
            await call.start()
            assert microphone.began_s == began_s
            await asyncio.sleep(len(microphone.pcm) / SAMPLE_RATE)
            await call.stop()
    for turn in call.turns:
        parts = turn.endpointing_ms, turn.server_ms, turn.playout_ms, turn.lead_in_ms
        if None not in parts:
            assert turn.reply_latency_ms == sum(part for part in parts if part is not None)
    return list(call.turns)


def said(turn: Turn) -> tuple[float | None, ...]:
    """Return when the user's side of a turn was."""
    return turn.speech_start_ms, turn.confirmed_ms, turn.speech_end_ms, turn.stopped_ms


def answered(turn: Turn) -> tuple[float | None, ...]:
    """Return when the assistant's side of a turn was."""
    return turn.user_message_ms, turn.first_audio_ms, turn.heard_ms, turn.voiced_ms, turn.answer_end_ms


NOT_ANSWERED = (None, None, None, None, None)


def said_at(start_ms: float, end_ms: float) -> tuple[float, ...]:
    return start_ms, start_ms + CONFIRMED, end_ms, end_ms + OVER


def answered_at(sent_ms: float, end_ms: float) -> tuple[float, ...]:
    heard_ms = sent_ms + PLAYOUT
    return sent_ms, sent_ms, heard_ms, heard_ms + LEAD_IN, end_ms


@in_virtual_time
async def test_a_question_and_its_answer() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call)

    (turn,) = await turns_of(script, microphone=ScriptedMicrophone(spoken((1600, 2080), until_ms=6400)))
    assert said(turn) == said_at(1600, 2080)
    assert answered(turn) == answered_at(2344, 2344 + PLAYOUT + 1000)
    assert turn.reply_latency_ms == OVER + SERVER + PLAYOUT + LEAD_IN
    assert (turn.speech_ms, turn.answer_latency_ms, turn.transcription_ms) == (480, SERVER + PLAYOUT, SERVER)


@in_virtual_time
async def test_an_interruption_and_the_answer_that_it_cuts() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call, 8000)
        await reply(call)

    microphone = ScriptedMicrophone(spoken((1600, 2080), (4000, 4800), until_ms=8000))
    first, second = await turns_of(script, microphone=microphone)
    assert answered(first) == answered_at(2344, 4000 + CONFIRMED)
    assert (first.interrupted, first.interruption_start_ms, first.yield_ms) == (True, 4000, CONFIRMED)
    assert first.answer_heard_ms == 4000 + CONFIRMED - 2344 - PLAYOUT
    assert said(second) == said_at(4000, 4800)
    assert answered(second) == answered_at(5064, 5064 + PLAYOUT + 1000)
    assert (second.interrupted, second.yield_ms) == (False, None)


@in_virtual_time
async def test_a_turn_that_the_server_skips_has_no_answer_and_the_next_one_its_own() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.message("user", "hm")
        await call.send(wire.SkipAnswer())
        await reply(call)

    microphone = ScriptedMicrophone(spoken((1600, 2080), (3200, 3520), until_ms=6400))
    first, second = await turns_of(script, microphone=microphone)
    assert said(first) == said_at(1600, 2080)
    assert answered(first) == (2080 + OVER, None, None, None, None)
    assert (first.skipped, first.reply_latency_ms, first.user_text) == (True, None, "hm")
    assert said(second) == said_at(3200, 3520)
    assert answered(second) == answered_at(3784, 3784 + PLAYOUT + 1000)
    assert not second.skipped


@in_virtual_time
async def test_a_message_that_is_taken_back_makes_the_interruption_a_false_one() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call, 8000)
        await call.utterance()
        await call.message("user", "cough")
        await call.send(wire.CancelLastUserMessage())

    microphone = ScriptedMicrophone(spoken((1600, 2080), (4000, 4160), until_ms=6400))
    first, second = await turns_of(script, microphone=microphone)
    assert (first.interrupted, first.false_interruption, first.yield_ms) == (True, True, CONFIRMED)
    assert (second.cancelled, second.false_interruption) == (True, False)
    assert answered(second) == (4160 + OVER, None, None, None, None)


@in_virtual_time
async def test_a_lost_connection_takes_a_turn_with_it_and_no_time_of_another() -> None:
    async def first_script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call)
        await call.command("StartSpeaking")
        call.abort()

    async def second_script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call)

    microphone = ScriptedMicrophone(spoken((1600, 2080), (4000, 4480), (8000, 8480), until_ms=12_800))
    turns = await turns_of(first_script, second_script, microphone=microphone, reconnect={"delay_ms": 1000})
    assert [turn.kind for turn in turns] == ["user"] * 3
    assert answered(turns[0]) == answered_at(2344, 2344 + PLAYOUT + 1000)
    assert (turns[1].stopped_ms, turns[1].reply_latency_ms) == (None, None)
    assert answered(turns[1]) == NOT_ANSWERED
    assert said(turns[2]) == said_at(8000, 8480)
    assert answered(turns[2]) == answered_at(8744, 8744 + PLAYOUT + 1000)


@in_virtual_time
async def test_a_goodbye_is_measured_to_its_end() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.wait(SERVER / 1000)
        await call.message("user", "bye")
        await call.send(wire.EndCall())
        await call.answer(answer(1000), pace=0)
        await call.message("assistant", "goodbye")

    (turn,) = await turns_of(script, microphone=ScriptedMicrophone(spoken((1600, 2080), until_ms=6400)))
    assert said(turn) == said_at(1600, 2080)
    assert answered(turn) == answered_at(2344, 2344 + PLAYOUT + 1000)
    assert (turn.answer_heard_ms, turn.interrupted, turn.assistant_text) == (1000, False, "goodbye")


@in_virtual_time
async def test_a_microphone_on_hold_ends_the_turn_where_its_sound_ends() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call)
        await reply(call)

    pcm = spoken((1600, 2400), (4000, 4480), until_ms=8000)
    microphone = ScriptedMicrophone(pcm, stops_at=ms_to_samples(2080), stops_for_s=1.6)
    first, *rest = await turns_of(script, microphone=microphone)
    assert first.holds == 1
    assert first.speech_start_ms == pytest.approx(1600, abs=0.5)  # the clock of a microphone may drift meanwhile
    assert first.speech_end_ms == pytest.approx(2080, abs=0.5)
    assert first.stopped_ms is not None
    assert 2080 + 600 <= first.stopped_ms <= 2080 + 900
    assert first.reply_latency_ms == pytest.approx(first.stopped_ms - 2080 + SERVER + PLAYOUT + LEAD_IN, abs=0.5)
    # what was said after the hold was said later by its length
    assert said(rest[-1]) == pytest.approx(said_at(4000 + 1600, 4480 + 1600), abs=0.5)


@in_virtual_time
async def test_frames_that_are_held_up_make_a_person_no_slower() -> None:
    """Everything captured from 2.2 to 3.4 s arrives then, a question among it; and so do its commands."""

    async def script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call)
        await reply(call)

    pcm = spoken((2240, 2560), (4800, 5280), until_ms=8000)
    first, second = await turns_of(script, microphone=ScriptedMicrophone(pcm, held_up_s=(2.2, 3.4)))
    assert (first.speech_start_ms, first.speech_end_ms) == pytest.approx((2240, 2560), abs=0.5)
    assert (first.confirmed_ms, first.stopped_ms) == (3400, 3400)
    assert said(second) == pytest.approx(said_at(4800, 5280), abs=0.5)


@pytest.mark.parametrize("held_up_for_s", [0.3, 0.45, 0.6, 1.2, 1.9])
@pytest.mark.parametrize("pauses_for_s", [0.0, 0.7, 1.6])
def test_what_is_recorded_lies_where_the_times_of_the_turns_say(held_up_for_s: float, pauses_for_s: float) -> None:
    tones = ((960, 1280), (3040, 3360), (7040, 7520))
    microphone = ScriptedMicrophone(
        spoken(*tones, until_ms=9600),
        stops_at=ms_to_samples(4992) if pauses_for_s else None,
        stops_for_s=pauses_for_s,
        held_up_s=(2.2, 2.2 + held_up_for_s),
    )
    turns, recording = run_in_virtual_time(_recorded(microphone))
    is_sound = np.abs(recording.microphone.astype(int)) > 500
    for turn in turns:
        assert turn.speech_start_ms is not None
        assert turn.speech_end_ms is not None
        first, end = ms_to_samples(turn.speech_start_ms), ms_to_samples(turn.speech_end_ms)
        assert is_sound[first : first + 512].any()
        assert not is_sound[first - 2560 : first - 512].any()
        assert is_sound[end - 512 : end].any()
        assert not is_sound[end + 512 : end + 2560].any()
    assert len(turns) == len(tones)


async def _recorded(microphone: ScriptedMicrophone) -> tuple[Turns, Recording]:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await call.hold()

    async with FaultyServer(script) as server:
        call = MicdropClient(server.url, source=microphone, vad=_AlignedVAD(), ping_interval_s=None)
        async with call:
            await call.start()
            await asyncio.sleep(len(microphone.pcm) / SAMPLE_RATE + 2)
            await call.stop()
    assert call.recording is not None
    return call.turns, call.recording


@in_virtual_time
async def test_a_second_answer_to_one_turn_is_unprompted_and_leaves_the_first_as_it_was() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await reply(call)
        await call.wait(4)
        await call.answer(answer(500), pace=0)
        await call.message("assistant", "by the way")

    first, second = await turns_of(script, microphone=ScriptedMicrophone(spoken((1600, 2080), until_ms=9600)))
    assert answered(first) == answered_at(2344, 2344 + PLAYOUT + 1000)
    assert second.kind == "unprompted"
    assert said(second) == (None, None, None, None)
    assert answered(second) == (None, *answered_at(6344, 6344 + PLAYOUT + 500)[1:])
    assert (second.reply_latency_ms, second.server_ms, second.lead_in_ms) == (None, None, LEAD_IN)
    assert (first.assistant_text, second.assistant_text) == ("answer", "by the way")
