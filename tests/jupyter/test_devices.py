"""What panels and kernel tell each other about devices, and about what is heard, without a browser."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Generator
from typing import Any

import pytest

from micdrop_widget import MicdropClient, MicdropErrorCode, MicdropServer, MicdropWidget
from micdrop_widget.browser import Downlink, FrontEnds, VadReadout
from micdrop_widget.browser import downlink as downlink_module
from micdrop_widget.devices import Device
from tests.harness.callers import LoudVAD, loud, ready_client
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.servers import hold, scripted

DESK, HEAD = {"id": "desk", "label": "Desk"}, {"id": "head", "label": "Head"}


@pytest.fixture
def server() -> Generator[MicdropServer]:
    running = MicdropServer().start()
    yield running
    running.stop()


def asked_for(page: FakeFrontEnd) -> list[str | None]:
    """Return the devices that the browser was asked for."""
    return [message["device_id"] for message in page.messages if message["type"] == "open_mic"]


async def test_what_is_plugged_in_where_the_microphone_is_becomes_the_lists(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad="volume")
    page.show(call)
    await call.start()
    page.send({"type": "devices", "microphones": [], "speakers": [], "from": "another page"})
    page.send({"type": "devices", "microphones": [DESK, HEAD], "speakers": [HEAD]})
    await call.until(micDevices=(Device("desk", "Desk"), Device("head", "Head")), timeout=10)
    assert call.speakerDevices == (Device("head", "Head"),)
    assert (call.isStarted, call.isMicStarted) == (True, True)
    call.close()


async def test_what_is_chosen_in_any_panel_is_what_the_owner_of_the_microphone_opens(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad="volume")
    page.show(call)
    await call.start()
    page.send({"type": "choose_device", "kind": "speaker", "device_id": "box", "from": "another page"})
    await call.until(speakerDeviceId="box", timeout=10)
    page.send({"type": "choose_device", "kind": "microphone", "device_id": "usb", "from": "another page"})
    await call.until(isMicStarted=False, timeout=10)
    await call.until(isMicStarted=True, timeout=10)
    call.close()
    assert asked_for(page) == [None, "usb"]
    assert {message["to"] for message in page.messages if message["type"] == "open_mic"} == {"page-1"}


async def test_a_microphone_that_is_unplugged_is_replaced_and_told_once(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad="volume")
    told: list[MicdropErrorCode] = []
    call.on("Error", lambda error: told.append(error.code))
    page.show(call)
    await call.start()
    await call.mute()
    await call.change_mic_device("usb")
    page.send({"type": "mic_ended", "request": page.request})
    await call.until(isMicStarted=False, timeout=10)
    await call.until(isMicStarted=True, timeout=10)
    assert (call.isStarted, call.isMuted, call.isMicMuted) == (True, True, True)
    assert call.error is not None
    assert call.error.message == "The microphone “Fake” went away."
    assert "“Fake” is used in its place" in call.error.remedy
    call.close()
    assert told == [MicdropErrorCode.Mic]
    assert asked_for(page) == [None, "usb", None]


async def test_a_page_that_is_gone_is_not_asked_for_another_microphone(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad="volume")
    page.show(call)
    await call.start()
    page.leave(page_gone=True)
    await call.until(isMicStarted=False, timeout=10)
    assert call.error is not None
    assert "closed or is being reloaded" in call.error.message
    call.close()
    assert asked_for(page) == [None]


# What is heard


class Panels:
    """Collects what is told to the panels."""

    def __init__(self, call: MicdropClient, *, shown: bool = True) -> None:
        self.told: list[dict[str, Any]] = []
        front_ends = FrontEnds()
        if shown:
            front_ends.hello("a")
        self._downlink = Downlink(lambda content, _: self.told.append(content))
        self.meter = VadReadout(self._downlink, front_ends, lambda: call.state, lambda: call.vad.detector)

    def hear(self) -> None:
        """Audio has arrived, and the time to tell of it has come."""
        self.meter.update()
        self._downlink.release()


@pytest.fixture
def _told_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_AT_LEAST_S", 0)


@pytest.mark.usefixtures("clean_loop", "_told_at_any_time")
async def test_a_probability_that_changes_is_told_sooner_than_one_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downlink_module, "_SOON_S", 0.01)
    monkeypatch.setattr(downlink_module, "_LATER_S", 60)
    async with scripted(hold) as url:
        vad = LoudVAD()
        call, mic, _ = ready_client(url, vad=vad)
        panels = Panels(call)
        await call.start()
        mic.say(loud(10))
        await call.until(isUserSpeaking=True, timeout=10)
        for probability, told in ((0.05, []), (0.5, [0.5]), (0.45, [0.5]), (0.0, [0.5, 0.0])):
            vad.probability = probability
            panels.meter.update()
            await asyncio.sleep(0.05)
            assert [content["probability"] for content in panels.told] == told
        await call.stop()


@pytest.mark.usefixtures("clean_loop", "_told_at_any_time")
async def test_the_panels_are_told_while_the_microphone_is_listened_to() -> None:
    async with scripted(hold) as url:
        vad = LoudVAD()
        call, mic, _ = ready_client(url, vad=vad)
        panels = Panels(call)
        panels.hear()
        assert panels.told == []
        await call.start()
        mic.say(loud(10))
        await call.until(isUserSpeaking=True, timeout=10)
        vad.level_db = -20.0
        panels.hear()
        assert panels.told == [{"type": "vad_readout", "to": None, "probability": None, "level_db": -20.0}]
        call.mute()
        panels.hear()
        await call.stop()
        panels.hear()
        assert len(panels.told) == 1


@pytest.mark.usefixtures("clean_loop", "_told_at_any_time")
async def test_nothing_is_told_where_no_panel_is_shown_and_no_infinity_ever() -> None:
    async with scripted(hold) as url:
        vad = LoudVAD()
        call, _, _ = ready_client(url, vad=vad)
        await call.start()
        hidden, panels = Panels(call, shown=False), Panels(call)
        vad.probability, vad.level_db = 0.5, -math.inf
        hidden.hear()
        panels.hear()
        assert hidden.told == []
        assert panels.told == [{"type": "vad_readout", "to": None, "probability": 0.5, "level_db": None}]
        await call.stop()
