"""What the kernel says of itself while the browser streams."""

from __future__ import annotations

from typing import Any

import pytest

from micdrop_widget.jupyter.ipykernel.busy_status import BusyStatus
from micdrop_widget.jupyter.ipykernel.receivers import Receivers
from tests.jupyter.ipykernel.fakes import Receiver, StatusKernel

RECEIVER = Receiver()


def kernel_with(**timing: Any) -> tuple[StatusKernel, BusyStatus]:
    """Return a kernel that is not busy for the comms 1 and 2."""
    kernel, receivers = StatusKernel(), Receivers()
    for comm_id in ("1", "2"):
        receivers.add(comm_id, RECEIVER.receive)
    status = BusyStatus(kernel, receivers, **timing)
    assert status.install()
    return kernel, status


def test_the_kernel_is_not_busy_for_a_message_of_ours() -> None:
    kernel, status = kernel_with()
    assert kernel.handle("comm_msg", comm_id="1") == kernel.handle("comm_msg", comm_id="2") == []
    status.publish_idle()
    assert kernel.published == [("idle", "1")] * 2
    status.publish_idle()
    assert len(kernel.published) == 2, "said once"


def test_the_kernel_is_busy_for_all_others() -> None:
    kernel, _ = kernel_with()
    assert kernel.handle("comm_msg", comm_id="a slider's") == ["busy", "idle"]
    assert kernel.handle("execute_request", code="1") == ["busy", "idle"]
    kernel._publish_status("busy", "control")
    assert kernel.published[-1] == ("busy", "")


def test_idle_is_said_also_where_the_kernel_says_none_of_what_was_taken_from_it() -> None:
    kernel, status = kernel_with()
    kernel.say("busy", "f1", "comm_msg", comm_id="1")
    status.publish_idle()
    assert kernel.published == [("idle", "f1")]


def test_no_idle_is_said_of_a_message_that_the_front_end_has_let_go_of() -> None:
    kernel, status = kernel_with()
    for metadata in ({"awaits_idle": False}, {}):
        message = {"header": {"msg_id": "1", "msg_type": "comm_msg"}, "content": {"comm_id": "1"}, "metadata": metadata}
        kernel._publish_status("busy", "shell", message)
    status.publish_idle()
    assert kernel.published == [("idle", "1")]


def test_a_message_whose_content_was_not_read_is_not_ours() -> None:
    kernel, _ = kernel_with()
    kernel.parent = {"header": {"msg_id": "1", "msg_type": "comm_msg"}, "content": b'{"comm_id": "1"}'}
    kernel._publish_status("busy", "shell")
    assert kernel.published == [("busy", "1")]


def test_idle_is_said_by_itself_where_nobody_asks_for_it() -> None:
    kernel, _ = kernel_with(pending_limit=3)
    assert [kernel.handle("comm_msg", comm_id="1") for _ in range(4)] == [[], [], ["idle"] * 3, []]
    assert kernel.handle("execute_request", code="1") == ["busy", "idle", "idle"]


def frame(kernel: StatusKernel, status: BusyStatus, msg_id: str) -> list[tuple[str, str]]:
    """Handle a message of ours; return what was said of it and of others."""
    kernel.say("busy", msg_id, "comm_msg", comm_id="1")
    kernel.say("idle", msg_id, "comm_msg", comm_id="1")
    status.publish_idle()
    return [*kernel.published]


def test_without_a_cell_idle_is_said_when_it_is_asked_for() -> None:
    kernel, status = kernel_with(every_s=1e9)
    assert [frame(kernel, status, name) for name in ("f0", "f1")] == [[("idle", "f0")], [("idle", "f1")]]


def test_a_cell_that_runs_stays_busy() -> None:
    kernel, status = kernel_with(every_s=0)
    assert kernel.say("busy", "cell") == [("busy", "cell")]
    assert frame(kernel, status, "f1") == [("idle", "f1"), ("busy", "cell")]
    kernel.published.clear()
    status.publish_idle()
    assert kernel.published == [], "nothing is pending"


def test_while_a_cell_runs_idle_is_said_seldom_and_of_every_message_at_its_end() -> None:
    kernel, status = kernel_with(every_s=1e9)
    kernel.say("busy", "cell")
    assert frame(kernel, status, "f1") == [("idle", "f1"), ("busy", "cell")]
    assert frame(kernel, status, "f2") == frame(kernel, status, "f3") == []
    assert kernel.say("idle", "cell") == [("idle", "f2"), ("idle", "f3"), ("idle", "cell")]
    assert frame(kernel, status, "f4") == [("idle", "f4")]


def test_what_is_pending_at_the_end_is_said() -> None:
    kernel, status = kernel_with()
    kernel.say("busy", "f1", "comm_msg", comm_id="1")
    status.remove()
    assert kernel.published == [("idle", "f1")]
    assert kernel.handle("comm_msg", comm_id="1") == ["busy", "idle"]


def test_a_kernel_that_cannot_publish_is_left_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = StatusKernel()

    def closed(status: str, channel: str, parent: object = None) -> None:
        raise OSError("closed")

    monkeypatch.setattr(kernel, "_publish_status", closed)
    receivers = Receivers()
    receivers.add("1", RECEIVER.receive)
    status = BusyStatus(kernel, receivers)
    assert status.install()
    kernel.say("busy", "f1", "comm_msg", comm_id="1")
    status.publish_idle()
    status.publish_idle()
    assert caplog.text.count("OSError: closed") == 1
    assert kernel._publish_status == closed, "the kernel's own is back"


def test_a_kernel_with_another_signature_is_left_alone() -> None:
    class NewKernel(StatusKernel):
        def _publish_status(self, channel: str, status: str) -> None:  # type: ignore[override]
            raise NotImplementedError

    kernel = NewKernel()
    assert not BusyStatus(kernel, Receivers()).install()
    assert "_publish_status" not in vars(kernel)
