"""What the kernel says of itself while the browser streams."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from micdrop_widget.jupyter import ipykernel
from micdrop_widget.jupyter.ipykernel import status as status_module


class FakeKernel:
    """As much of ipykernel's Kernel as says busy and idle."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []
        self.handled: dict[str, Any] = {}

    def get_parent(self, channel: str) -> dict[str, Any]:
        return self.handled if channel == "shell" else {}

    def _publish_status(self, status: str, channel: str, parent: dict[str, Any] | None = None) -> None:
        header = (parent or self.get_parent(channel)).get("header", {})
        self.published.append((status, header.get("msg_id", "")))

    def say(self, status: str, msg_id: str, msg_type: str = "execute_request", **content: str) -> list[tuple[str, str]]:
        """Say a status of a message; return all that was said since."""
        self.handled = {"header": {"msg_id": msg_id, "msg_type": msg_type}, "content": content}
        self.published.clear()
        self._publish_status(status, "shell")
        return [*self.published]

    def handle(self, msg_type: str, **content: str) -> list[str]:
        """Say busy and idle around a message; return what was said."""
        said = [*self.say("busy", "1", msg_type, **content), *self.say("idle", "1", msg_type, **content)]
        return [status for status, _ in said]


class FakeComm:
    """As much of a comm as tells whose it is."""

    def __init__(self, comm_id: str, kernel: object) -> None:
        self.comm_id = comm_id
        self.kernel = kernel


def test_the_kernel_is_not_busy_for_a_message_of_ours() -> None:
    kernel = FakeKernel()
    first, second = FakeComm("1", kernel), FakeComm("2", kernel)
    say_idle = ipykernel.suppress_busy_status(first)
    method = kernel._publish_status
    ipykernel.suppress_busy_status(second)
    assert kernel._publish_status is method, "one for all comms"
    assert kernel.handle("comm_msg", comm_id="1") == kernel.handle("comm_msg", comm_id="2") == []
    say_idle()
    assert kernel.published == [("idle", "1")] * 2
    say_idle()
    assert len(kernel.published) == 2, "said once"
    assert kernel.handle("comm_msg", comm_id="a slider's") == ["busy", "idle"]
    assert kernel.handle("execute_request", code="1") == ["busy", "idle"]
    kernel._publish_status("busy", "control")
    assert kernel.published[-1] == ("busy", "")
    del second
    gc.collect()
    assert kernel.handle("comm_msg", comm_id="2") == ["busy", "idle"], "closed: nothing is kept of it"


def test_idle_is_said_also_where_the_kernel_says_none_of_what_was_taken_from_it() -> None:
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    say_idle = ipykernel.suppress_busy_status(comm)
    kernel.say("busy", "f1", "comm_msg", comm_id="1")
    say_idle()
    assert kernel.published == [("idle", "f1")]


def test_no_idle_is_said_of_a_message_that_the_front_end_has_let_go_of() -> None:
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    say_idle = ipykernel.suppress_busy_status(comm)
    for metadata in ({"awaits_idle": False}, {}):
        message = {"header": {"msg_id": "1", "msg_type": "comm_msg"}, "content": {"comm_id": "1"}, "metadata": metadata}
        kernel._publish_status("busy", "shell", message)
    say_idle()
    assert kernel.published == [("idle", "1")]


def test_a_message_whose_content_was_not_read_is_not_ours() -> None:
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    ipykernel.suppress_busy_status(comm)
    kernel.handled = {"header": {"msg_id": "1", "msg_type": "comm_msg"}, "content": b'{"comm_id": "1"}'}
    kernel._publish_status("busy", "shell")
    assert kernel.published == [("busy", "1")]


def test_idle_is_said_by_itself_where_nobody_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "_WAITING", 3)
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    ipykernel.suppress_busy_status(comm)
    assert [kernel.handle("comm_msg", comm_id="1") for _ in range(4)] == [[], [], ["idle"] * 3, []]
    assert kernel.handle("execute_request", code="1") == ["busy", "idle", "idle"]


def test_a_cell_that_runs_stays_busy_and_idle_is_said_of_every_message_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "_SAID_EVERY_S", 1e9)
    kernel = FakeKernel()
    comm = FakeComm("1", kernel)
    say_idle = ipykernel.suppress_busy_status(comm)

    def frame(msg_id: str) -> list[tuple[str, str]]:
        kernel.say("busy", msg_id, "comm_msg", comm_id="1")
        kernel.say("idle", msg_id, "comm_msg", comm_id="1")
        say_idle()
        return [*kernel.published]

    assert frame("f0") == [("idle", "f0")]
    assert kernel.say("busy", "cell") == [("busy", "cell")]
    assert frame("f1") == frame("f2") == []
    monkeypatch.setattr(status_module, "_SAID_EVERY_S", 0)
    assert frame("f3") == [("idle", "f1"), ("idle", "f2"), ("idle", "f3"), ("busy", "cell")]
    kernel.published.clear()
    say_idle()
    assert kernel.published == [], "nothing to say"
    monkeypatch.setattr(status_module, "_SAID_EVERY_S", 1e9)
    assert frame("f4") == []
    assert kernel.say("idle", "cell") == [("idle", "f4"), ("idle", "cell")]
    assert frame("f5") == [("idle", "f5")]


@pytest.mark.parametrize("comm", [object(), FakeComm("1", None)])
def test_without_ipykernel_nothing_is_overridden(comm: object) -> None:
    ipykernel.suppress_busy_status(comm)()
