"""What panels and kernel tell each other about devices, without a browser."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from micdrop_widget import MicdropErrorCode, MicdropServer, MicdropWidget
from micdrop_widget.devices import Device
from tests.harness.fake_front_end import FakeFrontEnd

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
    desk, head = Device("desk", "Desk", "audioinput"), Device("head", "Head", "audioinput")
    await call.until(micDevices=(desk, head), timeout=10)
    assert call.speakerDevices == (Device("head", "Head", "audiooutput"),)
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


async def test_a_microphone_that_is_unplugged_is_replaced_and_reported_once(
    server: MicdropServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FakeFrontEnd(monkeypatch)
    call = MicdropWidget(server.url, vad="volume")
    received: list[MicdropErrorCode] = []
    call.on("Error", lambda error: received.append(error.code))
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
    assert received == [MicdropErrorCode.Mic]
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
