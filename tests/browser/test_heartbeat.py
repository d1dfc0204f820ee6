"""Whether the page that has the microphone still answers."""

from __future__ import annotations

import asyncio

import pytest

from micdrop_widget.browser import heartbeat as heartbeat_module
from micdrop_widget.browser.heartbeat import Heartbeat
from tests.harness.leaks import until


class Page:
    """Counts what a lifeline says, and how often it is taken for gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, answers: int = 0, restarts_at: int = 0) -> None:
        monkeypatch.setattr(heartbeat_module, "_BEAT_S", 0.001)
        monkeypatch.setattr(heartbeat_module, "_UNANSWERED", 5)
        monkeypatch.setattr(heartbeat_module, "_UNANSWERED_WHILE_BUSY", 50)
        self.beats = 0
        self.silences = 0
        self.answers = answers
        self.restarts_at = restarts_at
        self.lifeline = Heartbeat(self._beat, self._silent)
        self.lifeline.answers_while_busy = True

    def _beat(self) -> None:
        self.beats += 1
        if self.beats <= self.answers:
            asyncio.get_running_loop().call_soon(self.lifeline.answer)

        if self.beats == self.restarts_at:
            asyncio.get_running_loop().call_soon(self.lifeline.start)

    def _silent(self) -> None:
        self.silences += 1


async def test_a_page_that_does_not_answer_is_gone_after_some_beats_and_is_told_nothing_more(
    monkeypatch: pytest.MonkeyPatch, clean_loop: None
) -> None:
    page = Page(monkeypatch, answers=20)
    page.lifeline.start()
    await until(lambda: page.silences)
    assert (page.beats, page.silences) == (25, 1)


async def test_a_page_whose_answers_wait_for_a_cell_is_given_the_time_of_a_cell(
    monkeypatch: pytest.MonkeyPatch, clean_loop: None
) -> None:
    page = Page(monkeypatch)
    page.lifeline.answers_while_busy = False
    page.lifeline.start()
    await until(lambda: page.silences)
    assert page.beats == 50


async def test_a_new_microphone_begins_the_count_anew(monkeypatch: pytest.MonkeyPatch, clean_loop: None) -> None:
    page = Page(monkeypatch, restarts_at=4)
    page.lifeline.start()
    await until(lambda: page.silences)
    assert page.beats == 4 + 5


async def test_a_closed_microphone_asks_nothing(monkeypatch: pytest.MonkeyPatch, clean_loop: None) -> None:
    page = Page(monkeypatch)
    page.lifeline.start()
    page.lifeline.stop()
    page.lifeline.stop()
    assert (page.beats, page.silences) == (1, 0)
