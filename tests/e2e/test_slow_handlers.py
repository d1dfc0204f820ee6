"""Handlers that sleep for half a minute, in JupyterLab: the panel follows the call as if there were none."""

from __future__ import annotations

from tests.e2e.calls import CALL, SERVER, press, wait_for_words
from tests.e2e.opening import NotebookOpener
from tests.harness.spoken import spoken

SLEEP = """
import time

woken = []

def sleep(*_):
    time.sleep(30)
    woken.append(True)

call.observe(sleep, ["isUserSpeaking", "isAssistantSpeaking"])
call.on("StateChange", sleep)
call.on("Message", sleep)
"""


def test_the_panel_is_right_while_a_handler_sleeps(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, SLEEP], microphone=spoken("stop").path)
    for cell in range(3):
        notebook.run_cell(cell)
    press(notebook, "start")
    wait_for_words(notebook, "You are speaking")
    wait_for_words(notebook, "Assistant is speaking")
    press(notebook, "mute")
    wait_for_words(notebook, "Muted")
    press(notebook, "mute")
    press(notebook, "pause")
    wait_for_words(notebook, "Paused")
    press(notebook, "start")
    wait_for_words(notebook, "Call ended")
    notebook.until("() => window.__tracks.every((track) => track.readyState === 'ended')")
    assert notebook.kernel.eval("[woken, call.isStarted, len(server.calls)]") == [[], False, 0]
    notebook.wait_for_text(2, "the handler sleep of StateChange is slow, and others wait for it")
