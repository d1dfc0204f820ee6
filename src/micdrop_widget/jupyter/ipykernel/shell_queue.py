"""Delivers the browser's messages to the widget before they wait in the queue of the cells.

For each message of a widget ipykernel does what it does for a cell: it fires the events around one, which makes
matplotlib show and close whatever figure a running cell is drawing, and waits for stdout and stderr to be flushed, two
round trips to another thread; 31 times a second, for the microphone. So the widgets' own messages are delivered
before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micdrop_widget.jupyter.ipykernel.patch import PASS_ON, MethodPatch, give_up, has_parameters
from micdrop_widget.jupyter.ipykernel.receivers import Message, Receive, Receivers, deliver

__all__ = ["ShellChannel", "bypass_handling"]

_HEADER, _CONTENT, _PARTS = 1, 4, 5
"""Parts of a message behind its delimiter: signature, header, parent, metadata, content; then the buffers."""

_POLLIN = 1
"""ZeroMQ's flag for what can be read."""


def bypass_handling(kernel: object, receivers: Receivers) -> MethodPatch:
    """Return the change that delivers the widgets' messages where the kernel asks whether to handle one."""

    def replacement(stream: object, msg: Message, idents: object) -> object:
        receive = receivers.find(msg["content"]) if msg["header"]["msg_type"] == "comm_msg" else None
        if receive is None:
            return PASS_ON
        deliver(receive, msg)
        return False

    return MethodPatch(kernel, "should_handle", ("stream", "msg", "idents"), replacement)


class ShellChannel:
    """Delivers the widgets' messages on the thread on which ipykernel 7 receives them, which waits for no cell.

    The kernel passes each message on from there, to the main thread or to a subshell's. The stream has the kernel's
    method, so the stream is given another one.

    Before 7.4 ipykernel sends its replies past the stream, on the stream's own socket. A message that arrives in that
    moment is not noticed, nor is any after it until somebody connects: the kernel seems dead (ipykernel #1554). With
    31 messages a second a reply soon meets one, so there the socket is read again every now and then.

    Parameters
    ----------
    kernel
        The kernel that receives the messages.
    receivers
        The widgets whose messages are delivered here.
    reread_s
        Seconds between two reads of the socket, where the stream may not notice a message.
    """

    def __init__(self, kernel: Any, receivers: Receivers, *, reread_s: float = 0.2) -> None:  # noqa: ANN401 - ipykernel's
        self._kernel = kernel
        self._receivers = receivers
        self._reread_s = reread_s
        self.is_installed = False

    def install(self) -> bool:
        """Begin, and return whether the kernel's methods are as expected; otherwise nothing is changed."""
        if not self._is_as_expected():
            return False
        self._pass_on = self._kernel.shell_channel_thread_main
        self._stream = self._kernel.shell_stream
        self._io_loop = self._kernel.shell_channel_thread.io_loop
        self.is_installed = True
        self._io_loop.add_callback(self._receive_by, self)
        if self._may_miss_messages():
            self._io_loop.add_callback(self._reread)
        return True

    def remove(self) -> None:
        """Give the stream the kernel's method again, which receives all messages from now on."""
        if not self.is_installed:
            return
        self.is_installed = False
        try:
            self._io_loop.add_callback(self._receive_by, self._pass_on)
        except Exception:  # noqa: BLE001 - the thread has ended, and receives nothing any more
            give_up("shell_channel_thread")

    def __call__(self, frames: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever the kernel's method returns
        """Receive a message, with its frames: deliver it, or pass it on."""
        try:
            found = self._find(frames) if self.is_installed else None
        except (ValueError, LookupError):
            found = None  # not signed, repeated, or no message at all: the kernel refuses it
        except Exception:  # noqa: BLE001 - whatever it is: the kernel must go on as it would without us
            self._give_up()
            found = None
        if found is None:
            return self._pass_on(frames)
        receive, message = found
        deliver(receive, message)  # before anything can fail: a session reads no message twice
        try:
            for status in ("busy", "idle"):
                self._kernel._publish_status(status, "shell", message)
        except Exception:  # noqa: BLE001 - as above
            self._give_up()
        return None

    def _is_as_expected(self) -> bool:
        kernel = self._kernel
        thread, stream, session = (
            getattr(kernel, n, None) for n in ("shell_channel_thread", "shell_stream", "session")
        )
        expected = [
            (kernel, "shell_channel_thread_main", ("msg",)),
            (kernel, "_publish_status", ("status", "channel", "parent")),
            (stream, "on_recv", ("callback", "copy")),
            (getattr(thread, "io_loop", None), "add_callback", ("callback",)),
            (session, "feed_identities", ("msg_list", "copy")),
            (session, "deserialize", ("msg_list", "content", "copy")),
        ]
        found = all(has_parameters(getattr(owner, name, None), *parameters) for owner, name, parameters in expected)
        if not found or not callable(getattr(session, "unpack", None)):
            return False
        method = kernel.shell_channel_thread_main
        return bool(getattr(stream, "_recv_callback", method) == method)  # nobody else has given it another one

    def _may_miss_messages(self) -> bool:
        """Return whether replies are sent past the stream, and the stream can be made to read."""
        manager = getattr(self._kernel.shell_channel_thread, "manager", None)
        can_reread = has_parameters(getattr(self._stream, "flush", None), "flag", "limit") and has_parameters(
            getattr(self._io_loop, "call_later", None), "delay", "callback"
        )
        return hasattr(manager, "_shell_socket") and can_reread

    def _reread(self) -> None:
        """Let the stream read what it has not noticed, and again after a while; on its thread."""
        if not self.is_installed:
            return
        try:
            self._stream.flush(_POLLIN)
            self._io_loop.call_later(self._reread_s, self._reread)
        except Exception:  # noqa: BLE001 - as above
            give_up("shell_stream.flush")

    def _receive_by(self, callback: Any) -> None:  # noqa: ANN401 - the kernel's method, or this
        try:
            self._stream.on_recv(callback, copy=False)
        except Exception:  # noqa: BLE001 - as above
            self.is_installed = False
            give_up("shell_stream")

    def _give_up(self) -> None:
        give_up("shell_channel_thread_main")
        self.remove()

    def _find(self, frames: Sequence[Any]) -> tuple[Receive, Message] | None:
        session = self._kernel.session
        _, parts = session.feed_identities(frames, copy=False)
        if len(parts) < _PARTS or b'"comm_msg"' not in parts[_HEADER].bytes:
            return None
        receive = self._receivers.find(session.unpack(parts[_CONTENT].bytes))
        # Read whole only if it is ours: a session takes no message twice.
        return None if receive is None else (receive, session.deserialize(parts, copy=False))
