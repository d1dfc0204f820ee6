"""The handlers of ipywidgets' own events: called where those of the call are."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import pytest
import traitlets

from micdrop_widget.browser.handler_thread import HandlerThread
from micdrop_widget.browser.waiting_calls import HandlerCall, HandlerLimits, UserHandler
from micdrop_widget.jupyter.handlers import MessageHandler, TraitObserver


@pytest.fixture
def handlers() -> Generator[HandlerThread]:
    running = HandlerThread("handlers-test", HandlerLimits(behind_s=60))
    yield running
    running.stop()
    assert "handlers-test" not in [thread.name for thread in threading.enumerate()]


def test_a_wrapped_handler_equals_the_handler() -> None:
    def handler() -> None: ...

    assert UserHandler(handler) == handler
    assert handler in [MessageHandler(handler, print)]
    assert hash(TraitObserver(handler, print)) == hash(handler)
    assert UserHandler(handler) != print


class Source(traitlets.HasTraits):
    """Something whose observers are called on the handler thread, as those of the widget."""

    value = traitlets.Int(0)

    def __init__(self, handlers: HandlerThread) -> None:
        self._thread = handlers
        super().__init__()

    def observe(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:
        super().observe(TraitObserver(handler, self._thread.call), names, type)


class Target(traitlets.HasTraits):
    value = traitlets.Int(0)


def test_a_change_is_the_one_of_traitlets(handlers: HandlerThread) -> None:
    source = Source(handlers)
    seen: list[tuple[int, int]] = []
    source.observe(lambda change: seen.append((change.old, change["new"])), "value")
    source.value = 1
    source.value = 2
    handlers.stop()
    assert seen == [(0, 1), (1, 2)]


def test_changes_that_a_slow_handler_has_missed_become_one() -> None:
    handlers = HandlerThread("handlers-test", HandlerLimits(behind_s=0))
    source = Source(handlers)
    seen: list[tuple[int, int]] = []
    release, runs = threading.Event(), threading.Event()

    def handle(change: Any) -> None:
        runs.set()
        release.wait(60)
        seen.append((change.old, change.new))

    source.observe(handle, "value")
    source.value = 1
    assert runs.wait(60)
    for value in (2, 3, 4):
        source.value = value
    release.set()
    handlers.stop()
    assert seen == [(0, 1), (1, 4)]


@pytest.mark.parametrize("link", [traitlets.link, traitlets.dlink])
def test_a_link_follows_the_source_also_where_that_has_changed_meanwhile(
    handlers: HandlerThread, link: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source, target = Source(handlers), Target()
    linked = link((source, "value"), (target, "value"))
    release = threading.Event()
    handlers.call(HandlerCall(UserHandler(lambda: release.wait(60)), "Message"))
    for value in range(1, 10):
        source.value = value
    release.set()
    handlers.stop()
    assert target.value == 9
    assert caplog.messages == [], "no link was broken"
    linked.unlink()
    source.value = 20
    handlers.stop()
    assert target.value == 9


def test_a_link_that_cannot_be_followed_says_so(handlers: HandlerThread, caplog: pytest.LogCaptureFixture) -> None:
    class Small(Target):
        value = traitlets.Int(0, max=5)

    source, target = Source(handlers), Small()
    traitlets.link((source, "value"), (target, "value"))
    source.value = 7
    handlers.stop()
    assert "TraitError" in caplog.text
