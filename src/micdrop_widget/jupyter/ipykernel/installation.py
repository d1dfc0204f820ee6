"""The changes to a kernel, from the first widget to the last."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from micdrop_widget.jupyter.ipykernel.busy_status import BusyStatus
from micdrop_widget.jupyter.ipykernel.receivers import Receive, Receivers
from micdrop_widget.jupyter.ipykernel.shell_queue import ShellChannel, bypass_handling
from micdrop_widget.jupyter.ipykernel.subshell import honour_requested_subshell

__all__ = ["Installation", "install"]

_log = logging.getLogger("micdrop_widget.jupyter.ipykernel")

_SWITCH = "MICDROP_WIDGET_PLAIN_COMM"


class KernelPatches:
    """The changes to one kernel that all its widgets share."""

    def __init__(self, kernel: Any) -> None:  # noqa: ANN401 - ipykernel's, which is not installed everywhere
        self.receivers = Receivers()
        self.busy_status = BusyStatus(kernel, self.receivers)
        self.handling = bypass_handling(kernel, self.receivers)
        self.shell_channel = ShellChannel(kernel, self.receivers)

    def install(self) -> None:
        """Make each change whose method is as expected."""
        for patch in (self.busy_status, self.handling, self.shell_channel):
            patch.install()

    def remove(self) -> None:
        """Take everything back, in the opposite order."""
        for patch in (self.shell_channel, self.handling, self.busy_status):
            patch.remove()


class Installation:
    """The changes to a kernel for one comm; there are none without ipykernel, or where they are switched off.

    Parameters
    ----------
    comm
        A comm that is open.
    receive
        A bound method, called with the content and the buffers of each custom message, on the thread that receives
        it: it must not wait for anything. Its object is not kept alive.
    """

    _lock = threading.Lock()
    _kernels: ClassVar[WeakKeyDictionary[Any, KernelPatches]] = WeakKeyDictionary()

    def __init__(self, comm: Any, receive: Receive) -> None:  # noqa: ANN401 - the kernel's
        kernel = getattr(comm, "kernel", None)
        self._kernel: Any = None
        self._patches: KernelPatches | None = None
        # in marimo the kernel of a comm is a text
        if kernel is None or isinstance(kernel, str) or not hasattr(comm, "comm_id") or is_switched_off():
            return
        self._comm_id: str = comm.comm_id
        self._subshell = honour_requested_subshell(comm)
        try:
            with self._lock:
                self._install(kernel, receive)
        except Exception:  # noqa: BLE001 - whatever it is: without this a call works as well
            _log.warning("ipykernel is unlike expected: the browser's messages go their usual way", exc_info=True)
            self.remove()

    @property
    def is_active(self) -> bool:
        """Whether anything was changed."""
        return self._patches is not None

    @property
    def receives_while_busy(self) -> bool:
        """Whether the comm's messages are received while a cell runs, whatever the front end asks for."""
        return self._patches is not None and self._patches.shell_channel.is_installed

    def publish_idle(self) -> None:
        """Publish the idle that is pending; from any thread."""
        if self._patches is not None:
            self._patches.busy_status.publish_idle()

    def remove(self) -> None:
        """Take back the changes for this comm, and with the last comm all of them; may be called again."""
        with self._lock:
            patches, self._patches = self._patches, None
            if patches is None:
                return
            self._subshell.remove()
            patches.receivers.remove(self._comm_id)
            if not len(patches.receivers):
                del self._kernels[self._kernel]
                patches.remove()

    def _install(self, kernel: Any, receive: Receive) -> None:  # noqa: ANN401 - ipykernel's
        self._kernel, self._patches = kernel, self._kernels.get(kernel)
        if self._patches is None:
            self._patches = self._kernels[kernel] = KernelPatches(kernel)
            self._patches.install()
        self._patches.receivers.add(self._comm_id, receive)
        self._subshell.install()


def install(comm: object, receive: Receive) -> Installation:
    """Have the messages of a comm delivered as directly as its kernel allows; see `Installation`."""
    return Installation(comm, receive)


def is_switched_off() -> bool:
    """Return whether the environment says to change nothing."""
    return os.environ.get(_SWITCH, "0") not in ("", "0")
