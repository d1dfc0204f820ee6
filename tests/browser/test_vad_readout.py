"""What the voice activity detection says, as the panels get it. In virtual time."""

from __future__ import annotations

import asyncio
import math

import pytest

from micdrop_widget.browser import Downlink, VadReadout
from micdrop_widget.state import MicdropState
from tests.harness.callers import LoudVAD
from tests.harness.pages import RecordingCarrier, pages_with, virtual_timing
from tests.harness.virtual_time import in_virtual_time

LISTENS = MicdropState(isMicStarted=True)


class Panels:
    """What reaches the panels of a call."""

    def __init__(self, *page_ids: str) -> None:
        self.carrier = RecordingCarrier()
        self.vad = LoudVAD()
        self.state = LISTENS
        timing = virtual_timing()
        self.readout = VadReadout(
            Downlink(self.carrier, timing),
            pages_with(*page_ids),
            timing,
            state=lambda: self.state,
            detector=lambda: self.vad,
        )

    def shown(self) -> list[tuple[float | None, float | None]]:
        return [(content["probability"], content["level_db"]) for content in self.carrier.contents]


@in_virtual_time
async def test_a_probability_that_changes_visibly_is_sent_sooner_than_one_that_stays() -> None:
    panels = Panels("a")
    for probability in (0.05, 0.5, 0.45, 0.0):
        panels.vad.probability = probability
        panels.readout.update()
        await asyncio.sleep(1)
    assert panels.carrier.times_s == pytest.approx([0.4, 1.2, 2.4, 3.2])
    assert [probability for probability, _ in panels.shown()] == [0.05, 0.5, 0.45, 0.0]


@in_virtual_time
async def test_readouts_are_sent_while_the_call_listens() -> None:
    panels = Panels("a")
    panels.vad.level_db = -20.0
    for state in (MicdropState(), LISTENS, MicdropState(isMicStarted=True, isMicMuted=True)):
        panels.state = state
        panels.readout.update()
        await asyncio.sleep(1)
    assert panels.shown() == [(None, -20.0)]


@in_virtual_time
async def test_nothing_is_sent_where_no_panel_is_shown_and_no_infinity_ever() -> None:
    hidden, panels = Panels(), Panels("a")
    for each in (hidden, panels):
        each.vad.probability, each.vad.level_db = 0.5, -math.inf
        each.readout.update()
    await asyncio.sleep(1)
    assert hidden.shown() == []
    assert panels.shown() == [(0.5, None)]
