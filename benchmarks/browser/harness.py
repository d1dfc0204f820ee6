"""Notebooks to measure in."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.e2e.lab import start_lab
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.browsers import Browsers
from tests.harness.relay import Relay

__all__ = ["CALL", "notebooks", "notebooks_over_line", "start_call"]

CALL = """
from micdrop_widget import MicdropServer, MicdropWidget

server = MicdropServer().start()
call = MicdropWidget(server.url)
call
"""


@contextmanager
def notebooks() -> Iterator[NotebookOpener]:
    """Start a JupyterLab and open notebooks in it; at the end close all, and tell what the pages complained of."""
    with notebooks_over_line() as (opener, _):
        yield opener


@contextmanager
def notebooks_over_line(*, is_relayed: bool = False) -> Iterator[tuple[NotebookOpener, Relay | None]]:
    """Start a JupyterLab; its pages reach it through a relay, if at all, which is a plain line at first."""
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-", ignore_cleanup_errors=True) as home:
        lab_home = Path(home, "lab")
        lab_home.mkdir()
        lab = start_lab(lab_home)
        browsers = Browsers(Path(home))
        relay = Relay(int(lab.url.rpartition(":")[2])) if is_relayed else None
        page_url = lab.page_url if relay is None else f"http://127.0.0.1:{relay.port}"
        opener = NotebookOpener(replace(lab, page_url=page_url), browsers)
        try:
            yield opener, relay
            for error in opener.unexpected_errors():
                print(f"the page reported: {error}", file=sys.stderr)
        finally:
            opener.close()
            browsers.close()
            if relay is not None:
                relay.stop()
            lab.stop()


def start_call(notebook: Notebook, cell: int = 0) -> None:
    """Press Start under a cell and wait until the call is ready."""
    notebook.cell(cell).get_by_test_id("start").click()
    notebook.kernel.until("call.isStarted")
