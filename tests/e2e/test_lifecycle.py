"""Starting twice, stopping early, closing, running the cell again: no second microphone, nothing left."""

from __future__ import annotations

from tests.e2e.calls import CALL, SERVER, panel_text, press, wait_for_state, wait_for_words
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener


def live_tracks(notebook: Notebook) -> int:
    """Count the microphones that are on."""
    return sum(track.ready_state == "live" for track in notebook.tracks())


def threads(notebook: Notebook) -> list[str]:
    """Return the names of our threads in the kernel, but for those that work for a loop and end with it."""
    names = "sorted(t.name for t in __import__('threading').enumerate() if t.name.startswith('micdrop'))"
    return [name for name in notebook.kernel.eval(names) if not name.endswith("-worker")]


EARLY = """
for _ in range(10):
    started = call.start()
    await call.stop()
    await started
"""
TWICE = "import asyncio\nawait asyncio.gather(call.start(), call.start())\nawait call.start()"
CLOSE = "call.close()\ncall.close()"


def test_stopped_early_started_twice_and_closed_it_leaves_nothing(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, EARLY, TWICE, CLOSE])
    for cell in range(3):
        notebook.run_cell(cell)
    notebook.until("() => window.__tracks.every((track) => track.readyState === 'ended')")
    assert notebook.kernel.eval("[call.isStarted, call.isStarting, call.isMicStarted]") == [False] * 3
    assert notebook.kernel.eval("call.error") is None
    before = len(notebook.tracks())

    notebook.run_cell(3)
    assert (len(notebook.tracks()), live_tracks(notebook)) == (before + 1, 1)

    notebook.run_cell(4)
    notebook.until("() => window.__tracks.every((track) => track.readyState === 'ended')")
    notebook.kernel.until("len(server.calls) == 0")
    assert threads(notebook) == ["micdrop-server"]


def test_running_the_cell_again_or_clearing_its_output_ends_the_call(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL])
    notebook.run_all()
    for number in range(4):
        press(notebook, "start")
        wait_for_state(notebook, isStarted=True)
        assert live_tracks(notebook) == 1
        assert len(notebook.tracks()) == number + 1
        notebook.kernel.execute("old = call")
        notebook.run_cell(1)
        notebook.until("() => window.__tracks.every((track) => track.readyState === 'ended')")
        notebook.kernel.until("not old.isStarted and len(server.calls) == 0")
        wait_for_words(notebook, "The call of this cell ended because the cell ran again.", "note")
        assert panel_text(notebook, "state") == "Call ended"
        assert panel_text(notebook, "start") == "Start again"
        notebook.wait_for_text(1, "micdrop-widget: the call of this cell ended because the cell ran again.")
    names = threads(notebook)
    assert names.count("micdrop-loop") == 1
    assert len([name for name in names if name.startswith(("micdrop-traits", "micdrop-handlers"))]) <= 10

    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    notebook.command("notebook:clear-cell-output")
    notebook.kernel.until("not call.isStarted")
    assert live_tracks(notebook) == 0
