"""How a message of the browser gets from the kernel to the widget."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

__all__ = ["deliver_directly"]

_log = logging.getLogger("micdrop_widget.widget")

Message: TypeAlias = dict[str, Any]
Take: TypeAlias = Callable[[object, Sequence[memoryview]], object]


def deliver_directly(comm: object, take: Take) -> None:
    """Let the kernel treat a comm's custom messages as messages, not as a cell.

    For each message that it handles, ipykernel fires the events around a cell, which makes matplotlib show and
    close whatever figure a running cell is drawing, and waits for stdout and stderr to be flushed, two round trips to
    another thread; 31 times a second, for the microphone. Where there is no ipykernel, nothing is changed.

    Parameters
    ----------
    take
        A bound method, called with the content and the buffers of each message, on the thread that handles it. Its
        object is not kept alive.
    """
    kernel: Any = getattr(comm, "kernel", None)
    if not (hasattr(comm, "comm_id") and hasattr(kernel, "should_handle")):
        return
    if not isinstance(kernel.should_handle, _ShouldHandle):
        kernel.should_handle = _ShouldHandle(kernel.should_handle)
    takers, comm_id = kernel.should_handle.takers, comm.comm_id
    takers[comm_id] = weakref.WeakMethod(take, lambda _: takers.pop(comm_id, None))


class _ShouldHandle:
    """In place of the kernel's method of that name, which may keep a message from being handled; one for all comms."""

    def __init__(self, should_handle: Callable[..., Any]) -> None:
        self._should_handle = should_handle
        self.takers: dict[str, weakref.WeakMethod[Take]] = {}

    def __call__(self, stream: object, message: Message, idents: object) -> Any:  # noqa: ANN401 - a bool, or awaitable
        if message["header"]["msg_type"] == "comm_msg" and self._deliver(message["content"], message["buffers"]):
            return False
        return self._should_handle(stream, message, idents)

    def _deliver(self, comm_msg: Message, buffers: Sequence[memoryview]) -> bool:
        """Return whether there was somebody who took it."""
        taker = self.takers.get(comm_msg.get("comm_id", ""))
        take = None if taker is None else taker()
        data = comm_msg.get("data", {})
        if take is None or data.get("method") != "custom":
            return False
        try:
            take(data.get("content"), buffers)
        except Exception:  # noqa: BLE001 - whatever it is: the next message may be well
            _log.exception("a message of the panel could not be handled")
        return True
