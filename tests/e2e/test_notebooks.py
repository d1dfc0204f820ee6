"""The notebooks we ship, run from top to bottom as a reader would, with a voice at the microphone."""

from __future__ import annotations

import json

from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.spoken import spoken
from tests.paths import NOTEBOOKS


def code_of(name: str) -> list[str]:
    """Return the code cells of a notebook."""
    content = json.loads((NOTEBOOKS / name).read_text())
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code"]


def run(open_notebook: NotebookOpener, name: str) -> Notebook:
    """Run a notebook; a cell that raises fails the test."""
    notebook = open_notebook(code_of(name), microphone=spoken("two_sentences").path)
    notebook.run_all(timeout=120)
    return notebook


def test_quickstart(open_notebook: NotebookOpener) -> None:
    notebook = run(open_notebook, "01-quickstart.ipynb")
    told = notebook.text(2)
    # the greeting may be heard before the first words or behind them, and go over into the answer
    assert told.startswith("The call is ready.")
    assert "You are speaking" in told
    assert "the assistant answers" in told
    assert "I know the time, sums, timers" in notebook.text(5)
    assert "<Turns: " in notebook.text(6)
    assert notebook.kernel.eval("[call.isStarted, call.isMicStarted]") == [False, False]
    assert [track.ready_state for track in notebook.tracks()] == ["ended"]


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
