"""Starting processes that can be ended, and ending them."""

from __future__ import annotations

import signal
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


def heed_ctrl_c() -> None:
    """Let a new process end by SIGINT; for `preexec_fn`.

    What a shell starts in the background, these tests for example, ignores it, and so does what it starts.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
