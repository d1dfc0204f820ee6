"""Ending what was started."""

from __future__ import annotations

import subprocess


def end_process(process: subprocess.Popen[bytes], *, limit_s: float = 10) -> None:
    """Ask a process to end, and make it end when it does not within the limit. Idempotent."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
