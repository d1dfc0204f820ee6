"""JupyterLab reached in a way that leaves a page without a microphone: the panel says which, and what to do."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.e2e.calls import SERVER
from tests.e2e.lab import Lab, start_lab
from tests.e2e.opening import NotebookOpener
from tests.e2e.test_failures import WATCHED, fail

HOST = "notebook.test"
FORBIDDING = '--ServerApp.tornado_settings={"headers": {"Permissions-Policy": "microphone=()"}}'


@pytest.fixture
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Lab]:
    """Run a JupyterLab for one test, with the host and the arguments it asks for."""
    host, argument = request.param
    running = start_lab(tmp_path / "lab", host=host, arguments=(argument,))
    yield running
    running.stop()


@pytest.mark.parametrize("lab", [(HOST, "--ServerApp.allow_remote_access=True")], indirect=True, ids=["plain http"])
def test_a_page_of_another_machine_over_plain_http(lab: Lab, open_notebook: NotebookOpener) -> None:
    arguments = (f"--host-resolver-rules=MAP {HOST} 127.0.0.1",)
    notebook = open_notebook([SERVER, WATCHED], arguments=arguments)
    notebook.run_all()
    assert notebook.page.evaluate("window.isSecureContext") is False
    fail(notebook, "Mic", f"only to secure pages: https, or localhost (this page is {lab.page_url})", "ssh -L 8888")


@pytest.mark.parametrize("lab", [("127.0.0.1", FORBIDDING)], indirect=True, ids=["policy"])
def test_a_server_that_forbids_its_pages_the_microphone(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, WATCHED])
    notebook.allow_errors("Permissions policy violation")
    notebook.run_all()
    fail(notebook, "Mic", "is forbidden to use the microphone", "allow microphone=(self)")
