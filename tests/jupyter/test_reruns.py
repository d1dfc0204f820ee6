"""A cell that is run again leaves nothing of the widget that it made before."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Generator

import numpy as np
import pytest

from micdrop_widget import MicdropServer, MicdropWidget
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.jupyter import widget as widget_module
from micdrop_widget.server.cells import Place
from tests.harness.fake_front_end import FakeFrontEnd
from tests.harness.leaks import open_sockets, until
from tests.paths import FIXTURES

ENDED = "micdrop-widget: the call of this cell ended because the cell ran again."


@pytest.fixture
def server() -> Generator[MicdropServer]:
    running = MicdropServer().start()
    yield running
    running.stop()


class Cell:
    """A cell that makes a widget and shows it in a page of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, server: MicdropServer) -> None:
        self._monkeypatch = monkeypatch
        self._server = server
        self._runs = 0

    def run(self, name: str = "cell") -> tuple[MicdropWidget, FakeFrontEnd]:
        self._runs += 1
        run = self._runs
        self._monkeypatch.setattr(widget_module, "current_place", lambda: Place("cell [1]", name, run))
        page = FakeFrontEnd(self._monkeypatch)
        widget = MicdropWidget(self._server.url)
        page.show(widget)
        return widget, page


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch, server: MicdropServer) -> Cell:
    return Cell(monkeypatch, server)


async def talk(widget: MicdropWidget, page: FakeFrontEnd) -> None:
    sentence = as_pcm(FIXTURES / "sentence.wav")
    await widget.start()
    page.speak(sentence)
    await widget.until(isAssistantSpeaking=True, timeout=20)
    await widget.stop()


def count_threads() -> int:
    return sum(thread.name.startswith("micdrop-") for thread in threading.enumerate())


async def test_twenty_runs_of_a_cell_leave_as_many_threads_sockets_and_recordings_as_one(cell: Cell) -> None:
    widget, page = cell.run()
    await talk(widget, page)
    threads, sockets = count_threads(), len(open_sockets())
    recordings = [weakref.ref(widget.recording)]
    for _ in range(20):
        page.leave(page_gone=False)
        widget, page = cell.run()
        await talk(widget, page)
        recordings.append(weakref.ref(widget.recording))
    await until(lambda: count_threads() <= threads)
    await until(lambda: len(open_sockets()) <= sockets)
    gc.collect()
    assert [recording() for recording in recordings if recording() is not None] == [widget.recording]
    widget.close()


async def test_a_recording_that_somebody_has_stays(cell: Cell) -> None:
    widget, page = cell.run()
    await talk(widget, page)
    recording = widget.recording
    assert recording is not None
    page.leave(page_gone=False)
    again, _ = cell.run()
    await until(lambda: widget.comm is None)
    assert widget.recording is recording
    assert np.any(recording.microphone)
    again.close()


async def test_a_widget_goes_when_its_panel_does_and_its_call_is_over(cell: Cell) -> None:
    widget, page = cell.run()
    await widget.start()
    again, _ = cell.run()
    await widget.mute()
    assert widget.isStarted, "its panel is still there"
    page.leave(page_gone=False)
    await until(lambda: widget.comm is None)
    assert not widget.isStarted
    assert again.comm is not None
    again.close()


async def test_what_another_cell_or_the_same_run_has_made_stays(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    widget, page = cell.run()
    page.leave(page_gone=False)
    other, _ = cell.run("another cell")
    monkeypatch.setattr(widget_module, "current_place", lambda: widget.place)
    same_run = MicdropWidget()
    monkeypatch.setattr(widget_module, "current_place", lambda: Place("program.py, line 1", ("program.py", 1)))
    in_a_program = [MicdropWidget() for _ in range(2)]
    for each in (widget, other, same_run, *in_a_program):
        await each.mute()
        each.close()


async def test_a_cell_that_is_run_again_says_that_it_ended_its_call_and_offers_to_go_on(
    cell: Cell, capsys: pytest.CaptureFixture[str]
) -> None:
    widget, page = cell.run()
    await widget.start()
    again, page_again = cell.run()
    assert not again.follows_ended_call, "the first panel is still there"
    page.leave(page_gone=False)
    await until(lambda: again.follows_ended_call)
    assert capsys.readouterr().out.startswith(ENDED)
    await again.start()
    assert not again.follows_ended_call
    await until(lambda: widget.comm is None)
    page_again.leave(page_gone=False)
    await until(lambda: not again.isStarted)
    assert again._ended_by == "panel_removed", "it may be shown again"
    again.close()


async def test_it_says_so_too_where_the_panel_was_gone_before_the_cell_made_another(
    cell: Cell, capsys: pytest.CaptureFixture[str]
) -> None:
    widget, page = cell.run()
    await widget.start()
    page.leave(page_gone=False)
    await until(lambda: not widget.isStarted)
    again, page_again = cell.run()
    await until(lambda: again.follows_ended_call)
    page_again.leave(page_gone=False)
    once_more, _ = cell.run()
    await until(lambda: once_more.follows_ended_call)
    assert capsys.readouterr().out.count(ENDED) == 2
    once_more.close()


@pytest.mark.parametrize("end", ["stop", "reload", "no call"])
async def test_it_says_nothing_of_a_call_that_it_did_not_end(
    cell: Cell, end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    widget, page = cell.run()
    if end != "no call":
        await widget.start()
    if end == "stop":
        await widget.stop()
    page.leave(page_gone=end == "reload")
    again, _ = cell.run()
    if end == "reload":
        await widget.stop()
    await until(lambda: widget.comm is None)
    await again.mute()
    assert not again.follows_ended_call
    assert capsys.readouterr().out == ""
    again.close()


async def test_a_call_whose_output_was_cleared_some_cells_ago_is_not_spoken_of(
    cell: Cell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    widget, page = cell.run()
    await widget.start()
    monkeypatch.setattr(widget_module, "current_execution", lambda: 7)
    page.leave(page_gone=False)
    await until(lambda: not widget.isStarted)
    again, _ = cell.run()
    await again.mute()
    assert not again.follows_ended_call
    assert capsys.readouterr().out == ""
    again.close()
