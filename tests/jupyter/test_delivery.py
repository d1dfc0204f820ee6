"""How the browser's messages get from the kernel to the widget."""

from __future__ import annotations

import gc
import types
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from micdrop_widget.jupyter import ipykernel


class FakeComm:
    """As much of a comm as tells whose it is."""

    def __init__(self, comm_id: str, kernel: object) -> None:
        self.comm_id = comm_id
        self.kernel = kernel


class Taker:
    """What a widget does with a message."""

    def __init__(self) -> None:
        self.taken: list[tuple[object, list[memoryview]]] = []

    def take(self, content: object, buffers: Sequence[memoryview]) -> None:
        if content == "impossible":
            raise RuntimeError(content)
        self.taken.append((content, [*buffers]))


class HandlingKernel:
    """As much of ipykernel's Kernel as decides what is handled the long way."""

    def should_handle(self, stream: object, message: dict[str, Any], idents: object) -> object:
        return "the long way"

    def get(self, msg_type: str, buffers: Sequence[memoryview] = (), **content: Any) -> object:
        """Get a message, as `Kernel.dispatch_shell` does; return what is to be done with it."""
        message = {"header": {"msg_type": msg_type}, "content": content, "buffers": [*buffers]}
        return self.should_handle(None, message, [])


def custom(content: object) -> dict[str, object]:
    return {"method": "custom", "content": content}


class ReceivingKernel(HandlingKernel):
    """As much of ipykernel 7's Kernel as receives messages on a thread of its own, with a real session."""

    def __init__(self) -> None:
        self.session = Session(key=b"key")
        self.shell_channel_thread = types.SimpleNamespace(io_loop=types.SimpleNamespace(add_callback=self.call))
        self.shell_stream = types.SimpleNamespace(on_recv=self.on_recv)
        self.passed_on: list[Any] = []
        self.published: list[tuple[str, str, str]] = []
        self.receivers: list[Callable[[Any], object]] = []

    def call(self, function: Callable[..., object], *arguments: object, **keywords: object) -> None:
        function(*arguments, **keywords)

    def on_recv(self, receiver: Callable[[Any], object], copy: bool) -> None:
        assert not copy
        self.receivers.append(receiver)

    def shell_channel_thread_main(self, frames: Any) -> object:
        self.passed_on.append(frames)
        return "a coroutine"

    def _publish_status(self, status: str, channel: str, parent: dict[str, Any]) -> None:
        self.published.append((status, channel, parent["header"]["msg_id"]))

    def receive(self, msg_type: str, content: dict[str, Any], *buffers: bytes) -> tuple[str, object]:
        """Receive a message that a front end sent; return its id, and what the receiver returned."""
        message = self.session.msg(msg_type, content)
        return message["header"]["msg_id"], self.receive_parts(self.session.serialize(message), *buffers)

    def receive_parts(self, parts: list[bytes], *buffers: bytes) -> object:
        (receiver,) = self.receivers
        return receiver([zmq.Frame(part) for part in (b"front end", *parts, *buffers)])


def test_custom_messages_of_ours_are_delivered_without_the_bookkeeping_of_a_cell(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kernel, taker, other = HandlingKernel(), Taker(), Taker()
    ipykernel.bypass_shell_queue(FakeComm("1", kernel), taker.take)
    method = kernel.should_handle
    ipykernel.bypass_shell_queue(FakeComm("2", kernel), other.take)
    assert kernel.should_handle is method, "one for all comms"
    samples = memoryview(b"samples")
    assert kernel.get("comm_msg", [samples], comm_id="1", data=custom("frame")) is False
    assert taker.taken == [("frame", [samples])]
    assert other.taken == []
    assert kernel.get("comm_msg", comm_id="1", data={"method": "request_state"}) == "the long way"
    assert kernel.get("comm_msg", comm_id="a slider's", data=custom("frame")) == "the long way"
    assert kernel.get("comm_msg", comm_id="1") == "the long way"
    assert kernel.get("execute_request", code="1") == "the long way"
    assert len(taker.taken) == 1
    assert kernel.get("comm_msg", comm_id="1", data=custom("impossible")) is False, "it must not be handled twice"
    assert "impossible" in caplog.text
    del other
    gc.collect()
    assert kernel.get("comm_msg", comm_id="2", data=custom("frame")) == "the long way"


def test_where_a_thread_receives_messages_they_are_taken_before_they_wait_for_a_cell(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kernel, taker, other = ReceivingKernel(), Taker(), Taker()
    ipykernel.bypass_shell_queue(FakeComm("1", kernel), taker.take)
    ipykernel.bypass_shell_queue(FakeComm("2", kernel), other.take)
    msg_id, returned = kernel.receive("comm_msg", {"comm_id": "1", "data": custom("frame")}, b"samples")
    assert returned is None
    ((content, buffers),) = taker.taken
    assert (content, [bytes(buffer) for buffer in buffers]) == ("frame", [b"samples"])
    assert kernel.published == [("busy", "shell", msg_id), ("idle", "shell", msg_id)]
    assert (other.taken, kernel.passed_on) == ([], [])
    assert kernel.receive("comm_msg", {"comm_id": "1", "data": custom("impossible")})[1] is None
    assert "impossible" in caplog.text
    assert kernel.passed_on == [], "it must not be handled twice"


@pytest.mark.parametrize(
    ("msg_type", "content"),
    [
        ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {}}}),
        ("comm_msg", {"comm_id": "a slider's", "data": {"method": "custom", "content": {}}}),
        ("comm_msg", {"comm_id": "1"}),
        ("comm_close", {"comm_id": "1", "data": {"method": "custom"}}),
        ("execute_request", {"code": 'send("comm_msg")'}),
    ],
)
def test_other_messages_are_passed_on_as_they_came(msg_type: str, content: dict[str, Any]) -> None:
    kernel, taker = ReceivingKernel(), Taker()
    ipykernel.bypass_shell_queue(FakeComm("1", kernel), taker.take)
    assert kernel.receive(msg_type, content)[1] == "a coroutine"
    (frames,) = kernel.passed_on
    _, parts = kernel.session.feed_identities(frames, copy=False)
    assert kernel.session.deserialize(parts, copy=False)["content"] == content, "the kernel can still read it"
    assert (taker.taken, kernel.published) == ([], [])


def test_what_is_not_signed_or_comes_again_is_the_kernels_to_refuse() -> None:
    kernel, taker = ReceivingKernel(), Taker()
    ipykernel.bypass_shell_queue(FakeComm("1", kernel), taker.take)
    content = {"comm_id": "1", "data": custom("frame")}
    parts = kernel.session.serialize(kernel.session.msg("comm_msg", content))
    forged = Session(key=b"another").serialize(kernel.session.msg("comm_msg", content))
    assert kernel.receive_parts(parts) is None
    for refused in (parts, forged, [b"no message"]):
        assert kernel.receive_parts(refused) == "a coroutine"
    assert len(taker.taken) == 1


@pytest.mark.parametrize("comm", [object(), FakeComm("1", None)])
def test_without_ipykernel_nothing_is_overridden(comm: object) -> None:
    ipykernel.bypass_shell_queue(comm, Taker().take)
