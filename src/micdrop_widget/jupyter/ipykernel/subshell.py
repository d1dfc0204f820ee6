"""Chooses the thread of the kernel that handles the browser's messages."""

from __future__ import annotations

from micdrop_widget.jupyter.ipykernel.patch import MethodPatch

__all__ = ["honour_requested_subshell"]


def honour_requested_subshell(comm: object) -> MethodPatch:
    """Return the change that lets the front end say on which thread the messages of a comm are handled.

    ipykernel 7.4 sends a comm's messages to the thread that last sent on it, whatever the front end asked for: after
    any use of the widget in a cell that is the main thread, which is busy for as long as a cell runs. Versions
    without that routing have nothing to replace.
    """
    return MethodPatch(comm, "_reply_subshell_for", ("data", "default"), lambda data, default: default)
