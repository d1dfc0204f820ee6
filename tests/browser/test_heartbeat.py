"""Whether the pages of a call still answer. In virtual time."""

from __future__ import annotations

import asyncio

from micdrop_widget.browser.heartbeat import Heartbeat
from tests.harness.pages import virtual_timing
from tests.harness.virtual_time import in_virtual_time


class Page:
    """Counts beats, answers the first ones, and notes when it was presumed gone."""

    def __init__(self, *, answers: int = 0, while_busy: bool = True) -> None:
        self.beats_s: list[float] = []
        self.silent_s: list[float] = []
        self.is_wanted = True
        self.answers = answers
        self.heartbeat = Heartbeat(
            self._receive_beat, is_wanted=lambda: self.is_wanted, on_silent=self._note_silence, timing=virtual_timing()
        )
        self.heartbeat.answers_while_busy = while_busy

    def _receive_beat(self) -> None:
        self.beats_s.append(asyncio.get_running_loop().time())
        if len(self.beats_s) <= self.answers:
            asyncio.get_running_loop().call_soon(self.heartbeat.note_answer)

    def _note_silence(self) -> None:
        self.silent_s.append(asyncio.get_running_loop().time())
        self.is_wanted = False


@in_virtual_time
async def test_a_page_that_does_not_answer_is_gone_ten_beats_after_its_last_answer() -> None:
    page = Page(answers=20)
    page.heartbeat.ensure_running()
    await asyncio.sleep(3600)
    assert page.beats_s == [float(second) for second in range(30)]
    assert page.silent_s == [30.0]


@in_virtual_time
async def test_a_page_whose_answers_wait_for_a_cell_is_given_ten_minutes() -> None:
    page = Page(while_busy=False)
    page.heartbeat.ensure_running()
    await asyncio.sleep(3600)
    assert page.silent_s == [600.0]


@in_virtual_time
async def test_what_is_not_wanted_does_not_beat() -> None:
    page = Page()
    page.is_wanted = False
    page.heartbeat.ensure_running()
    await asyncio.sleep(3600)
    assert page.beats_s == []


@in_virtual_time
async def test_it_beats_for_as_long_as_it_is_wanted_and_then_anew() -> None:
    page = Page(answers=1000)
    page.heartbeat.ensure_running()
    await asyncio.sleep(5.5)
    page.heartbeat.ensure_running()  # it beats already
    page.is_wanted = False
    await asyncio.sleep(60)
    assert page.beats_s == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    page.is_wanted = True
    page.heartbeat.ensure_running()
    await asyncio.sleep(1.5)
    page.heartbeat.stop()
    await asyncio.sleep(60)
    assert page.beats_s[6:] == [65.5, 66.5]
    page.heartbeat.stop()


@in_virtual_time
async def test_a_loop_that_was_held_up_counts_beats_not_seconds() -> None:
    page = Page()
    page.heartbeat.ensure_running()
    for _ in range(9):
        await asyncio.sleep(1)
    assert page.silent_s == []
    await asyncio.sleep(2)
    assert page.silent_s == [10.0]
