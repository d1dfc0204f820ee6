"""How the browser's messages get from the kernel to the widget."""

from __future__ import annotations

import types
from typing import Any

import pytest
import zmq
from jupyter_client.session import Session

from micdrop_widget.jupyter import ipykernel
from tests.jupyter.ipykernel.fakes import (
    FakeComm,
    FakeIOLoop,
    FakeStream,
    HandlingKernel,
    Receiver,
    ReceivingKernel,
    custom,
)


def test_a_custom_message_of_ours_is_delivered_and_not_handled() -> None:
    kernel, receiver, other = HandlingKernel(), Receiver(), Receiver()
    ipykernel.install(FakeComm("1", kernel), receiver.receive)
    ipykernel.install(FakeComm("2", kernel), other.receive)
    assert kernel.get("comm_msg", [memoryview(b"samples")], comm_id="1", data=custom("frame")) is False
    assert receiver.received == [("frame", [b"samples"])]
    assert other.received == []


@pytest.mark.parametrize(
    ("msg_type", "content"),
    [
        ("comm_msg", {"comm_id": "1", "data": {"method": "request_state"}}),
        ("comm_msg", {"comm_id": "a slider's", "data": custom("frame")}),
        ("comm_msg", {"comm_id": "1"}),
        ("comm_msg", {"comm_id": "1", "data": "custom"}),
        ("execute_request", {"code": "1"}),
    ],
)
def test_other_messages_are_handled_as_before(msg_type: str, content: dict[str, Any]) -> None:
    kernel, receiver = HandlingKernel(), Receiver()
    ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert kernel.get(msg_type, **content) == "the long way"
    assert receiver.received == []


def test_a_message_that_cannot_be_handled_is_logged_and_not_handled_twice(caplog: pytest.LogCaptureFixture) -> None:
    kernel, receiver = ReceivingKernel(), Receiver()
    ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert kernel.get("comm_msg", comm_id="1", data=custom("impossible")) is False
    assert kernel.receive("comm_msg", {"comm_id": "1", "data": custom("impossible")}) is None
    assert caplog.text.count("RuntimeError: impossible") == 2
    assert kernel.passed_on == []
    assert kernel.get("comm_msg", comm_id="1", data=custom("next")) is False


def test_where_a_thread_receives_messages_they_are_delivered_before_they_wait_for_a_cell() -> None:
    kernel, receiver, other = ReceivingKernel(), Receiver(), Receiver()
    installed = ipykernel.install(FakeComm("1", kernel), receiver.receive)
    ipykernel.install(FakeComm("2", kernel), other.receive)
    assert installed.receives_while_busy
    assert kernel.receive("comm_msg", {"comm_id": "1", "data": custom("frame")}, b"samples") is None
    assert receiver.received == [("frame", [b"samples"])]
    assert (other.received, kernel.passed_on) == ([], [])
    installed.publish_idle()
    assert [status for status, _ in kernel.published] == ["idle"], "the front end waits for it"


@pytest.mark.parametrize(
    ("msg_type", "content"),
    [
        ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {}}}),
        ("comm_msg", {"comm_id": "a slider's", "data": custom({})}),
        ("comm_msg", {"comm_id": "1"}),
        ("comm_close", {"comm_id": "1", "data": {"method": "custom"}}),
        ("execute_request", {"code": 'send("comm_msg")'}),
    ],
)
def test_other_messages_are_passed_on_as_they_came(msg_type: str, content: Any) -> None:
    kernel, receiver = ReceivingKernel(), Receiver()
    ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert kernel.receive(msg_type, content) == "a coroutine"
    (frames,) = kernel.passed_on
    _, parts = kernel.session.feed_identities(frames, copy=False)
    assert kernel.session.deserialize(parts, copy=False)["content"] == content, "the kernel can still read it"
    assert (receiver.received, kernel.published) == ([], [])


def test_what_is_not_signed_or_comes_again_is_the_kernels_to_refuse(caplog: pytest.LogCaptureFixture) -> None:
    kernel, receiver = ReceivingKernel(), Receiver()
    ipykernel.install(FakeComm("1", kernel), receiver.receive)
    content = {"comm_id": "1", "data": custom("frame")}
    parts = kernel.session.serialize(kernel.session.msg("comm_msg", content))
    forged = Session(key=b"another").serialize(kernel.session.msg("comm_msg", content))
    assert kernel.receive_parts(parts) is None
    for refused in (parts, forged, [b"no message"], parts[:3], [*parts[:5], b"no JSON"], [*parts[:5], b"[]"]):
        assert kernel.receive_parts(refused) == "a coroutine"
    assert len(receiver.received) == 1
    assert caplog.records == [], "a message that is wrong says nothing of the kernel"
    assert kernel.receive("comm_msg", content) is None


