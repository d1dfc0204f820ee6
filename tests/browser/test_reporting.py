"""How a client in pages reports events: on its own thread, first to those who wait, then to its handlers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from micdrop_widget.browser.reporting import ReportingClient
from micdrop_widget.browser.waiting_calls import UserHandler
from micdrop_widget.call.events import CallVAD
from micdrop_widget.call.levels import Levels
from micdrop_widget.state import MicdropState
from micdrop_widget.vad import Status, VolumeVAD


class Client(ReportingClient):
    """A client whose reports wait until the test lets them through."""

    def __init__(self) -> None:
        self.posted: list[Callable[[], object]] = []
        detector = VolumeVAD()
        self._set_up_reports(CallVAD(lambda: detector, lambda: Status.SILENCE, UserHandler))

    def _post_report(self, function: Callable[[], object]) -> None:
        self.posted.append(function)

    def _state_now(self) -> MicdropState:
        return MicdropState()

    def report(self) -> None:
        """Report what was posted."""
        for function in self.posted:
            function()
        self.posted.clear()

    def end(self) -> None:
        with contextlib.ExitStack() as rest:
            self._end_reports(rest, lambda: 5.0)


@pytest.fixture
def client() -> Generator[Client]:
    made = Client()
    yield made
    made.end()
    assert "micdrop-handlers" not in [thread.name for thread in threading.enumerate()]


def test_an_event_reaches_who_waits_for_it_and_its_handlers_when_it_is_reported(client: Client) -> None:
    seen: list[tuple[object, ...]] = []
    client.on("PartialAssistantMessage", lambda text: seen.append((text, threading.current_thread().name)))
    inbox = client._subscriptions.add("PartialAssistantMessage")
    client._listener.on_event("PartialAssistantMessage", ("It is",))
    assert inbox.get_nowait() == []
    client.report()
    assert inbox.get_nowait() == ["It is"]
    client.end()
    assert seen == [("It is", "micdrop-handlers")]


def test_an_event_of_the_detection_calls_its_handlers_and_those_of_the_status(client: Client) -> None:
    seen: list[Any] = []
    client._vad.on("StartSpeaking", lambda: seen.append("StartSpeaking"))
    client._vad.on("ChangeStatus", seen.append)
    client._listener.on_speech_event("StartSpeaking")
    assert seen == []
    client.report()
    client.end()
    assert seen == ["StartSpeaking", Status.MAYBE_SPEAKING]


def test_levels_are_observed_while_a_handler_or_somebody_who_waits_is_there(client: Client) -> None:
    def handler(levels: Levels) -> None: ...

    assert not client._listener.observes_levels()
    client.on("Levels", handler)
    assert client._listener.observes_levels()
    client.off("Levels", handler)
    assert not client._listener.observes_levels()
    inbox = client._subscriptions.add("Levels")
    assert client._listener.observes_levels()
    inbox.close()
    assert not client._listener.observes_levels()


def test_a_line_of_the_log_is_printed_when_it_is_reported(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    client._listener.on_log_line("the call has begun")
    assert capsys.readouterr().out == ""
    client.report()
    assert capsys.readouterr().out == "the call has begun\n"


def test_the_end_of_the_reports_ends_what_waits(client: Client) -> None:
    inbox = client._subscriptions.add("EndCall")
    client.end()
    assert inbox.is_closed
