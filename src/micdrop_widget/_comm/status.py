"""What the kernel says of itself while the browser streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

__all__ = ["stay_idle"]


def stay_idle(comm: object) -> None:
    """Let the kernel not call itself busy for every message of a comm.

    ipykernel says busy before and idle after each message. With the microphone's 31 messages a second JupyterLab
    repaints its indicators and fetches the tab's icon as often, which took more than half of a page's time. Idle is
    said all the same: the front end keeps what it sent until then. Where there is no ipykernel, nothing is changed.
    """
    kernel: Any = getattr(comm, "kernel", None)
    if not (hasattr(comm, "comm_id") and hasattr(kernel, "_publish_status")):
        return
    if not isinstance(kernel._publish_status, _PublishStatus):
        kernel._publish_status = _PublishStatus(kernel._publish_status, kernel.get_parent)
    kernel._publish_status.idle_comms[comm.comm_id] = comm


class _PublishStatus:
    """In place of the kernel's method of that name; one a kernel, for all comms.

    Parameters
    ----------
    publish
        The kernel's own.
    get_parent
        Tells what message a thread handles on a channel.
    """

    def __init__(self, publish: Callable[..., None], get_parent: Callable[[str], dict[str, Any]]) -> None:
        self._publish = publish
        self._get_parent = get_parent
        self.idle_comms: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def __call__(self, status: str, channel: str, parent: dict[str, Any] | None = None) -> None:
        if status == "busy" and self._is_for_idle_comm(parent or self._get_parent(channel)):
            return
        self._publish(status, channel, parent)

    def _is_for_idle_comm(self, message: dict[str, Any]) -> bool:
        if message.get("header", {}).get("msg_type") != "comm_msg":
            return False
        return message["content"].get("comm_id") in self.idle_comms
