"""A page in a Chromium that nobody drives: a debugger that listens costs page and browser a share of their own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from benchmarks.browser.debugger import Debugger, debugger
from tests.e2e.lab import free_port, start_lab
from tests.e2e.notebook import Notebook
from tests.e2e.opening import write_notebook
from tests.harness.chromium import EXECUTABLE, chromium_settings
from tests.harness.processes import end_process

__all__ = ["Undriven", "UndrivenNotebook", "undriven_notebook", "undriven_page"]

_START_LIMIT_S = 30


class Undriven:
    """A page that can be let go of: from then on its browser runs as a user's does.

    Parameters
    ----------
    url
        What the page's address begins with.
    """

    def __init__(self, url: str, chromium: _Chromium, connection: Browser) -> None:
        self._url = url
        self._chromium = chromium
        self._connection = connection

    def let_go(self) -> None:
        """Detach the debugger. The page stays as it is."""
        self._connection.close()

    def debugger(self) -> AbstractContextManager[Debugger]:
        """Attach a bare debugger for a moment."""
        return debugger(self._chromium.debugger_url(self._url))

    def browser_processes(self) -> list[psutil.Process]:
        """Return all processes of the browser there are now."""
        browser = psutil.Process(self._chromium.process.pid)
        return [browser, *browser.children(recursive=True)]


class UndrivenNotebook(Undriven):
    """A notebook that can be let go of.

    Attributes
    ----------
    notebook
        To drive it until then; afterwards what it asks the kernel still works.
    """

    def __init__(self, notebook: Notebook, chromium: _Chromium, connection: Browser) -> None:
        super().__init__(notebook.lab.page_url, chromium, connection)
        self.notebook = notebook

    def let_go(self) -> None:
        """Detach the debugger, and tell what the page complained of until then. The page stays as it is."""
        for error in self.notebook.errors.unexpected():
            print(f"the page reported: {error}", file=sys.stderr)
        super().let_go()


@contextmanager
def undriven_page(url: str, *, microphone: Path) -> Iterator[Undriven]:
    """Open a page in a Chromium of its own, which ends afterwards; see `undriven_notebook`."""
    home = tempfile.TemporaryDirectory(prefix="micdrop-bench-", ignore_cleanup_errors=True)
    with home, sync_playwright() as playwright:
        chromium = _Chromium(playwright, Path(home.name, "chromium"), microphone)
        try:
            connection = chromium.connect()
            (context,) = connection.contexts
            context.new_page().goto(url)
            yield Undriven(url.partition("#")[0], chromium, connection)
        finally:
            chromium.end()


@contextmanager
def undriven_notebook(cell: str, *, microphone: Path) -> Iterator[UndrivenNotebook]:
    """Open a notebook with one cell in a JupyterLab and a Chromium of its own; end all three afterwards.

    Parameters
    ----------
    cell
        Its source; it is not run.
    microphone
        The WAV that the browser hears again and again.
    """
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-", ignore_cleanup_errors=True) as home:
        lab_home = Path(home, "lab")
        lab_home.mkdir()
        lab = start_lab(lab_home)
        try:
            lab.reset_settings()
            write_notebook(lab.root / "notebook.ipynb", [cell])
            with sync_playwright() as playwright:
                chromium = _Chromium(playwright, Path(home, "chromium"), microphone)
                try:
                    connection = chromium.connect()
                    (context,) = connection.contexts
                    context.add_init_script("window.__untapped = true")
                    notebook = Notebook(lab, context, "notebook.ipynb", "undriven")
                    yield UndrivenNotebook(notebook, chromium, connection)
                    notebook.shut_down_kernel()
                finally:
                    chromium.end()
        finally:
            lab.stop()


class _Chromium:
    """A process of this one, which a debugger can attach to and leave."""

    def __init__(self, playwright: Playwright, home: Path, microphone: Path) -> None:
        self._playwright = playwright
        self._port = free_port()
        flags, environment = chromium_settings(home, microphone=microphone, microphone_loops=True)
        # Muted as playwright's own: nothing is heard there, and the window need not show that its tab plays.
        flags += ["--headless", "--no-sandbox", "--mute-audio", "--window-size=1280,800"]
        flags += [f"--remote-debugging-port={self._port}", f"--user-data-dir={home / 'profile'}"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            [str(EXECUTABLE), *flags, "about:blank"], env=environment, stdin=quiet, stdout=quiet, stderr=quiet
        )

    def connect(self) -> Browser:
        """Attach a debugger; closing what this returns detaches it."""
        deadline = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                return self._playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{self._port}")
            except Error:  # it does not listen yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def debugger_url(self, page_url: str) -> str:
        """Return where a debugger of the page reaches it."""
        with httpx.Client(trust_env=False) as client:
            targets = client.get(f"http://127.0.0.1:{self._port}/json").json()
        (page,) = (target for target in targets if target["type"] == "page" and page_url in target["url"])
        return str(page["webSocketDebuggerUrl"])

    def end(self) -> None:
        """End it, and wait until it has."""
        end_process(self.process)
