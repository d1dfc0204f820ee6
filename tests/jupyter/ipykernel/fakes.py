"""As much of ipykernel as is touched, with its own signatures."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

import zmq
from jupyter_client.session import Session

__all__ = [
    "FakeComm",
    "FakeIOLoop",
    "FakeStream",
    "HandlingKernel",
    "Receiver",
    "ReceivingKernel",
    "StatusKernel",
    "custom",
]


class FakeComm:
    """As much of a comm as says whose it is."""

    def __init__(self, comm_id: str, kernel: object) -> None:
        self.comm_id = comm_id
        self.kernel = kernel


class Receiver:
    """What a widget does with a message."""

    def __init__(self) -> None:
        self.received: list[tuple[object, list[bytes]]] = []

    def receive(self, content: object, buffers: Sequence[memoryview]) -> None:
        if content == "impossible":
            raise RuntimeError(content)
        self.received.append((content, [bytes(buffer) for buffer in buffers]))


def custom(content: object) -> dict[str, object]:
    return {"method": "custom", "content": content}


class HandlingKernel:
    """As much of ipykernel's Kernel as decides what is handled the long way."""

    def should_handle(self, stream: object, msg: dict[str, Any], idents: object) -> object:
        return "the long way"

    def get(self, msg_type: str, buffers: Sequence[memoryview] = (), **content: Any) -> object:
        """Get a message, as `Kernel.dispatch_shell` does; return what is to be done with it."""
        message = {"header": {"msg_type": msg_type}, "content": content, "buffers": [*buffers]}
        return self.should_handle(None, message, [])


class StatusKernel:
    """As much of ipykernel's Kernel as says busy and idle."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []
        self.parent: dict[str, Any] = {}

    def get_parent(self, channel: str | None = None) -> dict[str, Any]:
        return self.parent if channel == "shell" else {}

    def _publish_status(self, status: str, channel: str, parent: dict[str, Any] | None = None) -> None:
        header = (parent or self.get_parent(channel)).get("header", {})
        self.published.append((status, header.get("msg_id", "")))

    def say(self, status: str, msg_id: str, msg_type: str = "execute_request", **content: str) -> list[tuple[str, str]]:
        """Say a status of a message; return all that was said since."""
        self.parent = {"header": {"msg_id": msg_id, "msg_type": msg_type}, "content": content}
        self.published.clear()
        self._publish_status(status, "shell")
        return [*self.published]

    def handle(self, msg_type: str, **content: str) -> list[str]:
        """Say busy and idle around a message; return what was said."""
        said = [*self.say("busy", "1", msg_type, **content), *self.say("idle", "1", msg_type, **content)]
        return [status for status, _ in said]


class FakeStream:
    """As much of a ZMQStream as receives."""

    def __init__(self) -> None:
        self.callback: Callable[[Any], object] | None = None

    def on_recv(self, callback: Callable[[Any], object], copy: bool = True) -> None:
        assert not copy
        self.callback = callback


class FakeIOLoop:
    """Calls at once what is to be called on its thread."""

    def add_callback(self, callback: Callable[..., object], *arguments: object, **keywords: object) -> None:
        callback(*arguments, **keywords)


class ReceivingKernel(HandlingKernel, StatusKernel):
    """As much of ipykernel 7's Kernel as receives messages on a thread of its own, with a real session."""

    def __init__(self) -> None:
        StatusKernel.__init__(self)
        self.session = Session(key=b"key")
        self.shell_channel_thread = types.SimpleNamespace(io_loop=FakeIOLoop())
        self.shell_stream = FakeStream()
        self.shell_stream.on_recv(self.shell_channel_thread_main, copy=False)
        self.passed_on: list[Any] = []

    def shell_channel_thread_main(self, msg: Any) -> object:
        self.passed_on.append(msg)
        return "a coroutine"

    def receive(self, msg_type: str, content: dict[str, Any], *buffers: bytes) -> object:
        """Receive a message that a front end sent; return what the stream's callback returned."""
        return self.receive_parts(self.session.serialize(self.session.msg(msg_type, content)), *buffers)

    def receive_parts(self, parts: list[bytes], *buffers: bytes) -> object:
        assert self.shell_stream.callback is not None
        return self.shell_stream.callback([zmq.Frame(part) for part in (b"front end", *parts, *buffers)])
