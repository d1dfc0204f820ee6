"""The busy and idle that the kernel publishes while the browser streams."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from micdrop_widget.jupyter.ipykernel.patch import PASS_ON, MethodPatch, give_up, has_parameters
from micdrop_widget.jupyter.ipykernel.receivers import Message, Receivers

__all__ = ["BusyStatus", "Publication"]

Publication: TypeAlias = tuple[str, str, Message]
"""Status, channel, and the message it is published for."""


class BusyStatus:
    """Keeps the kernel from publishing busy for every message of a widget; one a kernel. From any thread.

    ipykernel publishes busy before and idle after each message. With the microphone's 31 messages a second JupyterLab
    repaints its indicators and fetches the tab's icon as often, which took more than half of a page's time. A page
    keeps each message that it sent until idle is published for it, so idle is published all the same, for many
    messages in one go; the metadata of a message say where the page keeps none (`js/src/host/jupyter.js`).

    An idle for a message would also hide that a cell runs. So while one does, the cell's busy is published again
    after it, not more than once a second.

    Parameters
    ----------
    kernel
        The kernel whose status it is.
    receivers
        The widgets for whose messages the kernel is not busy.
    every_s
        Seconds between two publications of idle while a cell runs, at least.
    pending_limit
        When idle is pending for so many messages, it is published without a call of `publish_idle`, which only
        follows the microphone's audio.
    """

    def __init__(
        self,
        kernel: Any,  # noqa: ANN401 - ipykernel's, which is not installed everywhere
        receivers: Receivers,
        *,
        every_s: float = 1,
        pending_limit: int = 64,
    ) -> None:
        self._kernel = kernel
        self._receivers = receivers
        self._every_s = every_s
        self._pending_limit = pending_limit
        self._patch = MethodPatch(kernel, "_publish_status", ("status", "channel", "parent"), self._replacement)
        self._lock = threading.Lock()
        self._running_cells: dict[str, Message] = {}
        self._pending: list[Message] = []
        """The messages for which idle is still to be published."""
        self._published_s = float("-inf")

    def install(self) -> bool:
        """Begin, and return whether the kernel's methods are as expected; otherwise nothing is changed."""
        return has_parameters(getattr(self._kernel, "get_parent", None), "channel") and self._patch.install()

    def remove(self) -> None:
        """Publish idle for the pending messages, and put the kernel's method back."""
        if self._patch.is_installed:
            self._patch.remove()
            self._publish(self._take_pending)

    def publish_idle(self) -> None:
        """Publish idle for the messages so far; while a cell runs not more than once a second."""
        if self._patch.is_installed:
            self._publish(self._due)

    def _publish(self, what: Callable[[], list[Publication]]) -> None:
        try:
            with self._lock:
                self._send(what())
        except Exception:  # noqa: BLE001 - whatever it is: no message depends on it
            self._patch.remove()
            give_up("_publish_status")

    def _send(self, publications: list[Publication]) -> None:
        for publication in publications:
            self._patch.original(*publication)

    def _replacement(self, status: str, channel: str, parent: Message | None = None) -> object:
        message = parent or self._kernel.get_parent(channel)
        kind = message.get("header", {}).get("msg_type")
        with self._lock:
            if kind == "comm_msg" and self._is_ours(message.get("content")):
                self._note_message(status, message)
                return None
            if kind == "execute_request":
                self._note_cell(status, message["header"])
            return PASS_ON

    def _note_message(self, status: str, message: Message) -> None:
        # Noted at its busy: ipykernel before 6.30 publishes no idle for a message that it does not handle.
        if status == "busy" and message.get("metadata", {}).get("awaits_idle", True):
            self._pending.append({"header": message["header"]})  # without the audio
            if len(self._pending) >= self._pending_limit:
                self._send(self._due())

    def _note_cell(self, status: str, header: Message) -> None:
        if status == "busy":
            self._running_cells[header["msg_id"]] = {"header": header}
        elif self._running_cells.pop(header["msg_id"], None) is not None:
            self._send(self._take_pending())

    def _is_ours(self, comm_msg: object) -> bool:
        # Bytes, not a dict, where ipykernel answers a message to a subshell that is gone.
        return isinstance(comm_msg, dict) and comm_msg.get("comm_id") in self._receivers

    def _due(self) -> list[Publication]:
        """Return what may be published now."""
        if not self._running_cells:
            return self._take_pending()
        if not self._pending or time.monotonic() - self._published_s < self._every_s:
            return []
        return [*self._take_pending(), ("busy", "shell", next(iter(self._running_cells.values())))]

    def _take_pending(self) -> list[Publication]:
        pending, self._pending = self._pending, []
        self._published_s = time.monotonic()
        return [("idle", "shell", message) for message in pending]
