"""`call.vad`: its events and what is heard now, on the client and on the widget."""

from __future__ import annotations

import asyncio
import math
import threading
from contextvars import ContextVar
from functools import partial
from typing import get_args

import pytest

from micdrop_widget import MicdropServer, MicdropWidget, SileroVAD, VolumeVAD
from micdrop_widget.audio import FRAME_SAMPLES
from micdrop_widget.speech import SpeechEventName
from micdrop_widget.vad import Status
from tests.harness.callers import LoudVAD, loud, quiet, ready_client, turns_over
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.leaks import until
from tests.harness.spoken import spoken

NAMES: tuple[SpeechEventName, ...] = get_args(SpeechEventName)


async def test_the_events_of_the_detection_come_in_order_on_the_loop() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        seen: list[tuple[str, Status, bool]] = []
        for name in NAMES:
            call.vad.on(
                name, partial(lambda name: seen.append((name, call.vad.status, call.state.isUserSpeaking)), name)
            )
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: len(seen) == 3)
    assert seen == [
        ("StartSpeaking", Status.MAYBE_SPEAKING, False),
        ("ConfirmSpeaking", Status.SPEAKING, False),
        ("StopSpeaking", Status.SILENCE, True),
    ]


async def test_behind_each_event_the_new_status_is_reported() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        seen: list[str | Status] = []
        for name in NAMES:
            call.vad.on(name, partial(seen.append, name))
        call.vad.on("ChangeStatus", seen.append)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: len(seen) == 6)
            call.vad.off("ChangeStatus")
            mic.say(turns_over(3))
            await until(lambda: len(seen) == 9)
    assert seen == [
        *("StartSpeaking", Status.MAYBE_SPEAKING, "ConfirmSpeaking", Status.SPEAKING, "StopSpeaking", Status.SILENCE),
        *("StartSpeaking", "ConfirmSpeaking", "StopSpeaking"),
    ]


async def test_handlers_stay_when_the_call_is_given_another_detector() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        heard = []
        call.vad.on("ConfirmSpeaking", lambda: heard.append(call.vad.detector))
        second = LoudVAD()
        async with call:
            await call.start(vad=second)
            mic.say(loud(2))
            await until(lambda: heard)
    assert heard == [second]


async def test_a_handler_may_be_a_coroutine_may_fail_and_may_be_removed(caplog: pytest.LogCaptureFixture) -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        heard: list[str] = []

        async def later() -> None:
            heard.append("later")

        def removed() -> None:
            heard.append("removed")

        call.vad.on("StartSpeaking", lambda: 1 / 0)
        call.vad.on("StartSpeaking", removed)
        call.vad.off("StartSpeaking", removed)
        call.vad.on("StartSpeaking", later)
        async with call:
            await call.start()
            mic.say(loud(2))
            await until(lambda: heard)
    assert heard == ["later"]
    assert "a handler of StartSpeaking failed" in caplog.text


async def test_a_call_that_is_muted_within_speech_reports_its_end() -> None:
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url)
        seen: list[str] = []
        for name in NAMES:
            call.vad.on(name, partial(seen.append, name))
        async with call:
            await call.start()
            mic.say(loud(3))
            await call.until(isUserSpeaking=True)
            await call.mute()
            assert seen == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]
            assert call.vad.status is Status.SILENCE
            mic.say(quiet(1))
    assert len(seen) == 3


async def test_an_unknown_event_is_refused_with_the_nearest_one() -> None:
    call, _, _ = ready_client(None)
    with pytest.raises(ValueError, match="did you mean 'StartSpeaking'"):
        call.vad.on("StartSpeeking", print)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="unknown event 'Message'"):
        call.vad.on("Message", print)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="unknown event 'StartSpeaking'"):
        call.on("StartSpeaking", print)  # type: ignore[call-overload]


async def test_probability_level_and_settings_can_be_read_and_changed() -> None:
    silero, volume = SileroVAD(), VolumeVAD()
    call, _, _ = ready_client(None, vad=[volume, silero])
    assert (call.vad.probability, call.vad.level_db, call.vad.status) == (0.0, -120.0, Status.SILENCE)
    assert repr(call.vad) == f"<CallVAD SILENCE, CombinedVAD([{volume!r}, {silero!r}])>"
    silero.threshold = 0.9
    assert "threshold=0.9" in repr(call.vad)
    alone, _, _ = ready_client(None, vad=volume)
    assert math.isnan(alone.vad.probability)
    assert alone.vad.detector is volume


async def test_a_setting_changed_while_the_call_runs_holds_for_what_is_said_next() -> None:
    sentence = spoken("sentence").pcm
    pcm = sentence[: len(sentence) // FRAME_SAMPLES * FRAME_SAMPLES]
    async with MicdropServer() as server:
        call, mic, _ = ready_client(server.url, vad=SileroVAD())
        ends: list[int] = []
        call.vad.on("StopSpeaking", lambda: ends.append(len(call.turns)))
        async with call:
            await call.start()
            mic.say(pcm)
            await until(lambda: ends)
            detector = call.vad.detector
            assert isinstance(detector, SileroVAD)
            detector.min_silence_ms += 10 * 32
            mic.say(pcm)
            await until(lambda: len(ends) == 2)
            detector.threshold = 1.0
            mic.say(pcm)
            mic.end()
            await call.until(isMicStarted=False, timeout=30)
        first, second = call.turns
    assert first.end_sample is not None
    assert second.end_sample is not None
    longer = (second.end_sample - len(pcm)) - first.end_sample
    assert 9 * FRAME_SAMPLES <= longer <= 11 * FRAME_SAMPLES


async def test_on_the_widget_handlers_run_on_the_handler_thread_in_the_context_of_their_cell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell: ContextVar[int] = ContextVar("cell")
    server = MicdropServer().start()
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad=LoudVAD())
    page.show(call)
    seen: list[tuple[str, int, str]] = []
    for number, name in enumerate(NAMES):
        cell.set(number)
        call.vad.on(name, partial(lambda name: seen.append((name, cell.get(), threading.current_thread().name)), name))
    statuses: list[Status] = []
    call.vad.on("ChangeStatus", statuses.append)
    cell.set(9)
    await call.start()
    page.speak(turns_over(3))
    await until(lambda: len(statuses) == 3)
    thread = "micdrop-handlers"
    assert call.vad.status is Status.SILENCE
    await asyncio.to_thread(call.close)
    server.stop()
    assert statuses == [Status.MAYBE_SPEAKING, Status.SPEAKING, Status.SILENCE]
    assert seen == [("StartSpeaking", 0, thread), ("ConfirmSpeaking", 1, thread), ("StopSpeaking", 3, thread)]
