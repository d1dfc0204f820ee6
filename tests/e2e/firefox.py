"""A fresh Firefox on a virtual sound card, with a notebook open in it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.e2e.bidi import BidiPage
from tests.e2e.calls import PROCESSING_OFF
from tests.e2e.kernel import Kernel
from tests.e2e.lab import Lab, free_port
from tests.harness.processes import end_process
from tests.harness.sound_card import SoundCard
from tests.harness.taps import TAPS_JS, Tap, tap_from

EXECUTABLE = Path("/usr/bin/firefox-esr")

_NOTEBOOK_JS = Path(__file__).with_name("notebook.js")
_READY_LIMIT_S = 90.0
_PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.permission.disabled": True,  # the microphone, without asking
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "extensions.update.enabled": False,
    "services.settings.server": "data:,",
    "network.proxy.type": 0,
}


class FirefoxMissingError(RuntimeError):
    """There is no Firefox to test with."""

    def __init__(self) -> None:
        super().__init__(
            f"{EXECUTABLE} is missing: run scripts/firefox, which installs it (apt-get install firefox-esr)"
        )


class FirefoxNotebook:
    """One Firefox with one notebook. Timeouts are in seconds; cells count from 0.

    Attributes
    ----------
    page
        The page, for looks that have no method here.

    Raises
    ------
    FirefoxMissingError
        It is not installed.
    """

    def __init__(self, lab: Lab, sound_card: SoundCard, path: str, home: Path) -> None:
        if not EXECUTABLE.exists():
            raise FirefoxMissingError
        self._lab = lab
        self._path = path
        self._kernel: Kernel | None = None
        port = free_port()
        self._process = _launch(home, port, sound_card)
        try:
            self.page = _connect(self._process, port)
            self._open()
        except BaseException:
            self._end()
            raise

    def run_cell(self, index: int) -> None:
        """Run a cell and wait until it is through; fail if it raises."""
        self.page.evaluate(f"window.__notebook.run({index})")
        self.until(f"window.__notebook.done({index})")
        assert self.page.evaluate(f"window.__notebook.ok({index})"), self.page.evaluate(
            f"window.__notebook.outputs({index})"
        )

    def press(self, button: str) -> None:
        """Press a button of the panel."""
        self.page.evaluate(f"document.querySelector('[data-testid={button}]').click()")

    def until(self, expression: str, *, timeout: float = 30) -> Any:
        """Ask until an expression is true in the page; return its value.

        Raises
        ------
        TimeoutError
            It never was.
        """
        deadline = time.monotonic() + timeout
        while not (value := self.page.evaluate(expression)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{expression} is {value!r} after {timeout} s")
            time.sleep(0.1)
        return value

    def taps(self, kind: str) -> list[Tap]:
        """Return what was recorded since the page was loaded, as `Notebook.taps` does."""
        return [tap_from(raw) for raw in self.page.evaluate("window.__taps.read()") if raw["kind"] == kind]

    @property
    def kernel(self) -> Kernel:
        """The notebook's kernel, asked past the notebook."""
        if self._kernel is None:
            self._kernel = Kernel(
                self._lab.runtime / f"kernel-{self.page.evaluate('window.__notebook.kernelId()')}.json"
            )
        return self._kernel

    def close(self) -> None:
        """End Firefox and the kernel. Idempotent."""
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None
        self.page.close()
        self._end()
        for session in self._lab.api("GET", "sessions"):
            if session["path"] == self._path:
                self._lab.api("DELETE", f"sessions/{session['id']}")

    def _end(self) -> None:
        end_process(self._process)

    def _open(self) -> None:
        self.page.add_init_script("window.__tapMicrophone = true;")
        for script in (TAPS_JS.read_text(), _NOTEBOOK_JS.read_text()):
            self.page.add_init_script(script)
        self.page.goto(f"{self._lab.url}/lab/workspaces/firefox/tree/{self._path}?reset&token={self._lab.token}")
        self.until("window.__notebook.ready() && !window.__notebook.splash()", timeout=_READY_LIMIT_S)
        # Firefox refuses JupyterLab something now and then while it loads: an error without a place, before any call.
        self.page.errors.clear()
        self.page.evaluate(f"({PROCESSING_OFF})()")


def _launch(home: Path, port: int, sound_card: SoundCard) -> subprocess.Popen[bytes]:
    profile = home / "profile"
    profile.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = [
        str(EXECUTABLE),
        "--headless",
        "--no-remote",
        f"--remote-debugging-port={port}",
        "--profile",
        str(profile),
    ]
    with (home / "firefox.log").open("wb") as log:
        return subprocess.Popen(
            command,
            env={**os.environ, "HOME": str(home), "PULSE_SERVER": sound_card.server},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _connect(process: subprocess.Popen[bytes], port: int) -> BidiPage:
    deadline = time.monotonic() + _READY_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return BidiPage(port)
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"Firefox does not listen on its debugging port (exit code {process.poll()})")
