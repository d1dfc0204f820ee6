"""The notebooks we ship, run from top to bottom as a reader would, with a voice at the microphone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.calls import press, wait_for_state
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.notebooks import HURRY, code_of, shuffled
from tests.harness.spoken import say_at, spoken
from tests.paths import NOTEBOOKS


def run(open_notebook: NotebookOpener, name: str) -> Notebook:
    """Run a notebook; a cell that raises fails the test."""
    notebook = open_notebook(code_of(name), microphone=spoken("two_sentences").path)
    notebook.run_all(timeout=120)
    return notebook


def test_the_quickstart_from_the_top_and_then_in_any_order(open_notebook: NotebookOpener, tmp_path: Path) -> None:
    cells = code_of("01-quickstart.ipynb")
    # says a word, listens for a while, and so on
    microphone = say_at(tmp_path / "microphone.wav", {1: spoken("stop").pcm_of(0)}, then_s=7)
    notebook = open_notebook([*cells, HURRY], microphone=microphone, microphone_loops=True)
    notebook.run_all()
    notebook.wait_for_text(4, "You are speaking", "the assistant speaks", "That was one turn.")
    assert "I know the time, sums, timers" in notebook.text(5)
    assert "<Turns: " in notebook.text(6)
    assert notebook.kernel.eval("[call.isStarted, call.isMicStarted]") == [False, False]
    assert [track.ready_state for track in notebook.tracks()] == ["ended"]
    press(notebook, "start", cell=2)
    wait_for_state(notebook, isStarted=True)
    notebook.run_cell(2)  # as Shift+Enter does after that click: the panel is drawn anew, and the call goes on
    notebook.run_cell(4)
    assert "That was one turn." in notebook.text(4)
    for index in shuffled(len(cells), seed=3):
        run_without_surprise(notebook, index)


def run_without_surprise(notebook: Notebook, index: int) -> None:
    """Run a cell, which may fail with one `MicdropError` only: a new call has no panel before its cell has run."""
    notebook.run_cell(index, wait=False)
    notebook.until("i => window.__notebook.done(i)", index, timeout=30)
    failures = [output["evalue"] for output in notebook.outputs(index) if output["output_type"] == "error"]
    assert [words for words in failures if "No browser shows the call's panel" not in words] == []


def test_start_and_stop(open_notebook: NotebookOpener) -> None:
    notebook = run(open_notebook, "02-start-and-stop.ipynb")
    told = "\n".join(notebook.text(cell) for cell in range(len(code_of("02-start-and-stop.ipynb"))))
    for line in (
        "microphone: True call: False\nmicrophone: True call: True",
        "starting …\n… started",
        "Error event: Unauthorized",
        "Not let in. Pass a valid token",
        "and with the right token: True",
        "call: False microphone: False assistant: False",
        "the microphone is off, the assistant speaks: True",
        "it has finished: False and the call is over: False",
        "the microphone is off\nthe call is over",
        "the goodbye was heard, and the call is over",
        "started and stopped by the button",
    ):
        assert line in told
    assert all(track.ready_state == "ended" for track in notebook.tracks())
    assert notebook.kernel.eval("[t.name for t in __import__('threading').enumerate() if 'micdrop' in t.name]") == []
    notebook.save()
    assert "let-me-in" not in _outputs(notebook)


def _outputs(notebook: Notebook) -> str:
    content = json.loads((notebook.lab.root / notebook.path).read_text())
    saved = [cell.get("outputs") for cell in content["cells"]] + [content["metadata"]]
    return json.dumps(saved)


def test_no_notebook_is_committed_with_outputs() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells), path.name
