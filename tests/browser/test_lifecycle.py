"""Starting twice, stopping early, closing, running the cell again: no second microphone, nothing left."""

from __future__ import annotations

from .calls import CALL, SERVER, press, wait_for_state
from .notebook import Notebook
from .opening import NotebookOpener


def live_tracks(notebook: Notebook) -> int:
    """Count the microphones that are on."""
    return sum(track.ready_state == "live" for track in notebook.tracks())


def threads(notebook: Notebook) -> list[str]:
    """Return the names of our threads in the kernel."""
    names = "sorted(t.name for t in __import__('threading').enumerate() if t.name.startswith('micdrop'))"
    return list(notebook.kernel.eval(names))


def test_starting_twice_opens_one_microphone(open_notebook: NotebookOpener) -> None:
    twice = "import asyncio\nawait asyncio.gather(call.start(), call.start())\nawait call.start()"
    notebook = open_notebook([SERVER, CALL, twice])
    notebook.run_all()
    assert len(notebook.tracks()) == 1
    assert live_tracks(notebook) == 1


def test_stopping_before_the_start_is_through_leaves_nothing(open_notebook: NotebookOpener) -> None:
    early = """
for _ in range(10):
    started = call.start()
    await call.stop()
    await started
"""
    notebook = open_notebook([SERVER, CALL, early])
    notebook.run_all()
    notebook.until("() => window.__tracks.every((track) => track.readyState === 'ended')")
    assert notebook.kernel.eval("[call.isStarted, call.isStarting, call.isMicStarted]") == [False] * 3
    assert notebook.kernel.eval("call.error") is None


def test_closing_during_a_call_releases_microphone_socket_and_threads(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, "await call.start()\ncall.close()\ncall.close()"])
    notebook.run_all()
    notebook.until("() => window.__tracks.every((track) => track.readyState === 'ended')")
    assert len(notebook.tracks()) == 1
    notebook.kernel.until("len(server._server.connections) == 0")
    assert threads(notebook) == ["micdrop-server"]


def test_running_the_cell_again_ends_the_call_it_showed(open_notebook: NotebookOpener) -> None:
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
        notebook.kernel.until("not old.isStarted and len(server._server.connections) == 0")
    names = threads(notebook)
    assert names.count("micdrop-loop") == 1
    assert len([name for name in names if name.startswith("micdrop-observer")]) <= 5


def test_clearing_the_output_ends_the_call(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL])
    notebook.run_all()
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    notebook.command("notebook:clear-cell-output")
    notebook.kernel.until("not call.isStarted")
    assert live_tracks(notebook) == 0


GOODBYE_OF_THE_KERNEL = "Comm not found"
"""JupyterLab complains when a kernel that ends still tells its pages so: it has forgotten the comm by then."""


def test_a_kernel_restart_releases_the_microphone(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL])
    notebook.allow_errors(GOODBYE_OF_THE_KERNEL)
    notebook.run_all()
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    notebook.restart_kernel()
    notebook.until("() => window.__tracks.every((track) => track.readyState === 'ended')", timeout=5)
    assert len(notebook.tracks()) == 1
