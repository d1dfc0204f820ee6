"""Which page has microphone and loudspeaker: taking over, leaving, falling silent. With browsers: `tests/e2e`."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from micdrop_widget import MicdropError, MicdropErrorCode, MicdropServer, MicdropWidget
from micdrop_widget.browser import downlink, heartbeat, microphone, panel
from tests.harness.fake_front_end import FakeFrontEnd


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


def beat_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel ask a hundred times a second whether the page is there, and ask at once."""
    monkeypatch.setattr(heartbeat, "_BEAT_S", 0.01)
    monkeypatch.setattr(downlink, "_SOON_S", 0.001)


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
    assert page.types() == []
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


async def test_a_call_that_nobody_rejoins_ends(
    server: MicdropServer, page: FakeFrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "_REJOIN_S", 0.05)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    page.leave(page_gone=True)
    await call.until(isStarted=False, timeout=10)
    call.close()


async def test_a_page_that_does_not_answer_any_more_is_gone_until_it_is_heard_again(
    server: MicdropServer, page: FakeFrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat_fast(monkeypatch)
    monkeypatch.setattr(heartbeat, "_UNANSWERED", 20)
    call = MicdropWidget(server.url)
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
    server: MicdropServer, page: FakeFrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat_fast(monkeypatch)
    monkeypatch.setattr(heartbeat, "_UNANSWERED_WHILE_BUSY", 20)
    monkeypatch.setattr(heartbeat, "_UNANSWERED", 20)
    monkeypatch.setattr(panel, "_REJOIN_S", 0.05)
    page.answers = False
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    await call.until(isStarted=False, timeout=10)
    assert not call.isMicStarted
    call.close()


@pytest.mark.parametrize("other_answers", [True, False])
async def test_when_the_owner_is_gone_the_other_pages_are_asked_whether_they_are_there(
    server: MicdropServer, page: FakeFrontEnd, monkeypatch: pytest.MonkeyPatch, other_answers: bool
) -> None:
    beat_fast(monkeypatch)
    monkeypatch.setattr(heartbeat, "_UNANSWERED", 20)
    monkeypatch.setattr(heartbeat, "_UNANSWERED_WHILE_BUSY", 20)
    monkeypatch.setattr(panel, "_REJOIN_S", 0.3)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    page.answers = other_answers
    go_over(page, call, "page-2")  # nobody answers for the first one any more
    state = await call.until(isMicStarted=False, timeout=10)
    assert state.isStarted
    if other_answers:
        await asyncio.sleep(0.6)
        assert call.isStarted
        page.press("take_over")
        await call.until(isMicStarted=True, timeout=10)
    else:
        await call.until(isStarted=False, timeout=10)
    call.close()


async def test_a_page_that_vanished_without_a_word_is_asked_for_the_microphone_once(
    server: MicdropServer, page: FakeFrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    await call.stop()
    go_over(page, call, "page-2")
    monkeypatch.setattr(microphone, "_ANSWER_S", 0.1)
    with pytest.raises(MicdropError, match="did not answer"):
        await call.start()
    monkeypatch.setattr(microphone, "_ANSWER_S", 10)
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
    server: MicdropServer, page: FakeFrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat_fast(monkeypatch)
    monkeypatch.setattr(panel, "_HOLD_MS", 50)
    call = MicdropWidget(server.url)
    page.show(call)
    await call.start()
    page.speak(np.zeros(512, dtype=np.int16))
    await call.until(isMicStarted=False, timeout=10)
    await call.until(isMicStarted=True, timeout=10)
    assert about_the_microphone(page)[:3] == [("open_mic", "page-1"), ("close_mic", None), ("open_mic", "page-1")]
    assert len(call.conversation) == 1
    call.close()
