"""Another microphone, another loudspeaker, while the call goes on."""

from __future__ import annotations

import re

import pytest

from micdrop_widget import MicdropError
from tests.harness.spoken import spoken
from tests.page.call_page import CallPage
from tests.page.calls import HeldCall, Opener, result, wait_until

NOTE_METER_TITLES = """
window.__titles = [];
const { get, set } = Object.getOwnPropertyDescriptor(HTMLElement.prototype, "title");
Object.defineProperty(HTMLElement.prototype, "title", { get, set(text) {
  if (text.startsWith("Microphone level: ")) window.__titles.push(text);
  set.call(this, text);
} });
"""


def flags(held: HeldCall) -> list[bool]:
    """Return whether the call is up, is muted, and has its microphone."""
    return [held.call.isStarted, held.call.isMuted, held.call.isMicStarted]


@pytest.fixture
def started(open_call: Opener) -> HeldCall:
    held = open_call()
    held.start()
    result(held.call.mute())
    return held


def test_another_microphone_takes_the_place_of_the_one_in_use(started: HeldCall) -> None:
    usb = started.call.micDevices[1].id
    result(started.call.change_mic_device(usb))
    assert [(track.label, track.ready_state) for track in started.page.tracks()] == [
        ("Fake Default Audio Input", "ended"),
        ("Fake Audio Input 1", "live"),
    ]
    assert started.call.micDeviceId == usb
    assert flags(started) == [True, True, True]


def test_the_page_plays_on_the_loudspeaker_that_is_chosen(started: HeldCall) -> None:
    speaker = started.call.speakerDevices[1].id
    result(started.call.change_speaker_device(speaker))
    started.page.until("id => window.__taps.sinks().at(-1) === id", speaker)
    wait_until(lambda: started.call.speakerDeviceId == speaker)
    assert started.page.evaluate("() => window.__taps.sinks()") == [speaker]


def test_without_the_microphone_that_was_asked_for_the_call_stays_up(started: HeldCall) -> None:
    with pytest.raises(MicdropError) as raised:
        result(started.call.change_mic_device("no such microphone"))
    assert raised.value.code.value == "Mic"
    wait_until(lambda: started.errors == ["Mic"])
    assert started.call.error is not None
    assert started.call.error.code.value == "Mic"
    assert flags(started) == [True, True, False]
    assert [track.ready_state for track in started.page.tracks()] == ["ended"]


def test_after_a_microphone_that_failed_another_can_be_opened(started: HeldCall) -> None:
    usb = started.call.micDevices[1].id
    with pytest.raises(MicdropError):
        result(started.call.change_mic_device("no such microphone"))
    result(started.call.change_mic_device(usb))
    result(started.call.start_mic())
    assert flags(started) == [True, True, True]
    assert started.call.micDeviceId == usb
    assert [track.ready_state for track in started.page.tracks()] == ["ended", "live"]


def selected(page: CallPage, kind: str) -> str:
    """Return the label that a picker shows."""
    return str(page.part(f"{kind}-device").evaluate("select => select.selectedOptions[0].label"))


def test_devices_are_not_listed_before_the_microphone_is_allowed(open_call: Opener) -> None:
    held = open_call()
    held.page.press("devices")
    assert held.page.part("microphone-device").is_disabled()


@pytest.fixture
def chosen(open_call: Opener) -> HeldCall:
    """Open a call whose user has chosen a microphone and a loudspeaker in the panel."""
    held = open_call()
    held.page.press("devices")
    held.start()
    for kind, label in (("microphone", "Fake Audio Input 2"), ("speaker", "Fake Audio Output 1")):
        held.page.part(f"{kind}-device").select_option(label=label)
    held.page.until("() => window.__tracks.at(-1).label === 'Fake Audio Input 2'")
    microphone = next(device.id for device in held.call.micDevices if device.label == "Fake Audio Input 2")
    speaker = next(device.id for device in held.call.speakerDevices if device.label == "Fake Audio Output 1")
    wait_until(lambda: (held.call.micDeviceId, held.call.speakerDeviceId) == (microphone, speaker))
    return held


def test_devices_that_are_chosen_in_the_panel_are_used(chosen: HeldCall) -> None:
    held = chosen
    assert selected(held.page, "microphone") == "Fake Audio Input 2"
    assert selected(held.page, "speaker") == "Fake Audio Output 1"
    held.page.until("id => window.__taps.sinks().at(-1) === id", held.call.speakerDeviceId)


def test_devices_that_were_chosen_are_remembered_by_the_browser(chosen: HeldCall, open_call: Opener) -> None:
    speaker = chosen.call.speakerDeviceId
    chosen.stop()
    again = open_call.widget(chosen.server.url)
    page = open_call.tab(chosen, again)
    page.press("start")
    wait_until(lambda: again.isStarted)
    assert [track.label for track in page.tracks()] == ["Fake Audio Input 2"]
    wait_until(lambda: again.speakerDeviceId == speaker)


@pytest.fixture(scope="module")
def meter_titles(open_shared_call: Opener) -> list[tuple[float, int]]:
    """Return what the meter says while a sentence is spoken: level in dB, probability of speech in percent."""
    held = open_shared_call(
        microphone=spoken("stop").path, vad=["volume", "silero"], script=f"{{ {NOTE_METER_TITLES} }}"
    )
    held.start()
    held.page.page.get_by_title("Microphone level").hover()
    wait_until(lambda: held.server.utterances)
    titles = held.page.evaluate("window.__titles")
    matches = [re.search(r"(\S+) dB, speech (\d+) %", title) for title in titles]
    assert len(titles) > 3
    assert None not in matches
    return [(float(match[1].replace("−", "-")), int(match[2])) for match in matches if match]


def test_the_meter_shows_the_probability_of_speech(meter_titles: list[tuple[float, int]]) -> None:
    percents = [percent for _, percent in meter_titles]
    assert all(0 <= percent <= 100 for percent in percents)
    assert min(percents) < 20
    assert max(percents) > 90


def test_the_meter_shows_the_level(meter_titles: list[tuple[float, int]]) -> None:
    assert max(level for level, _ in meter_titles) > -40
