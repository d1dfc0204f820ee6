"""A notebook open in a browser, as a test holds it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import BrowserContext, Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.e2e.kernel import Kernel
from tests.e2e.lab import Lab
from tests.e2e.outputs import text_of
from tests.harness.page_errors import PageErrors
from tests.harness.taps import TAPS_JS, Tap, Track, read_taps, read_tracks

_NOTEBOOK_JS = Path(__file__).with_name("notebook.js")
_READY_LIMIT_S = 60.0

Interface = Literal["lab", "notebook"]


class CellError(AssertionError):
    """A cell raised; the message holds its outputs."""


class Notebook:
    """One page with one notebook. Timeouts are in seconds; cells count from 0.

    Attributes
    ----------
    page
        Playwright's page, for clicks and looks that have no method here.
    errors
        What fails the test at its end, unless it is allowed.
    """

    def __init__(
        self, lab: Lab, context: BrowserContext, path: str, workspace: str, interface: Interface = "lab"
    ) -> None:
        self.lab = lab
        self.path = path
        self.page: Page = context.new_page()
        self.errors = PageErrors(self.page)
        self._kernel: Kernel | None = None
        self.page.on("dialog", lambda dialog: dialog.accept())  # "leave the page?" on a reload
        self.page.add_init_script(path=TAPS_JS)
        self.page.add_init_script(path=_NOTEBOOK_JS)
        place = {"lab": f"lab/workspaces/{workspace}/tree/{path}?reset&", "notebook": f"notebooks/{path}?"}[interface]
        self.page.goto(f"{lab.page_url}/{place}token={lab.token}")
        self._wait_until_ready()

    def run_cell(self, index: int, *, wait: bool = True, timeout: float = 30) -> None:
        """Run a cell as Ctrl+Enter does; with `wait`, until it is through.

        Raises
        ------
        CellError
            It raised, and `wait` is true.
        TimeoutError
            It is still running.
        """
        self._call("run", index)
        if wait:
            self.wait_for_cell(index, timeout=timeout)

    def run_all(self, *, wait: bool = True, timeout: float = 60) -> None:
        """Run all cells in order; raises as `run_cell`."""
        self._call("runAll")
        if wait:
            self.wait_for_cell(0, timeout=timeout)

    def wait_for_cell(self, index: int, *, timeout: float = 30) -> None:
        """Wait for a run begun with ``wait=False``; after `run_all`, for all cells. Raises as `run_cell`."""
        self.until("i => window.__notebook.done(i)", index, timeout=timeout)
        if not self._call("ok", index):
            raise CellError(f"cell {index} of {self.path}:\n{self.text(index)}")

    def is_running(self, index: int) -> bool:
        """Whether the newest run of this cell is under way."""
        return not self._call("done", index)

    def set_source(self, index: int, source: str) -> None:
        """Replace a cell's code."""
        self._call("setSource", index, source)

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """Return a cell's outputs as they stand in the notebook format."""
        return list(self._call("outputs", index))

    def text(self, index: int) -> str:
        """Return what a cell printed, its value's repr and its traceback, without colours."""
        return text_of(self.outputs(index))

    def wait_for_text(self, index: int, *texts: str, timeout: float = 15) -> str:
        """Wait until a cell shows all these texts, as `text` has them, and return what it shows.

        What another thread prints is there some 0.2 s later: the kernel collects it.

        Raises
        ------
        TimeoutError
            It does not show one of them.
        """
        deadline = time.monotonic() + timeout
        while missing := [text for text in texts if text not in self.text(index)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"cell {index} shows no {missing} after {timeout} s, but:\n{self.text(index)}")
            self.page.wait_for_timeout(20)
        return self.text(index)

    def cell(self, index: int) -> Locator:
        """Locate a cell with its outputs: ``notebook.cell(1).get_by_test_id("start").click()``."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    @property
    def kernel(self) -> Kernel:
        """The notebook's kernel, asked past the notebook."""
        if self._kernel is None:
            file = self.lab.runtime / f"kernel-{self._call('kernelId')}.json"
            self._kernel = Kernel(file)
        return self._kernel

    def restart_kernel(self) -> None:
        """Restart the kernel as the menu does and wait until it is idle; its namespace is empty then."""
        self._forget_kernel()
        self._call("restart")
        self._wait_until_ready()

    def shut_down_kernel(self) -> None:
        """End the kernel; the page stays. Idempotent."""
        self._forget_kernel()
        for session in self.lab.api("GET", "sessions"):
            if session["path"] == self.path:
                self.lab.api("DELETE", f"sessions/{session['id']}")

    def until(self, script: str, argument: Any = None, *, timeout: float = 15) -> Any:
        """Wait until a JavaScript expression or function is true in the page; return its value.

        Raises
        ------
        TimeoutError
            It never was.
        """
        limit_ms = timeout * 1000
        try:
            handle = self.page.wait_for_function(script, arg=argument, polling=50, timeout=limit_ms)
        except PlaywrightTimeout:
            raise TimeoutError(f"{script} ({argument!r}) is not true after {timeout} s") from None
        return handle.json_value()

    def tracks(self) -> list[Track]:
        """Return every track that the page was given by ``getUserMedia`` since it was loaded."""
        return read_tracks(self.page)

    def taps(self, kind: str = "playback") -> list[Tap]:
        """Return what was recorded since the page was loaded, one `Tap` an AudioContext or source."""
        return [tap for tap in read_taps(self.page) if tap.kind == kind]

    def set_theme(self, theme: str) -> None:
        """Switch JupyterLab's theme and wait for it: ``"JupyterLab Dark"``, ``"JupyterLab Light"``."""
        self._call("setTheme", theme)
        self.until("t => document.body.dataset.jpThemeName === t && !window.__notebook.splash()", theme)

    def resize(self, width: int, height: int = 800) -> None:
        """Set the size of the window's inside, in CSS pixels."""
        self.page.set_viewport_size({"width": width, "height": height})

    def screenshot(self, path: Path, of: Locator | None = None) -> Path:
        """Write a PNG of the page, or of one part of it scrolled into view."""
        path.parent.mkdir(parents=True, exist_ok=True)
        (of or self.page).screenshot(path=path)
        return path

    def scroll_to(self, index: int) -> None:
        """Make a cell the active one, and scroll it to the top."""
        self._call("scrollTo", index)

    def close_output_view(self) -> None:
        """Close what ``notebook:create-output-view`` has opened."""
        self._call("closeOutputView")

    def command(self, command: str) -> None:
        """Execute one of JupyterLab's commands, such as ``notebook:clear-cell-output``."""
        self._call("command", command)

    def save(self) -> None:
        """Save the notebook: what is not in the file does not survive `reload`."""
        self._call("save")

    def reload(self) -> None:
        """Load the page anew and wait until the notebook is ready; the kernel lives on."""
        self.page.reload()
        self._wait_until_ready()

    def close(self) -> None:
        """Close the page (without asking to save) and disconnect from the kernel, which lives on."""
        self._forget_kernel()
        self.page.close()

    def _call(self, function: str, *arguments: Any) -> Any:
        return self.page.evaluate(f"a => window.__notebook.{function}(...a)", list(arguments))

    def _wait_until_ready(self) -> None:
        ready = "() => window.__notebook.ready() && !window.__notebook.splash()"
        self.until(ready, timeout=_READY_LIMIT_S)
        self._call("roomy")

    def _forget_kernel(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None
