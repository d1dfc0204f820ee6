"""What is changed in a kernel: once, for as long as there is a widget, and not at all where it is switched off."""

from __future__ import annotations

import gc

import pytest

from micdrop_widget.jupyter import ipykernel
from tests.jupyter.ipykernel.fakes import FakeComm, HandlingKernel, Receiver, ReceivingKernel, custom


def changes(kernel: ReceivingKernel) -> set[str]:
    """Return what is changed in a kernel."""
    replaced = {name for name in ("should_handle", "_publish_status") if name in vars(kernel)}
    return replaced | ({"on_recv"} if kernel.shell_stream.callback != kernel.shell_channel_thread_main else set())


class RoutingComm(FakeComm):
    """A comm of ipykernel 7.4, which sends its messages to the thread that used it last."""

    def _reply_subshell_for(self, data: object, default: object) -> object:
        return "the thread that sent last"


def test_everything_is_changed_with_the_first_widget_and_taken_back_with_the_last() -> None:
    kernel, receiver = ReceivingKernel(), Receiver()
    first = ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert changes(kernel) == {"should_handle", "_publish_status", "on_recv"}
    method = kernel.should_handle
    second = ipykernel.install(FakeComm("2", kernel), receiver.receive)
    assert kernel.should_handle is method, "one for all comms"
    first.remove()
    first.remove()
    assert changes(kernel) == {"should_handle", "_publish_status", "on_recv"}
    assert kernel.receive("comm_msg", {"comm_id": "1", "data": custom("frame")}) == "a coroutine"
    assert kernel.handle("comm_msg", comm_id="1") == ["busy", "idle"]
    assert kernel.receive("comm_msg", {"comm_id": "2", "data": custom("frame")}) is None
    second.remove()
    assert changes(kernel) == set()
    third = ipykernel.install(FakeComm("3", kernel), receiver.receive)
    assert changes(kernel) == {"should_handle", "_publish_status", "on_recv"}
    third.remove()


def test_a_host_that_only_names_its_kernel_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    comm = FakeComm("1", "marimo")
    installation = ipykernel.install(comm, receiver.receive)
    assert (installation.is_active, installation.receives_while_busy) == (False, False)
    installation.publish_idle()
    installation.remove()
    assert caplog.text == ""


def test_a_widget_that_is_gone_receives_nothing() -> None:
    kernel, receiver = HandlingKernel(), Receiver()
    ipykernel.install(FakeComm("1", kernel), receiver.receive)
    del receiver
    gc.collect()
    assert kernel.get("comm_msg", comm_id="1", data=custom("frame")) == "the long way"


def test_the_front_end_says_where_messages_are_handled_until_the_widget_is_closed() -> None:
    comm = RoutingComm("1", ReceivingKernel())
    installed = ipykernel.install(comm, Receiver().receive)
    assert comm._reply_subshell_for({}, "asked for") == "asked for"
    installed.remove()
    assert comm._reply_subshell_for({}, "asked for") == "the thread that sent last"


@pytest.mark.parametrize("comm", [object(), FakeComm("1", None)])
def test_without_ipykernel_nothing_is_changed(comm: object) -> None:
    installed = ipykernel.install(comm, Receiver().receive)
    assert not installed.receives_while_busy
    installed.publish_idle()
    installed.remove()


@pytest.mark.parametrize(("value", "is_changed"), [("1", False), ("yes", False), ("0", True), ("", True)])
def test_the_environment_switches_all_of_it_off(monkeypatch: pytest.MonkeyPatch, value: str, is_changed: bool) -> None:
    monkeypatch.setenv("MICDROP_WIDGET_PLAIN_COMM", value)
    kernel, receiver = ReceivingKernel(), Receiver()
    installed = ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert bool(changes(kernel)) is is_changed
    installed.publish_idle()
    installed.remove()


def test_a_kernel_whose_change_fails_half_way_is_as_it_was(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, receiver = ReceivingKernel(), Receiver()

    def closed(callback: object, *arguments: object) -> None:
        raise RuntimeError("the loop is closed")

    monkeypatch.setattr(kernel.shell_channel_thread.io_loop, "add_callback", closed)
    installed = ipykernel.install(FakeComm("1", kernel), receiver.receive)
    assert changes(kernel) == set()
    assert not installed.receives_while_busy
    assert "goes its usual way" in caplog.text or "go their usual way" in caplog.text
    assert kernel.get("comm_msg", comm_id="1", data=custom("frame")) == "the long way"
