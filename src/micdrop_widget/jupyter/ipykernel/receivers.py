"""The receivers of custom messages, by comm."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

__all__ = ["Message", "Receive", "Receivers", "deliver"]

Message: TypeAlias = dict[str, Any]
"""As `jupyter_client` reads it: header, content, buffers and so on."""

Receive: TypeAlias = Callable[[object, Sequence[memoryview]], object]
"""Receives the content and the buffers of a custom message."""

_log = logging.getLogger("micdrop_widget.jupyter.ipykernel")


class Receivers:
    """The widgets of a kernel, by the id of their comm; from any thread."""

    def __init__(self) -> None:
        self._receivers: dict[str, weakref.WeakMethod[Receive]] = {}

    def __contains__(self, comm_id: object) -> bool:
        return comm_id in self._receivers

    def __len__(self) -> int:
        return len(self._receivers)

    def add(self, comm_id: str, receive: Receive) -> None:
        """Add a bound method, whose object is not kept alive."""
        self._receivers[comm_id] = weakref.WeakMethod(receive)

    def remove(self, comm_id: str) -> None:
        """Remove it; one that is not there is no error."""
        self._receivers.pop(comm_id, None)

    def find(self, comm_msg: object) -> Receive | None:
        """Return the receiver of a `comm_msg` with this content; None: the kernel handles it."""
        if not isinstance(comm_msg, dict):
            return None
        receiver, sent = self._receivers.get(comm_msg.get("comm_id", "")), comm_msg.get("data")
        is_custom = isinstance(sent, dict) and sent.get("method") == "custom"
        return receiver() if receiver is not None and is_custom else None


def deliver(receive: Receive, message: Message) -> None:
    """Give a message to its receiver, and log what that raises: the next message may be fine."""
    try:
        receive(message["content"]["data"].get("content"), message["buffers"])
    except Exception:  # noqa: BLE001 - see above
        _log.exception("a message of the panel could not be handled")
