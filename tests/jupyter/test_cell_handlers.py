"""A cell that is run again adds its handlers once, not once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from micdrop_widget import MicdropState, MicdropWidget
from micdrop_widget.jupyter import cell_handlers
from micdrop_widget.server.cells import Place
from tests.harness.fake_front_end import FakeFrontEnd


class Cells:
    """Says which cell runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._runs = 0

    def run(self, name: str) -> None:
        self._runs += 1
        place = Place(f"cell [{self._runs}]", name, self._runs, self._runs)
        self._monkeypatch.setattr(cell_handlers, "current_place", lambda: place)

    def leave(self) -> None:
        """Run a line of a program, which is no cell."""
        self._monkeypatch.setattr(cell_handlers, "current_place", lambda: Place("a.py, line 1", ("a.py", 1)))


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> Cells:
    return Cells(monkeypatch)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> MicdropWidget:
    FakeFrontEnd(monkeypatch)
    return MicdropWidget()


def note(received: list[Any], what: object) -> Callable[[MicdropState, MicdropState], None]:
    """Return a handler that adds something to a list."""
    return lambda state, previous: received.append(what)


async def test_an_observer_of_a_later_run_takes_the_place_of_the_earlier_ones_of_its_cell(
    cells: Cells, call: MicdropWidget
) -> None:
    received: list[str] = []
    cells.run("other")
    call.observe(lambda change: received.append("other"), "isMuted")
    for number in (1, 2, 3):
        cells.run("cell")
        call.observe(lambda change, number=number: received.append(f"first of {number}"), "isMuted")
        call.observe(lambda change, number=number: received.append(f"second of {number}"), "isMuted")
        call.observe(lambda change, number=number: received.append(f"both of {number}"), ["isMuted", "isPaused"])
    await call.mute()
    call.close()
    assert received == ["other", "first of 3", "second of 3", "both of 3"]


async def test_a_function_of_another_cell_is_added_anew_by_each_run(cells: Cells, call: MicdropWidget) -> None:
    received: list[Any] = []

    def note_name(change: Any) -> None:
        received.append(change.name)

    for _ in range(3):
        cells.run("cell")
        call.observe(note_name, ["isMuted", "isPaused"])
        call.unobserve(note_name, "isPaused")
    await call.mute()
    call.close()
    assert received == ["isMuted"]


async def test_handlers_of_events_are_replaced_too(cells: Cells, call: MicdropWidget) -> None:
    received: list[str] = []
    for number in (1, 2):
        cells.run("cell")
        for name in "ab":
            call.on("StateChange", note(received, f"{name}{number}"))
    await call.mute()
    call.close()
    assert received == ["a2", "b2"]


async def test_a_program_adds_as_many_handlers_as_it_likes_on_one_line(cells: Cells, call: MicdropWidget) -> None:
    received: list[int] = []
    cells.leave()
    for number in (1, 2, 3):
        call.observe(lambda change, number=number: received.append(number), "isMuted")
        call.on("StateChange", note(received, 10 * number))
    await call.mute()
    call.close()
    assert sorted(received) == [1, 2, 3, 10, 20, 30]
