"""The diagnosis of a widget: what a page reports is in it, and any thread may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from micdrop_widget import MicdropError, MicdropWidget, VolumeVAD
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.testing import FaultyCall, FaultyServer
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.leaks import until
from tests.paths import FIXTURES

SENTENCE = as_pcm(FIXTURES / "sentence.wav")


async def has_no_voice(call: FaultyCall) -> None:
    await call.ready()
    await call.utterance()
    await call.message("user", "a secret question")
    await call.message("assistant", "a secret answer")


@pytest.fixture
async def server() -> AsyncGenerator[FaultyServer]:
    async with FaultyServer(has_no_voice) as running:
        yield running


def broken(call: MicdropWidget) -> tuple[str, str, str]:
    step = call.diagnose().stopped_at
    assert step is not None
    return step.name, step.outcome, step.seen


async def test_the_diagnosis_of_a_widget_follows_a_turn_and_names_the_part_that_is_missing(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url)
    page.show(call)
    assert broken(call)[:2] == ("call", "broken")
    await call.start()
    page.speak(SENTENCE)
    await call.wait_for("Message", role="assistant", timeout=20)
    diagnosis = await asyncio.to_thread(call.diagnose)
    step = diagnosis.stopped_at
    assert step is not None
    assert (step.name, step.outcome) == ("audio", "waiting")
    assert diagnosis["frames"].values["captured_ms"] == len(SENTENCE) // 512 * 32
    assert diagnosis["holds"].values["missing_ms"] == 0
    assert "lag_ms" in diagnosis["holds"].values
    assert "secret" not in str(diagnosis)
    assert "Fake" not in str(diagnosis), "the name of a device"
    call.close()
    assert call.diagnose()["audio"].outcome == "waiting", "a call that was closed can be diagnosed"


async def test_a_page_that_was_refused_the_microphone_is_named_with_the_remedy(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch, refusal="denied")
    call = MicdropWidget(server.url)
    page.show(call)
    with pytest.raises(MicdropError):
        await call.start()
    assert broken(call) == ("microphone", "broken", "not opened (Mic, denied)")
    assert "Allow the microphone for this page" in call.diagnose()["microphone"].advice
    call.close()


async def test_a_page_whose_microphone_is_silent_is_named(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad=VolumeVAD())
    page.show(call)
    await call.start()
    page.speak(np.zeros(16_000 * 4, np.int16))
    await until(lambda: call.diagnose()["frames"].values["captured_ms"] == 4000)
    assert broken(call)[:2] == ("level", "broken")
    call.close()


async def test_a_page_that_may_not_play_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def greets(call: FaultyCall) -> None:
        await call.message("assistant", "a secret greeting")
        await call.answer(SENTENCE, pace=0)

    page = FakeFrontEnd(monkeypatch)
    page.plays = False
    async with FaultyServer(greets) as server:
        call = MicdropWidget(server.url)
        page.show(call)
        await call.start()
        page.speak(np.zeros(16_000, np.int16))
        await until(lambda: "play" in page.types())
        epoch = next(message["epoch"] for message in page.messages if message["type"] == "play")
        page.send({"type": "playback_failed", "epoch": epoch, "reason": "blocked", "detail": "no click for 10 s"})
        await until(lambda: call.diagnose()["heard"].outcome == "broken")
        assert broken(call) == ("heard", "broken", "not played (blocked)")
        assert "Click to allow audio" in call.diagnose()["heard"].advice
        call.close()
