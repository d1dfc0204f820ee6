"""Calls that cannot be: each says what it is and what to do, and leaves nothing running."""

from __future__ import annotations

import pytest

from .calls import CALL, SERVER, panel_text, press, wait_for_state
from .chromium import Permission
from .notebook import Notebook
from .opening import NotebookOpener

IDLE_THREADS = "sorted(t.name for t in __import__('threading').enumerate() if t.name.startswith('asyncio'))"


def fail(notebook: Notebook, code: str, *words: str) -> None:
    """Press Start, and look at what the panel and the traits say."""
    press(notebook, "start")
    notebook.cell(1).get_by_test_id("error").wait_for()
    wait_for_state(notebook, isStarting=False)
    said = panel_text(notebook, "error")
    for word in words:
        assert word in said
    assert notebook.kernel.eval("call.error.code.value") == code
    assert notebook.kernel.eval("errors") == [code]
    flags = notebook.kernel.eval("[name for name in flags if getattr(call, name)]")
    assert flags == []
    assert [track.ready_state for track in notebook.tracks()] in ([], ["ended"])
    assert "Start" in notebook.cell(1).get_by_test_id("start").inner_text()


WATCHED = CALL + "\nerrors = []\ncall.on('Error', lambda error: errors.append(error.code.value))\ncall"


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("None", "MissingUrl", ("has no url", "MicdropWidget(url=")),
        ("'ws://127.0.0.1:9'", "Connection", ("refused the connection", "Start the server")),
    ],
)
def test_no_server(open_notebook: NotebookOpener, url: str, code: str, words: tuple[str, ...]) -> None:
    notebook = open_notebook([SERVER, WATCHED.replace("server.url", url)])
    notebook.run_all()
    fail(notebook, code, *words)


REFUSE = "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', '%s'); }; }"

NO_CAPTURE = """
() => {
  AudioContext.prototype.createMediaStreamSource = () => {
    throw new DOMException("not at this rate", "NotSupportedError");
  };
}
"""

IN_VS_CODE = """
() => {
  const agent = `${navigator.userAgent} Code/1.100.3 Electron/34.5.1`;
  Object.defineProperty(navigator, "userAgent", { value: agent });
}
"""


@pytest.mark.parametrize(
    ("pretend", "words"),
    [
        ([REFUSE % "NotReadableError"], ("in use by another program", "Close the program")),
        ([REFUSE % "NotAllowedError", IN_VS_CODE], ("VS Code gives its notebooks no microphone", "jupyter lab")),
        (["() => { delete window.AudioWorkletNode; }"], ("AudioWorklet", "Use a current")),
        ([NO_CAPTURE], ("neither at 16 kHz nor at the microphone's own rate (NotSupportedError", "Use a current")),
    ],
    ids=["in use", "VS Code", "no AudioWorklet", "no rate"],
)
def test_a_browser_that_cannot(open_notebook: NotebookOpener, pretend: list[str], words: tuple[str, ...]) -> None:
    notebook = open_notebook([SERVER, WATCHED])
    notebook.run_all()
    for script in pretend:
        notebook.page.evaluate(script)
    fail(notebook, "Mic", *words)


@pytest.mark.parametrize(
    ("microphone", "permission", "words"),
    [(None, "denied", "Allow the microphone"), ("absent", "granted", "Plug one in")],
)
def test_no_microphone(open_notebook: NotebookOpener, microphone: None, permission: Permission, words: str) -> None:
    notebook = open_notebook([SERVER, WATCHED], microphone=microphone, permission=permission)
    notebook.run_all()
    fail(notebook, "Mic", words)
    assert notebook.kernel.eval("len(server_calls)") == 0


def test_a_server_that_refuses_the_call_at_once(open_notebook: NotebookOpener) -> None:
    refuse = (
        "from micdrop_widget.server import CallRefused\n"
        "def refuse(params): raise CallRefused(4401, 'no such token')\n"
        "server.stop()\nserver = MicdropServer(check_params=refuse).start()\n"
    )
    called = WATCHED.replace("server.url", "server.url, params={'token': 'wrong'}")
    notebook = open_notebook([SERVER + refuse, called])
    notebook.run_all()
    fail(notebook, "Unauthorized", "no such token", "valid token")


def test_a_start_that_failed_can_be_mended_and_tried_again(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, WATCHED.replace("server.url", "None"), "await call.start(url=server.url)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    fail(notebook, "MissingUrl")
    notebook.run_cell(2)
    assert notebook.kernel.eval("[call.isStarted, call.error]") == [True, None]
    assert notebook.cell(1).get_by_test_id("error").is_hidden()
