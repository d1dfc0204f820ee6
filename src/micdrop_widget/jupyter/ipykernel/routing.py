"""On which thread of the kernel the browser's messages are handled."""

from __future__ import annotations

__all__ = ["route_by_front_end_subshell"]


def route_by_front_end_subshell(comm: object) -> None:
    """Let the front end say on which thread its messages are handled.

    ipykernel 7.4 sends a comm's messages to the thread that last sent on it, whatever the front end asked for: after
    any use of the widget in a cell that is the main thread, which is busy for as long as a cell runs. Versions
    without that routing have nothing to override.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default
