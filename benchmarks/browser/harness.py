"""Notebooks to measure in."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.lab import start_lab
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.browsers import Browsers

__all__ = ["CALL", "notebooks", "start_call"]

CALL = """
from micdrop_widget import MicdropServer, MicdropWidget

server = MicdropServer().start()
call = MicdropWidget(server.url)
call
"""


@contextmanager
def notebooks() -> Iterator[NotebookOpener]:
    """Start a JupyterLab and open notebooks in it; at the end close all, and tell what the pages complained of."""
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-", ignore_cleanup_errors=True) as home:
        lab_home = Path(home, "lab")
        lab_home.mkdir()
        lab = start_lab(lab_home)
        browsers = Browsers(Path(home))
        opener = NotebookOpener(lab, browsers)
        try:
            yield opener
            for error in opener.unexpected_errors():
                print(f"the page reported: {error}", file=sys.stderr)
        finally:
            opener.close()
            browsers.close()
            lab.stop()


def start_call(notebook: Notebook, cell: int = 0) -> None:
    """Press Start under a cell and wait until the call is ready."""
    notebook.cell(cell).get_by_test_id("start").click()
    notebook.kernel.until("call.isStarted")
