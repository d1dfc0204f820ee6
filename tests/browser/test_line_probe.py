"""Whether the line is fast, by what a page answers. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from micdrop_widget.browser import Downlink, messages
from micdrop_widget.browser.line_probe import LineProbe
from tests.harness.pages import RecordingCarrier, virtual_timing
from tests.harness.virtual_time import in_virtual_time

SMALL, LARGE = 8192, 65_536


class ProbedLine(RecordingCarrier):
    """A line of some rate and delay to a page that answers each probe, and what was asked over it."""

    def __init__(self, bits_per_s: float = 1e9, delay_s: float = 0.001) -> None:
        super().__init__()
        self.bits_per_s, self.delay_s = bits_per_s, delay_s
        self.is_call_up = True
        self.is_playing = False
        self.answers = True
        self.sizes: list[int] = []
        self.asked_s: list[float] = []
        self.noted: list[float] = []
        """Bytes a second."""
        timing = virtual_timing()
        self.downlink = Downlink(self, timing)
        self.probe = LineProbe(
            self.downlink,
            is_wanted=lambda: self.is_call_up,
            is_in_use=lambda: self.is_playing,
            note_line=self.noted.append,
            timing=timing,
        )

    def send(self, content: messages.Content, buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        if content["type"] != "probe":
            super().send(content, buffers, urgent=urgent)
            return
        loop = asyncio.get_running_loop()
        self.sizes.append(sum(map(len, buffers)))
        self.asked_s.append(loop.time())
        if self.answers:
            answer = messages.Probed(content["to"], content["number"])
            loop.call_later(8 * self.sizes[-1] / self.bits_per_s + 2 * self.delay_s, self.probe.receive, answer)


@in_virtual_time
async def test_a_line_is_slow_until_8_and_then_64_kilobytes_have_come_back_in_time() -> None:
    line = ProbedLine()
    line.probe.start("a")
    assert not line.downlink.is_fast
    await asyncio.sleep(1)
    assert line.downlink.is_fast
    assert line.sizes == [SMALL, LARGE]


@pytest.mark.parametrize(
    ("bits_per_s", "delay_s", "sizes"),
    [(1e6, 0.04, {SMALL}), (1e6, 0.001, {SMALL}), (10e6, 0.001, {SMALL, LARGE}), (1e9, 0.02, {SMALL})],
)
@in_virtual_time
async def test_a_slow_line_is_known_by_little(bits_per_s: float, delay_s: float, sizes: set[int]) -> None:
    line = ProbedLine(bits_per_s, delay_s)
    line.probe.start("a")
    await asyncio.sleep(60)
    assert not line.downlink.is_fast
    assert set(line.sizes) == sizes


@in_virtual_time
async def test_each_answer_shows_what_the_line_carries_at_least() -> None:
    line = ProbedLine(8e6, 0.01)
    line.probe.start("a")
    await asyncio.sleep(60)
    small, large = SMALL / (0.02 + 8 * SMALL / 8e6), LARGE / (0.02 + 8 * LARGE / 8e6)
    assert line.noted[:4] == pytest.approx([small, large] * 2)


@in_virtual_time
async def test_a_page_that_was_busy_is_asked_again_soon() -> None:
    line = ProbedLine(delay_s=0.1)
    line.probe.start("a")
    await asyncio.sleep(0.4)
    line.delay_s = 0.001
    await asyncio.sleep(2)
    assert line.downlink.is_fast


@in_virtual_time
async def test_during_a_call_a_line_that_becomes_slow_is_noticed_and_one_that_was_busy_once_is_not() -> None:
    line = ProbedLine()
    line.probe.start("a")
    await asyncio.sleep(4)
    assert line.sizes == [SMALL, LARGE]
    line.delay_s = 0.2
    await asyncio.sleep(1.3)
    assert line.downlink.is_fast, "one answer was late"
    line.delay_s = 0.001
    await asyncio.sleep(20)
    assert line.downlink.is_fast
    line.bits_per_s = 1e6
    await asyncio.sleep(10)
    assert not line.downlink.is_fast
    line.bits_per_s = 1e9
    await asyncio.sleep(30)
    assert line.downlink.is_fast


@in_virtual_time
async def test_an_answer_on_a_slow_line_is_not_held_up_by_questions() -> None:
    line = ProbedLine(1e6)
    line.probe.start("a")
    line.is_playing = True
    await asyncio.sleep(60)
    assert len(line.sizes) == 1
    line.is_playing = False
    await asyncio.sleep(1)
    assert len(line.sizes) == 2


@in_virtual_time
async def test_without_a_call_the_questions_end() -> None:
    line = ProbedLine(delay_s=1)
    line.is_call_up = False
    line.probe.start("a")
    await asyncio.sleep(3600)
    assert len(line.sizes) == 6
    line = ProbedLine()
    line.is_call_up = False
    line.probe.start("a")
    await asyncio.sleep(3600)
    assert line.sizes == [SMALL, LARGE]


@in_virtual_time
async def test_a_kernel_that_is_busy_for_a_while_makes_no_line_slow() -> None:
    line = ProbedLine()
    line.probe.start("a")
    await asyncio.sleep(1)
    line.answers = False
    await asyncio.sleep(60)
    assert line.downlink.is_fast
    assert len(line.sizes) == 3, "what is not answered is not asked again"


@in_virtual_time
async def test_another_page_has_a_line_of_its_own() -> None:
    line = ProbedLine()
    line.probe.start("a")
    await asyncio.sleep(1)
    line.probe.start("a")
    assert line.downlink.is_fast, "the same page: it stays so until it shows otherwise"
    line.probe.start("b")
    assert not line.downlink.is_fast
    line.probe.receive(messages.Probed("a", 1))
    line.probe.receive(messages.Probed("b", 1))
    assert not line.downlink.is_fast, "answers to other questions"
    line.probe.stop()
    await asyncio.sleep(60)
    assert not line.downlink.is_fast


@in_virtual_time
async def test_on_a_slow_line_nothing_is_urgent() -> None:
    line = ProbedLine(1e6, 0.04)
    line.probe.start("a")
    arguments: dict[str, Any] = {"urgent": True}
    line.downlink.send(messages.flush(1), **arguments)
    line.downlink.is_fast = True
    line.downlink.send(messages.flush(2), **arguments)
    assert line.urgent == [False, True]
