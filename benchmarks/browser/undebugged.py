"""A call in a browser that nobody debugs, as that of a user."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from benchmarks.browser.harness import CALL, start_call
from benchmarks.speech import SENTENCE
from tests.browser.chromium import EXECUTABLE, flags_and_environment
from tests.browser.kernel import Kernel
from tests.browser.lab import start_lab
from tests.browser.notebook import Notebook
from tests.browser.opening import write_notebook

__all__ = ["UndebuggedCall", "undebugged_call"]

_START_S = 30


@dataclass(frozen=True, slots=True)
class UndebuggedCall:
    """The kernel, and whose processes take part."""

    kernel: Kernel
    page_processes: list[psutil.Process]
    kernel_processes: list[psutil.Process]
    server_processes: list[psutil.Process]


@contextmanager
def undebugged_call() -> Iterator[UndebuggedCall]:
    """Start a call in which the user says a sentence again and again; then let go of the debugger that started it."""
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-", ignore_cleanup_errors=True) as home:
        lab_home, browser_home = Path(home, "lab"), Path(home, "browser")
        lab_home.mkdir()
        lab = start_lab(lab_home)
        browser, port = _start_browser(browser_home)
        try:
            driver = sync_playwright().start()
            try:
                (context,) = driver.chromium.connect_over_cdp(f"http://127.0.0.1:{port}").contexts
                context.add_init_script("window.__untapped = true")
                write_notebook(lab.root / "call.ipynb", [CALL])
                notebook = Notebook(lab, context, "call.ipynb", "call", "lab")
                notebook.run_cell(0)
                start_call(notebook)
            finally:
                driver.stop()
            yield UndebuggedCall(
                notebook.kernel,
                [psutil.Process(browser.pid), *psutil.Process(browser.pid).children(recursive=True)],
                [psutil.Process(notebook.kernel.eval("__import__('os').getpid()"))],
                [psutil.Process(lab.process.pid)],
            )
            notebook.shut_down_kernel()
        finally:
            browser.terminate()
            browser.wait()
            lab.stop()


def _start_browser(home: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a browser with the sentence as its microphone; return it and the port of its debugger."""
    flags, environment = flags_and_environment(home, microphone=SENTENCE, microphone_loops=True)
    flags += ["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--mute-audio", "--window-size=1280,800"]
    flags += ["--remote-debugging-port=0", f"--user-data-dir={home}"]
    quiet = subprocess.DEVNULL
    browser = subprocess.Popen([EXECUTABLE, *flags], env=environment, stdout=quiet, stderr=quiet)
    port = home / "DevToolsActivePort"
    began = time.monotonic()
    while not (port.exists() and port.read_text().strip()):
        if time.monotonic() - began > _START_S or browser.poll() is not None:
            browser.kill()
            raise RuntimeError(f"Chromium did not open its debugger's port within {_START_S} s")
        time.sleep(0.1)
    return browser, int(port.read_text().split()[0])