def test_a_status_that_cannot_be_published_costs_no_message(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, receiver = ReceivingKernel(), Receiver()
    installed = ipykernel.install(FakeComm("1", kernel), receiver.receive)

    def fail(*_: object) -> None:
        raise TypeError("other arguments")

    monkeypatch.setattr(kernel, "_publish_status", fail)
    content = {"comm_id": "1", "data": custom("frame")}
    assert kernel.receive("comm_msg", content) is None
    assert receiver.received == [("frame", [])], "delivered all the same, and once"
    assert caplog.text.count("is left alone from now on") == 1
    assert not installed.receives_while_busy
    assert kernel.receive("comm_msg", content) == "a coroutine", "the original is back"


def test_a_session_that_reads_otherwise_has_the_message_passed_on_and_the_original_put_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, receiver = ReceivingKernel(), Receiver()
    ipykernel.install(FakeComm("1", kernel), receiver.receive)
    monkeypatch.setattr(kernel.session, "feed_identities", lambda frames: ([], frames))
    for _ in range(2):
        assert kernel.receive("comm_msg", {"comm_id": "1", "data": custom("frame")}) == "a coroutine"
    assert len(kernel.passed_on) == 2
    assert caplog.text.count("is left alone from now on") == 1
    assert kernel.shell_stream.callback == kernel.shell_channel_thread_main


def test_a_stream_that_somebody_else_reads_is_left_to_them() -> None:
    kernel, receiver = ReceivingKernel(), Receiver()
    kernel.shell_stream._recv_callback = print  # type: ignore[attr-defined]
    installed = ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert not installed.receives_while_busy
    assert kernel.shell_stream.callback == kernel.shell_channel_thread_main


def test_a_stream_that_takes_no_other_reader_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    kernel, receiver = ReceivingKernel(), Receiver()

    def on_recv(callback: object, copy: bool = True) -> None:
        raise RuntimeError("closed")

    kernel.shell_stream.on_recv = on_recv  # type: ignore[method-assign]
    installed = ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert not installed.receives_while_busy
    assert "RuntimeError: closed" in caplog.text


class MissingStream(FakeStream):
    """A stream that does not notice a message until it is made to read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def flush(self, flag: int = 3, limit: int | None = None) -> None:
        assert (flag, limit) == (zmq.POLLIN, None)
        self.reads += 1
        if self.reads == 3:
            raise RuntimeError("closed")


class PatientIOLoop(FakeIOLoop):
    """Keeps what is to be called later."""

    def __init__(self) -> None:
        self.later: list[tuple[float, Any]] = []

    def call_later(self, delay: float, callback: Any) -> None:
        self.later.append((delay, callback))


def missing_kernel(manager: object) -> tuple[ReceivingKernel, MissingStream, PatientIOLoop]:
    kernel, stream, io_loop = ReceivingKernel(), MissingStream(), PatientIOLoop()
    kernel.shell_stream = stream
    kernel.shell_channel_thread = types.SimpleNamespace(io_loop=io_loop, manager=manager)
    return kernel, stream, io_loop


def test_where_replies_are_sent_past_the_stream_it_is_read_again_until_the_last_widget_is_closed() -> None:
    kernel, stream, io_loop = missing_kernel(types.SimpleNamespace(_shell_socket=object()))
    installed = ipykernel.install(FakeComm("1", kernel), Receiver().receive)
    ((delay_s, reread),) = io_loop.later
    assert (delay_s, stream.reads) == (0.2, 1)
    reread()
    assert stream.reads == 2
    installed.remove()
    reread()
    assert (len(io_loop.later), stream.reads) == (2, 2)


def test_a_stream_that_cannot_be_read_again_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    kernel, stream, io_loop = missing_kernel(types.SimpleNamespace(_shell_socket=object()))
    installed = ipykernel.install(FakeComm("1", kernel), Receiver().receive)
    for _ in range(2):
        io_loop.later[-1][1]()
    assert (len(io_loop.later), stream.reads) == (2, 3)
    assert caplog.text.count("is left alone from now on") == 1
    assert installed.receives_while_busy, "the rest works"


def test_where_replies_go_through_the_stream_it_reads_by_itself() -> None:
    kernel, stream, io_loop = missing_kernel(types.SimpleNamespace(_shell_stream=object()))
    ipykernel.install(FakeComm("1", kernel), Receiver().receive)
    assert (io_loop.later, stream.reads) == ([], 0)
