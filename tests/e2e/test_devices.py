"""Another microphone, another loudspeaker, while the call goes on."""

from __future__ import annotations

import re

from tests.e2e.calls import CALL, SERVER, press, wait_for_state
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.spoken import spoken

CHANGE = """
from micdrop_widget import MicdropError
usb = call.micDevices[1].id
await call.mute()
await call.change_mic_device(usb)
await call.change_speaker_device(call.speakerDevices[1].id)
try:
    await call.change_mic_device("no such microphone")
except MicdropError as error:
    print(error.code)
"""

AGAIN = "await call.change_mic_device(usb)\nawait call.start_mic()"


def test_devices_change_during_a_call(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, CHANGE, AGAIN])
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    notebook.run_cell(2)
    assert notebook.text(2).strip() == "Mic"
    labels = [(track.label, track.ready_state) for track in notebook.tracks()]
    assert labels == [("Fake Default Audio Input", "ended"), ("Fake Audio Input 1", "ended")]
    assert notebook.kernel.eval("[call.isStarted, call.isMuted, call.isMicStarted]") == [True, True, False]
    assert notebook.kernel.eval("call.error.code.value") == "Mic"
    notebook.run_cell(3)
    assert notebook.kernel.eval("[call.isStarted, call.isMuted, call.isMicStarted]") == [True, True, True]
    assert notebook.kernel.eval("call.micDeviceId == usb and call.speakerDeviceId == call.speakerDevices[1].id")
    assert [track.ready_state for track in notebook.tracks()] == ["ended", "ended", "live"]
    sinks = notebook.page.evaluate("() => window.__taps.sinks()")
    assert sinks == [notebook.kernel.eval("call.speakerDeviceId")]


def selected(notebook: Notebook, kind: str) -> str:
    """Return the label that a picker shows."""
    return str(notebook.cell(1).get_by_test_id(f"{kind}-device").evaluate("select => select.selectedOptions[0].label"))


def test_devices_are_chosen_in_the_panel_and_remembered_by_the_browser(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL])
    notebook.run_all()
    press(notebook, "devices")
    assert notebook.cell(1).get_by_test_id("microphone-device").is_disabled()  # not listed before it is allowed
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    for kind, label in (("microphone", "Fake Audio Input 2"), ("speaker", "Fake Audio Output 1")):
        notebook.cell(1).get_by_test_id(f"{kind}-device").select_option(label=label)
    notebook.until("() => window.__tracks.at(-1).label === 'Fake Audio Input 2'")
    notebook.kernel.until("call.micDeviceId == next(d.id for d in call.micDevices if d.label.endswith('Input 2'))")
    notebook.kernel.until("call.speakerDeviceId == next(d.id for d in call.speakerDevices if d.label.endswith('1'))")
    assert (selected(notebook, "microphone"), selected(notebook, "speaker")) == (
        "Fake Audio Input 2",
        "Fake Audio Output 1",
    )
    speaker = notebook.kernel.eval("call.speakerDeviceId")
    assert notebook.page.evaluate("() => window.__taps.sinks().at(-1)") == speaker

    notebook.run_cell(1)  # another call, in the same browser
    notebook.save()
    notebook.reload()
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    assert [track.label for track in notebook.tracks()] == ["Fake Audio Input 2"]
    notebook.kernel.until(f"call.speakerDeviceId == {speaker!r}")


HEAR = """
() => {
  window.__heard = [];
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLElement.prototype, "title");
  Object.defineProperty(HTMLElement.prototype, "title", { get, set(text) {
    if (text.startsWith("Microphone level: ")) window.__heard.push(text);
    set.call(this, text);
  } });
}
"""


def test_the_panel_shows_what_the_voice_activity_detection_hears(open_notebook: NotebookOpener) -> None:
    both = CALL.replace("server.url", "server.url, vad=['volume', 'silero']")
    notebook = open_notebook([SERVER, both], microphone=spoken("sentence").path)
    notebook.run_all()
    notebook.page.evaluate(HEAR)
    press(notebook, "start")
    notebook.cell(1).get_by_title("Microphone level").hover()
    notebook.kernel.until("len(utterances) == 1", timeout=30)
    told = [re.search(r"(\S+) dB, speech (\d+) %", text) for text in notebook.page.evaluate("window.__heard")]
    levels = [float(match[1].replace("−", "-")) for match in told if match]
    percents = [int(match[2]) for match in told if match]
    assert len(percents) == len(told) > 5
    assert all(0 <= percent <= 100 for percent in percents)
    assert min(percents) < 20
    assert max(percents) > 90
    assert max(levels) > -40
