"""Which page has microphone and loudspeaker: taking over, leaving, falling silent. With browsers: `tests/e2e`."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from micdrop_widget import MicdropError, MicdropErrorCode, MicdropServer, MicdropWidget
from micdrop_widget.browser import Timing
from micdrop_widget.server import ServerCall
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.leaks import until


@pytest.fixture
def server() -> Generator[MicdropServer]:
    running = MicdropServer().start()
    yield running
    running.stop()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> FakeFrontEnd:
    return FakeFrontEnd(monkeypatch)


def go_over(page: FakeFrontEnd, call: MicdropWidget, name: str) -> None:
    """Be another page from now on."""
    page.name = name
    page.show(call)


def widget(url: str, **timing: Any) -> MicdropWidget:
    """Return a widget with other times; the kernel asks a hundred times a second whether the page is there."""
    times = {"heartbeat_s": 0.01, "short_delay_s": 0.001, **timing}
    kind: type[MicdropWidget] = type("Widget", (MicdropWidget,), {"_timing": Timing(**times)})
    return kind(url)


def about_the_microphone(page: FakeFrontEnd) -> list[tuple[str, Any]]:
    return [(m["type"], m["to"]) for m in page.messages if m["type"] in ("open_mic", "close_mic")]


async def test_a_page_takes_over_in_the_same_call_and_the_microphone_of_the_first_is_closed_before(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    go_over(page, call, "page-2")
    page.press("take_over")
    await call.until(isMicStarted=False, timeout=10)
    await call.until(isMicStarted=True, timeout=10)
    assert about_the_microphone(page) == [("open_mic", "page-1"), ("close_mic", None), ("open_mic", "page-2")]
    assert call._owner == "page-2"
    assert len(call.conversation) == 1  # it has not greeted again
    go_over(page, call, "page-1")
    page.press("start")  # a page that has not heard yet that the call is up
    await call.until(isMicStarted=False, timeout=10)
    await call.until(isMicStarted=True, timeout=10)
    assert about_the_microphone(page)[-1] == ("open_mic", "page-1")
    assert len(call.conversation) == 1
    call.close()


async def test_a_microphone_without_a_call_is_taken_over_by_a_start_elsewhere(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start_mic()
    go_over(page, call, "page-2")
    page.press("start")
    await call.until(isStarted=True, timeout=10)
    assert about_the_microphone(page) == [("open_mic", "page-1"), ("close_mic", None), ("open_mic", "page-2")]
    call.close()


async def test_without_a_call_there_is_nothing_to_take_over(server: MicdropServer, page: FakeFrontEnd) -> None:
    call = MicdropWidget(server.url)
    page.show(call)
    page.press("take_over")
    await call.mute()  # behind it on the loop
    assert set(page.types()) <= {"probe"}
    call.close()


async def test_a_page_that_leaves_takes_the_microphone_and_another_rejoins_in_the_same_call(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    page.leave(page_gone=True)
    state = await call.until(isMicStarted=False, timeout=10)
    assert state.isStarted
    go_over(page, call, "page-2")
    page.press("take_over")
    state = await call.until(isMicStarted=True, timeout=10)
    assert state.isStarted
    assert state.error is None
    assert len(call.conversation) == 1
    call.close()


async def test_a_call_that_nobody_rejoins_ends(server: MicdropServer, page: FakeFrontEnd) -> None:
    call = widget(server.url, rejoin_s=0.05)
    page.show(call)
    await call.start()
    page.leave(page_gone=True)
    await call.until(isStarted=False, timeout=10)
    call.close()


async def test_a_page_that_does_not_answer_any_more_is_gone_until_it_is_heard_again(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    call = widget(server.url, unanswered_beats=20)
    page.show(call)
    await call.start()
    await asyncio.to_thread(page.press, "unmute")  # as in a kernel that hears the browser while a cell runs
    page.answers = False
    state = await call.until(isMicStarted=False, timeout=10)
    assert state.isStarted
    assert state.error is not None
    assert state.error.code is MicdropErrorCode.Mic
    assert "Rejoin" in state.error.remedy
    page.answers = True
    page.press("take_over")
    await call.until(isMicStarted=True, timeout=10)
    assert call.isStarted
    call.close()


async def test_a_page_that_does_not_come_back_from_its_silence_ends_the_call(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    page.answers = False
    call = widget(server.url, unanswered_beats=20, unanswered_beats_while_busy=20, rejoin_s=0.05)
    page.show(call)
    await call.start()
    await call.until(isStarted=False, timeout=10)
    assert not call.isMicStarted
    call.close()


async def test_an_answer_that_the_page_cannot_play_does_not_keep_a_graceful_stop_waiting(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    async def talk(call: ServerCall) -> None:
        await call.send_message("assistant", "Listen.")
        await call.send_audio(np.ones(16_000, dtype=np.int16))

    talking = MicdropServer(greeting=talk).start()
    page.plays = False
    call = widget(talking.url)
    page.show(call)
    await call.start()
    await until(lambda: "play" in page.types())
    stopping = call.stop(graceful=True)
    epoch = next(message["epoch"] for message in page.messages if message["type"] == "play")
    page.send({"type": "playback_failed", "epoch": epoch, "reason": "failed", "detail": "the playback worklet failed"})
    await asyncio.wait_for(stopping, 10)
    assert call.error is not None
    assert "the playback worklet failed" in call.error.message
    call.close()
    talking.stop()


async def test_a_page_that_vanished_without_a_word_is_asked_for_the_microphone_once(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    call = widget(server.url, request_s=0.5, heartbeat_s=1.0)
    page.show(call)
    await call.start()
    await call.stop()
    go_over(page, call, "page-2")
    with pytest.raises(MicdropError, match="did not answer"):
        await call.start()
    await call.start()
    assert call._owner == "page-2"
    call.close()


async def test_a_loudspeaker_that_fails_on_a_page_that_plays_nothing_fails_nothing(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    await call.change_speaker_device("room")
    failed = {"type": "speaker_failed", "device_id": "room", "detail": "Fake"}
    go_over(page, call, "page-2")
    page.send(failed)
    await call.mute()  # behind it on the loop
    assert call.speakerDeviceId == "room"
    page.name = "page-1"
    page.send(failed)
    await call.unmute()
    assert call.speakerDeviceId is None
    call.close()


async def test_a_microphone_whose_audio_was_lost_on_the_way_is_opened_again(
    server: MicdropServer, page: FakeFrontEnd
) -> None:
    call = widget(server.url, hold_ms=50)
    page.show(call)
    await call.start()
    page.speak(np.zeros(512, dtype=np.int16))
    await call.until(isMicStarted=False, timeout=10)
    await call.until(isMicStarted=True, timeout=10)
    assert about_the_microphone(page)[:3] == [("open_mic", "page-1"), ("close_mic", None), ("open_mic", "page-1")]
    assert len(call.conversation) == 1
    call.close()
