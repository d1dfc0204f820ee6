"""A notebook that is run and saved without a browser holds neither what was said nor devices, errors or params."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipywidgets import Widget
from nbclient import NotebookClient

from micdrop_widget import MicdropServer, MicdropWidget
from micdrop_widget.devices import Device
from micdrop_widget.protocol import TextMessage
from micdrop_widget.server import ServerCall
from tests.harness.fake_front_end import SETTINGS, FakeFrontEnd

PARTS = ("xyzzy", "plugh")
"""Put together in the kernel, so that the whole stands in no cell."""

MARKER = "-".join(PARTS)

CALL = f"""
import asyncio
from micdrop_widget import MicdropServer, MicdropWidget

marker = "-".join({PARTS!r})

async def greet(server_call):
    await server_call.send_message("assistant", "said " + marker)

server = MicdropServer(greeting=greet, check_params=lambda params: None).start()
call = MicdropWidget(server.url, params={{"token": marker}}, vad="volume")
call
"""

SPEAK = """
def send(kind, **fields):
    data = {"method": "custom", "content": {"type": kind, "from": "page", **fields}}
    call.comm.handle_msg({"content": {"data": data}, "buffers": []})

send("hello")
start = call.start()
devices = dict(microphones=[{"id": "m", "label": marker}], speakers=[{"id": "s", "label": marker}])
while not call.isMicStarted:
    send("mic_opened", request=1, label=marker, sample_rate=16000, settings={}, **devices)
    await asyncio.sleep(0.01)
await start
while not call.conversation:
    await asyncio.sleep(0.01)
send("mic_ended", request=1)
while call.error is None:
    for request in range(2, 9):
        send("mic_failed", request=request, reason="denied", detail=marker)
    await asyncio.sleep(0.01)
private = call.conversation, call.micDevices, call.speakerDevices, call.error
print(call.isStarted, [marker in str(each) for each in private])
"""


def run_by_nbclient(content: dict[str, Any], _folder: Path) -> Any:
    notebook = nbformat.reads(json.dumps(content), as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return notebook


def run_by_papermill(content: dict[str, Any], folder: Path) -> Any:
    (folder / "in.ipynb").write_text(json.dumps(content))
    command = [sys.executable, "-m", "papermill", "--kernel=python3", "--no-progress-bar", "in.ipynb", "out.ipynb"]
    subprocess.run(command, cwd=folder, check=True)
    return nbformat.read(folder / "out.ipynb", as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("run", [run_by_nbclient, run_by_papermill])
def test_a_notebook_that_is_run_without_a_browser_holds_nothing_of_the_call(
    run: Callable[[dict[str, Any], Path], Any], tmp_path: Path
) -> None:
    code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**code, "id": "call", "source": CALL}, {**code, "id": "speak", "source": SPEAK}]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook = run(content, tmp_path)
    assert notebook.cells[1].outputs[0]["text"] == "True [True, True, True, True]\n"
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert [state["state"]["isStarted"] for state in states.values() if "isStarted" in state["state"]] == [True]
    assert MARKER not in json.dumps(notebook)


async def test_the_state_that_widgets_save_holds_nothing_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async def greet(call: ServerCall) -> None:
        await call.send_message("assistant", f"said {MARKER}")

    server = MicdropServer(greeting=greet, check_params=lambda params: None).start()
    page = FakeFrontEnd(monkeypatch, settings={**SETTINGS, "label": MARKER})
    call = MicdropWidget(f"{server.url}/?key={MARKER}", params={"token": MARKER})
    page.show(call)
    await call.start()
    devices = [{"id": "m", "label": MARKER}]
    page.send({"type": "devices", "microphones": devices, "speakers": devices})
    said = TextMessage("assistant", f"said {MARKER}")
    await call.until(conversation=(said,), speakerDevices=(Device("m", MARKER, "audiooutput"),), timeout=10)
    saved = json.dumps([Widget.get_manager_state(drop_defaults=False), call.get_state()])
    synced = set(call.keys)
    call.close()
    server.stop()
    assert MARKER not in saved
    assert not synced & {"conversation", "partialAssistantMessage", "micDevices", "speakerDevices", "error", "state"}
