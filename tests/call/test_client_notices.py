"""Servers that owe an answer: the call says so after the documented time, with one warning, and listens again."""

from __future__ import annotations

import asyncio
import logging

import numpy as np
import pytest

from micdrop_widget import MicdropClient, MicdropState, NoticeCode
from micdrop_widget.call.sinks import HeardReport
from micdrop_widget.testing import FaultyCall, FaultyServer, Script, in_virtual_time
from tests.harness.callers import LoudVAD, Mic, loud, turns_over

Course = list[tuple[float, list[NoticeCode], bool]]


class DeadSpeaker:
    """A loudspeaker that plays nothing and says nothing."""

    def bind(self, report: HeardReport) -> None: ...

    def play(self, epoch: int, pcm: object) -> None: ...

    def flush(self, epoch: int) -> None: ...

    def select(self, device_id: str) -> None: ...


async def course(script: Script, *, sink: DeadSpeaker | None = None, seconds: float = 60) -> Course:
    """Ask something, and return when which notices came and went, and whether the call listened then."""
    mic, loop = Mic(), asyncio.get_running_loop()
    seen: Course = []
    async with (
        FaultyServer(script) as server,
        MicdropClient(server.url, source=mic, vad=LoudVAD(), sink=sink) as call,
    ):
        await call.start()
        mic.say(turns_over(10))
        await call.until(isProcessing=True)
        asked_s = loop.time()

        def note(state: MicdropState, previous: MicdropState) -> None:
            if state.notices != previous.notices:
                codes = [notice.code for notice in state.notices]
                seen.append((round(loop.time() - asked_s, 1), codes, state.isListening))

        call.on("StateChange", note)
        await asyncio.sleep(seconds)
        return list(seen)  # and not what the end of the call takes back


def warned(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.levelno == logging.WARNING for record in caplog.records)


async def is_silent(call: FaultyCall) -> None:
    await call.ready()
    await call.hold()


async def writes_only(call: FaultyCall) -> None:
    await call.ready()
    await call.utterance()
    await call.message("user", "Well?")
    await call.message("assistant", "Yes.")
    await call.hold()


async def answers_late(call: FaultyCall) -> None:
    await call.ready()
    await call.utterance()
    await asyncio.sleep(40)
    await call.answer(np.asarray(loud(10)), pace=0)
    await call.hold()


async def answers(call: FaultyCall) -> None:
    await call.ready()
    await call.answer(np.asarray(await call.utterance()), pace=0)
    await call.hold()


@in_virtual_time
async def test_a_server_that_says_nothing_is_reported_after_half_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    assert await course(is_silent) == [(30.0, [NoticeCode.NoAnswer], True)]
    assert warned(caplog) == 1


@in_virtual_time
async def test_a_text_without_audio_is_reported_after_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    assert await course(writes_only) == [(10.0, [NoticeCode.NoAnswerAudio], True)]
    assert warned(caplog) == 1


@in_virtual_time
async def test_an_answer_that_comes_late_takes_it_back_and_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    came, went = await course(answers_late)
    assert came == (30.0, [NoticeCode.NoAnswer], True)
    assert went[:2] == (40.0, [])
    assert warned(caplog) == 1


@in_virtual_time
async def test_a_loudspeaker_that_reports_nothing_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    ((at_s, codes, listens),) = await course(answers, sink=DeadSpeaker())
    assert (codes, listens) == ([NoticeCode.SilentSpeaker], True)
    assert at_s == pytest.approx(5 + 12 * 0.032, abs=0.11)
    assert warned(caplog) == 1
