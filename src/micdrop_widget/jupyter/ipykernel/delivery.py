"""How a message of the browser gets from the kernel to the widget."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

__all__ = ["bypass_shell_queue"]

_log = logging.getLogger("micdrop_widget.jupyter.widget")

Message: TypeAlias = dict[str, Any]
Take: TypeAlias = Callable[[object, Sequence[memoryview]], object]

_HEADER, _CONTENT = 1, 4
"""Frames of a message behind its delimiter: signature, header, parent, metadata, content, buffers."""


def bypass_shell_queue(comm: object, take: Take) -> None:
    """Let the kernel hand a comm's custom messages over as they come, and not treat them as a cell.

    ipykernel 7 receives on a thread of its own, which waits for no cell, and passes each message on to the main
    thread or to a subshell's: it is taken before that. What comes another way is taken before the kernel handles it:
    for each message that fires the events around a cell, which makes matplotlib show and close whatever figure a
    running cell is drawing, and waits for stdout and stderr to be flushed, two round trips to another thread; 31
    times a second, for the microphone. Where there is no ipykernel, nothing is changed.

    Parameters
    ----------
    take
        A bound method, called with the content and the buffers of each message, on the thread that receives it: it must
        not wait for anything. Its object is not kept alive.
    """
    kernel: Any = getattr(comm, "kernel", None)
    if not (hasattr(comm, "comm_id") and hasattr(kernel, "should_handle")):
        return
    if not isinstance(kernel.should_handle, _ShouldHandle):
        takers = _Takers()
        kernel.should_handle = _ShouldHandle(kernel.should_handle, takers)
        if _has_shell_channel_thread(kernel):
            on_recv = _ShellChannel(kernel, takers)
            kernel.shell_channel_thread.io_loop.add_callback(kernel.shell_stream.on_recv, on_recv, copy=False)
    kernel.should_handle.takers.add(comm.comm_id, take)


def _has_shell_channel_thread(kernel: Any) -> bool:  # noqa: ANN401 - ipykernel's, which is not installed everywhere
    names = ("shell_stream", "shell_channel_thread_main", "session", "_publish_status")
    return hasattr(getattr(kernel, "shell_channel_thread", None), "io_loop") and all(hasattr(kernel, n) for n in names)


class _Takers:
    """Who takes the custom messages of which comm."""

    def __init__(self) -> None:
        self._takers: dict[str, weakref.WeakMethod[Take]] = {}

    def add(self, comm_id: str, take: Take) -> None:
        """Take the messages of a comm for as long as the object of this method lives."""
        self._takers[comm_id] = weakref.WeakMethod(take, lambda _: self._takers.pop(comm_id, None))

    def find(self, comm_msg: Message) -> Take | None:
        """Return who takes what has this content; None: the kernel."""
        taker = self._takers.get(comm_msg.get("comm_id", ""))
        return None if taker is None or comm_msg.get("data", {}).get("method") != "custom" else taker()


def _deliver(take: Take, message: Message) -> None:
    try:
        take(message["content"]["data"].get("content"), message["buffers"])
    except Exception:  # noqa: BLE001 - whatever it is: the next message may be well
        _log.exception("a message of the panel could not be handled")


class _ShouldHandle:
    """In place of the kernel's method of that name, which may keep a message from being handled; one for all comms."""

    def __init__(self, should_handle: Callable[..., Any], takers: _Takers) -> None:
        self._should_handle = should_handle
        self.takers = takers

    def __call__(self, stream: object, message: Message, idents: object) -> Any:  # noqa: ANN401 - a bool, or awaitable
        take = self.takers.find(message["content"]) if message["header"]["msg_type"] == "comm_msg" else None
        if take is None:
            return self._should_handle(stream, message, idents)
        _deliver(take, message)
        return False


class _ShellChannel:
    """In place of the kernel's method that passes on what its thread has received; one for all comms."""

    def __init__(self, kernel: Any, takers: _Takers) -> None:  # noqa: ANN401 - see above
        self._kernel = kernel
        self._pass_on = kernel.shell_channel_thread_main
        self._takers = takers

    def __call__(self, frames: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever the kernel's method returns
        try:
            found = self._find(frames)
        except Exception:  # noqa: BLE001 - what cannot be read is the kernel's to tell
            found = None
        if found is None:
            return self._pass_on(frames)
        take, message = found
        for status in ("busy", "idle"):
            self._kernel._publish_status(status, "shell", message)
        _deliver(take, message)
        return None

    def _find(self, frames: Sequence[Any]) -> tuple[Take, Message] | None:
        session = self._kernel.session
        _, parts = session.feed_identities(frames, copy=False)
        if b'"comm_msg"' not in parts[_HEADER].bytes:
            return None
        take = self._takers.find(session.unpack(parts[_CONTENT].bytes))
        # Read whole only if it is ours: a session takes no message twice.
        return None if take is None else (take, session.deserialize(parts, copy=False))
