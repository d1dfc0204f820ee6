"""The harness itself, without any widget: what it says of a notebook must be true."""

from __future__ import annotations

import time

import pytest

from tests.e2e.notebook import CellError
from tests.e2e.opening import NotebookOpener


def test_a_notebook_is_run_asked_saved_and_reloaded(open_notebook: NotebookOpener) -> None:
    wait = "import time\nbegun = True\ntime.sleep(2)\ndone = True"
    notebook = open_notebook(["x = 20 + 1\nprint('hello')\nx", "1 / 0", wait])
    notebook.run_cell(0)
    assert notebook.text(0) == "hello\n21"
    with pytest.raises(CellError, match="ZeroDivisionError"):
        notebook.run_cell(1)
    notebook.set_source(1, "x += 1")
    notebook.run_cell(1)
    assert notebook.kernel.eval("[x, (1, 2)]") == [22, [1, 2]]

    notebook.run_cell(2, wait=False)
    notebook.kernel.until("globals().get('begun', False)")
    started = time.monotonic()
    assert notebook.kernel.eval("'done' in globals()") is False
    assert time.monotonic() - started < 1
    assert notebook.is_running(2)
    with pytest.raises(TimeoutError):
        notebook.kernel.eval("1", while_busy=False, timeout=0.2)
    notebook.wait_for_cell(2)
    assert notebook.kernel.eval("done") is True

    notebook.save()
    notebook.reload()
    assert notebook.text(0) == "hello\n21"
    assert notebook.kernel.eval("x") == 22
    notebook.restart_kernel()
    assert notebook.kernel.eval("'x' in globals()") is False
