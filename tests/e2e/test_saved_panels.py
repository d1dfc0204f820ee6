"""What JupyterLab saves of a call with "Save Widget State Automatically", and what is shown of it later."""

from __future__ import annotations

from tests.e2e.calls import CALL, panel_text, press, wait_for_state, wait_for_words
from tests.e2e.opening import NotebookOpener

PARTS = ("xyzzy", "plugh")
"""Put together in the kernel, so that the whole stands in no cell."""

SERVER = f"""
from micdrop_widget import MicdropServer, MicdropWidget

marker = "-".join({PARTS!r})

async def greet(server_call):
    await server_call.send_message("assistant", "said " + marker)

server = MicdropServer(greeting=greet).start()
"""


PLAIN = """
import os

os.environ["MICDROP_WIDGET_PLAIN_COMM"] = "1"
plain = MicdropWidget()
plain
"""


def test_a_saved_panel_holds_nothing_of_its_call_and_offers_nothing(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, PLAIN])
    notebook.command("@jupyter-widgets/jupyterlab-manager:saveWidgetState")
    for cell in range(3):
        notebook.run_cell(cell)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    marker = "-".join(PARTS)
    wait_for_words(notebook, f"said {marker}", "conversation")
    labels = notebook.kernel.eval("[device.label for device in (*call.micDevices, *call.speakerDevices)]")
    assert len(labels) > 1
    notebook.save()
    saved = (notebook.lab.root / notebook.path).read_text()
    assert '"isStarted": true' in saved, "the state of the widget is saved"
    assert marker not in saved
    assert [label for label in labels if label in saved] == []
    notebook.shut_down_kernel()
    notebook.reload()
    for cell in (1, 2):
        wait_for_words(notebook, "Saved panel", cell=cell)
    assert "Run the cell again" in panel_text(notebook, "note")
    panel = notebook.cell(1)
    assert [panel.get_by_test_id(button).is_enabled() for button in ("start", "mute", "pause")] == [False] * 3
    assert not panel.get_by_test_id("take-over").is_visible()
    assert not panel.get_by_test_id("conversation").is_visible()
    notebook.run_all()
    wait_for_words(notebook, "Not started")
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
