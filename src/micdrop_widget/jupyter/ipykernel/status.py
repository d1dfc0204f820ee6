"""What the kernel says of itself while the browser streams."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

__all__ = ["suppress_busy_status"]

Message: TypeAlias = dict[str, Any]

_SAID_EVERY_S = 1.0
_WAITING = 64
"""Idle is said by itself when it is to be said of so many messages: without the microphone's nobody asks for it."""


def suppress_busy_status(comm: object) -> Callable[[], None]:
    """Let the kernel not call itself busy for every message of a comm.

    ipykernel says busy before and idle after each message. With the microphone's 31 messages a second JupyterLab
    repaints its indicators and fetches the tab's icon as often, which took more than half of a page's time. Idle is
    said all the same, of many messages in one go, where the front end keeps what it sent until then; it says in a
    message's metadata where it does not (`js/src/channel.js`). Where there is no ipykernel, nothing is changed.

    Returns
    -------
    callable
        Says idle of the messages so far, while a cell runs once a second at most; from any thread.
    """
    kernel: Any = getattr(comm, "kernel", None)
    if not (hasattr(comm, "comm_id") and hasattr(kernel, "_publish_status")):
        return lambda: None
    if not isinstance(kernel._publish_status, _PublishStatus):
        kernel._publish_status = _PublishStatus(kernel._publish_status, kernel.get_parent)
    publish_status: _PublishStatus = kernel._publish_status
    publish_status.idle_comms[comm.comm_id] = comm
    return publish_status.say_idle


class _PublishStatus:
    """In place of the kernel's method of that name; one a kernel, for all comms. From any thread.

    Idle, said for a message, would also hide that a cell runs. So while one does the cell's busy is said again
    after it, and that not more than once a second.

    Parameters
    ----------
    publish
        The kernel's own.
    get_parent
        Tells what message a thread handles on a channel.
    """

    def __init__(self, publish: Callable[..., None], get_parent: Callable[[str], Message]) -> None:
        self._publish = publish
        self._get_parent = get_parent
        self._lock = threading.Lock()
        self._running: dict[str, Message] = {}
        self._unsaid: list[Message] = []
        """What idle is still to be said for."""
        self._said_s = 0.0
        self.idle_comms: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def __call__(self, status: str, channel: str, parent: Message | None = None) -> None:
        message = parent or self._get_parent(channel)
        header = message.get("header", {})
        with self._lock:
            if header.get("msg_type") == "comm_msg" and self._is_ours(message.get("content")):
                # At its busy: ipykernel before 6.30 says no idle of a message that was taken from it.
                if status == "busy" and message.get("metadata", {}).get("awaits_idle", True):
                    self._unsaid.append({"header": header})  # without the audio
                    if len(self._unsaid) >= _WAITING:
                        self._say_idle_in_time()
                return
            if header.get("msg_type") == "execute_request":
                if status == "busy":
                    self._running[header["msg_id"]] = {"header": header}
                elif self._running.pop(header["msg_id"], None) is not None:
                    self._say_idle()
            self._publish(status, channel, parent)

    def say_idle(self) -> None:
        """Say idle of what was handled; while a cell runs not more than once a second."""
        with self._lock:
            self._say_idle_in_time()

    def _is_ours(self, comm_msg: object) -> bool:
        # Bytes, not a dict, where ipykernel answers a message to a subshell that is gone.
        return isinstance(comm_msg, dict) and comm_msg.get("comm_id") in self.idle_comms

    def _say_idle_in_time(self) -> None:
        if not self._running:
            self._say_idle()
        elif self._unsaid and time.monotonic() - self._said_s >= _SAID_EVERY_S:
            self._say_idle()
            self._publish("busy", "shell", next(iter(self._running.values())))

    def _say_idle(self) -> None:
        for message in self._unsaid:
            self._publish("idle", "shell", message)
        self._unsaid.clear()
        self._said_s = time.monotonic()
