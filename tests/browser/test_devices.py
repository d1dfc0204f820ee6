"""Another microphone, another loudspeaker, while the call goes on."""

from __future__ import annotations

from .calls import CALL, SERVER, press, wait_for_state
from .opening import NotebookOpener

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
