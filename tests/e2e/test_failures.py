"""Calls that cannot be: each says what it is and what to do, and leaves nothing running."""

from __future__ import annotations

import pytest

from tests.e2e.calls import CALL, SERVER, panel_text, press, wait_for_words
from tests.e2e.chromium import Permission
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener


def fail(notebook: Notebook, code: str, *words: str, start: str | None = None) -> None:
    """Press Start, or run code that starts, and look at what the panel and the traits say."""
    before = notebook.kernel.eval("errors")
    if start is None:
        press(notebook, "start")
    else:
        notebook.kernel.execute(start)
    notebook.kernel.until(f"len(errors) > {len(before)} and not call.isStarting")
    wait_for_words(notebook, words[0], "error")
    said = panel_text(notebook, "error")
    for word in words:
        assert word in said
    assert notebook.kernel.eval("call.error.code.value") == code
    assert notebook.kernel.eval("errors") == [*before, code]
    flags = notebook.kernel.eval("[name for name in flags if getattr(call, name)]")
    assert flags == []
    assert all(track.ready_state == "ended" for track in notebook.tracks())
    assert "Start" in notebook.cell(1).get_by_test_id("start").inner_text()


WATCHED = CALL + "\nerrors = []\ncall.on('Error', lambda error: errors.append(error.code.value))\ncall"


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


WITHOUT_WORKLETS = "() => { window.kept = window.AudioWorkletNode; delete window.AudioWorkletNode; }"
WITH_WORKLETS = "() => { window.AudioWorkletNode = window.kept; }"


def test_a_browser_that_cannot(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, WATCHED])
    notebook.run_all()
    notebook.page.evaluate(WITHOUT_WORKLETS)
    fail(notebook, "Mic", "AudioWorklet", "Use a current")
    notebook.page.evaluate(WITH_WORKLETS)
    # From here on each comes before the one above on the way to a microphone, so that it is met first.
    notebook.page.evaluate(NO_CAPTURE)
    fail(notebook, "Mic", "neither at 16 kHz nor at the microphone's own rate (NotSupportedError", "Use a current")
    notebook.page.evaluate(REFUSE % "NotReadableError")
    fail(notebook, "Mic", "in use by another program", "Close the program")
    notebook.page.evaluate(REFUSE % "NotAllowedError")
    notebook.page.evaluate(IN_VS_CODE)
    fail(notebook, "Mic", "VS Code gives its notebooks no microphone", "jupyter lab")


@pytest.mark.parametrize(
    ("microphone", "permission", "words"),
    [(None, "denied", "Allow the microphone"), ("absent", "granted", "Plug one in")],
)
def test_no_microphone(open_notebook: NotebookOpener, microphone: None, permission: Permission, words: str) -> None:
    notebook = open_notebook([SERVER, WATCHED], microphone=microphone, permission=permission)
    notebook.run_all()
    fail(notebook, "Mic", words)
    assert notebook.kernel.eval("len(server_calls)") == 0


REFUSING = """
from micdrop_widget.server import CallRefused
def refuse(params): raise CallRefused(4401, 'no such token')
refusing = MicdropServer(check_params=refuse).start()
"""


def test_a_server_that_is_not_there_or_refuses_and_a_start_that_is_mended(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook(
        [SERVER + REFUSING, WATCHED.replace("server.url", "None"), "await call.start(url=server.url)"]
    )
    notebook.run_cell(0)
    notebook.run_cell(1)
    fail(notebook, "MissingUrl", "has no url", "MicdropWidget(url=")
    absent = "call.start(url='ws://127.0.0.1:9')"
    fail(notebook, "Connection", "refused the connection", "Start the server", start=absent)
    refused = "call.start(url=refusing.url, params={'token': 'wrong'})"
    fail(notebook, "Unauthorized", "no such token", "valid token", start=refused)
    notebook.run_cell(2)
    assert notebook.kernel.eval("[call.isStarted, call.error]") == [True, None]
    assert notebook.cell(1).get_by_test_id("error").is_hidden()
