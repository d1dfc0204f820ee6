"""JupyterLabs in which the browser's messages are meant for the thread that runs the cells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.lab import Lab, start_lab

_SUBSHELLS_DISABLED = {"@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"}}


def start_lab_with_ipykernel_6(home: Path) -> Lab:
    """Start a JupyterLab whose kernels know no subshells; an ipykernel 6 comes from PyPI, into `home`.

    Not the newest: until 6.30 a kernel says no idle of a message that was taken from it.
    """
    return start_lab(home, environment=environment_with_ipykernel_6(home.with_name(f"{home.name}-ipykernel-6")))


def environment_with_ipykernel_6(target: Path) -> dict[str, str]:
    """Return what a kernel's environment needs to be one of ipykernel 6, which comes from PyPI into a folder."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        f"--target={target}",
        "ipykernel==6.29.5",
    ]
    subprocess.run(command, check=True)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH")]))}


def start_lab_without_subshells(home: Path) -> Lab:
    """Start a JupyterLab that is set to handle comm messages on the kernel's main thread."""
    return start_lab(home, settings=_SUBSHELLS_DISABLED)
