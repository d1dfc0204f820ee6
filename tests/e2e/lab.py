"""A real JupyterLab on loopback, with every directory its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.harness.processes import end_process

_START_LIMIT_S = 60.0
_PAGE_CONFIG: Mapping[str, Any] = {
    # JupyterLab's `window.jupyterapp`, which notebook.js drives.
    "exposeAppInBrowser": True,
    # Looks for a newer build of JupyterLab itself, and takes a second of every start.
    "buildAvailable": False,
    "buildCheck": False,
}
TRACKER = "@jupyterlab/notebook-extension:tracker"
"""The plugin whose settings are those of notebooks."""

_QUIET_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # Every cell stays in the page, so that it can be looked at wherever it is scrolled to.
    TRACKER: {"windowingMode": "none"},
}


@dataclass(frozen=True, slots=True)
class Lab:
    """A running JupyterLab; `home` holds all that it writes. Neither address has a path."""

    process: subprocess.Popen[bytes]
    url: str
    page_url: str
    """Where a browser finds it."""
    token: str
    home: Path
    settings: Mapping[str, Mapping[str, Any]]

    @property
    def root(self) -> Path:
        """Where the notebooks are."""
        return self.home / "notebooks"

    @property
    def runtime(self) -> Path:
        """Where the kernels' connection files are."""
        return self.home / "runtime"

    @property
    def log(self) -> Path:
        """What the server and its kernels print."""
        return self.home / "jupyterlab.log"

    def api(self, method: str, path: str) -> Any:
        """Ask the server's REST interface, for example ``api("GET", "sessions")``.

        Raises
        ------
        httpx.HTTPStatusError
            The server refused.
        """
        headers = {"Authorization": f"token {self.token}"}
        with httpx.Client(trust_env=False, timeout=20) as client:
            answer = client.request(method, f"{self.url}/api/{path}", headers=headers)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def reset_settings(self, changed: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Forget what earlier pages changed, such as the theme, which JupyterLab keeps on the server.

        Parameters
        ----------
        changed
            Settings by plugin, instead of this server's own.
        """
        folder = self.home / "config" / "lab" / "user-settings"
        shutil.rmtree(folder, ignore_errors=True)
        for plugin, values in {**self.settings, **(changed or {})}.items():
            package, _, name = plugin.partition(":")
            file = folder / package / f"{name}.jupyterlab-settings"
            _write_json(file, values)

    def stop(self) -> None:
        """End the server and, with it, its kernels. Idempotent."""
        end_process(self.process, limit_s=15)


def start_lab(
    home: Path,
    *,
    python: Path = Path(sys.executable),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
    arguments: Sequence[str] = (),
) -> Lab:
    """Start JupyterLab and wait until it answers.

    Parameters
    ----------
    home
        An empty directory that holds everything it writes.
    python
        The interpreter that runs both the server and the kernels.
    settings
        JupyterLab settings by plugin, over the quiet ones; for example
        ``{"@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"}}``.
    environment
        Variables for the server and its kernels.
    host
        What the browser calls the machine, whose name for it has to lead here.
    arguments
        More command-line arguments.

    Raises
    ------
    RuntimeError
        It ended or did not answer within a minute; the message holds its log.
    """
    port, token = free_port(), secrets.token_hex(16)
    merged = {**_QUIET_SETTINGS, **(settings or {})}
    add_kernel(home, python)
    _write_json(home / "config" / "labconfig" / "page_config.json", _PAGE_CONFIG)
    command = [
        *(str(python), "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={home / 'notebooks'}", f"--IdentityProvider.token={token}"),
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        *arguments,
    ]
    (home / "notebooks").mkdir()
    with (home / "jupyterlab.log").open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=home,
            env={**os.environ, **own_environment(home), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    lab = Lab(process, f"http://127.0.0.1:{port}", f"http://{host}:{port}", token, home, merged)
    lab.reset_settings()
    _wait_until_it_answers(lab)
    return lab


def own_environment(home: Path) -> dict[str, str]:
    """Return variables that keep all that Jupyter reads and writes below a directory."""
    return {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        # First of all places, before the environment's own kernel spec with its bare "python".
        "JUPYTER_PATH": str(home / "share"),
        "IPYTHONDIR": str(home / "ipython"),
        "PULSE_SERVER": "unix:/nonexistent",
    }


def add_kernel(home: Path, python: Path) -> None:
    """Let Jupyter start kernels of this interpreter."""
    _write_json(home / "share" / "kernels" / "python3" / "kernel.json", _kernel_spec(python))


def _kernel_spec(python: Path) -> Mapping[str, Any]:
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    return {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(lab: Lab) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline and lab.process.poll() is None:
        try:
            lab.api("GET", "status")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    lab.stop()
    raise RuntimeError(f"JupyterLab did not start:\n{lab.log.read_text(errors='replace')}")
