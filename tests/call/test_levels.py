"""How loud a call is: measured when somebody asks, told ten times a second when somebody observes it, else nothing."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import Levels
from micdrop_widget.audio import FRAME_SAMPLES, Pcm, pcm_to_bytes
from micdrop_widget.call.levels import SILENT_DB, LevelMeter
from micdrop_widget.call.sinks import VirtualSpeaker
from tests.harness.callers import ready_client
from tests.harness.servers import Received, message, received_by, scripted
from tests.harness.virtual_time import in_virtual_time

FRAME_S = 0.032


def steady(value: int, samples: int = FRAME_SAMPLES) -> Pcm:
    return np.full(samples, value, dtype=np.int16)


class Observer:
    """Notes the levels that are told, and when."""

    def __init__(self, *, observes: bool = True) -> None:
        self.observes = observes
        self.told: list[tuple[float, Levels]] = []
        self.meter = LevelMeter(is_observed=lambda: self.observes, emit=self._note)

    def _note(self, levels: Levels) -> None:
        self.told.append((round(asyncio.get_running_loop().time(), 3), levels))

    async def capture(self, value: int, frames: int) -> None:
        for _ in range(frames):
            await asyncio.sleep(FRAME_S)
            self.meter.add_captured(steady(value))


@pytest.mark.parametrize(("value", "level_db"), [(-32768, 0.0), (16384, -6.0), (328, -40.0), (1, -90.3), (0, -100.0)])
@in_virtual_time
async def test_a_level_is_the_root_mean_square_in_decibels_of_full_scale(value: int, level_db: float) -> None:
    observer = Observer(observes=False)
    await observer.capture(value, 4)
    assert observer.meter.microphone_db == level_db


@in_virtual_time
async def test_the_microphone_level_is_reported_ten_times_a_second_when_it_changes_and_silence_after_it_once() -> None:
    observer = Observer()
    for value in (16384, 8192, 16384, 8192, 16384):
        await observer.capture(value, 7)  # 224 ms
    await asyncio.sleep(2)
    times = [time for time, _ in observer.told]
    assert all(later - earlier > 0.099 for earlier, later in itertools.pairwise(times))
    assert 8 <= len(times) <= 12
    assert observer.told[0] == (0.132, Levels(-6.0, SILENT_DB))
    assert observer.told[-1][1] == Levels()
    assert observer.told[-1][0] == pytest.approx(5 * 7 * FRAME_S + 0.3, abs=0.13)


@in_virtual_time
async def test_nobody_who_observes_costs_no_timer_and_what_is_read_is_right_all_the_same() -> None:
    observer = Observer(observes=False)
    await observer.capture(16384, 4)
    assert observer.meter._timer is None
    assert observer.meter.microphone_db == -6.0
    await asyncio.sleep(0.4)
    assert observer.meter.microphone_db == SILENT_DB
    assert observer.told == []


@in_virtual_time
async def test_who_observes_no_longer_is_notified_no_more() -> None:
    observer = Observer()
    await observer.capture(16384, 8)
    observer.observes = False
    told = len(observer.told)
    await observer.capture(8192, 30)
    assert len(observer.told) == told
    assert observer.meter._timer is None


@in_virtual_time
async def test_the_speaker_is_as_loud_as_what_leaves_it_not_as_what_was_sent() -> None:
    meter = Observer(observes=False).meter
    meter.play(1, steady(16384, 3200))
    meter.play(1, steady(328, 3200))
    assert meter.speaker_db == SILENT_DB  # nothing was heard yet
    meter.note_heard(1, 1600)
    assert meter.speaker_db == -6.0
    await asyncio.sleep(0.2)  # no report meanwhile
    assert meter.speaker_db == -40.0
    await asyncio.sleep(0.3)
    assert meter.speaker_db == SILENT_DB  # all there was has been heard
    meter.note_heard(1, 6400)
    meter.play(1, steady(16384, 3200))
    meter.note_heard(1, 8000)
    assert meter.speaker_db == -6.0
    meter.flush()
    assert meter.speaker_db == SILENT_DB
    meter.note_heard(0, 100)  # of an answer that is over
    meter.play(2, steady(328, 3200))
    meter.note_heard(2, 3200)
    assert meter.speaker_db == -40.0


async def test_a_client_has_both_levels_as_attributes_and_as_an_event() -> None:
    frames: Received = []

    async def talks(connection: ServerConnection) -> None:
        await connection.send(message("assistant", "Hello"))
        await connection.send(pcm_to_bytes(steady(16384, 16_000)))
        await received_by(connection, frames)

    async with scripted(talks) as url:
        call, mic, _ = ready_client(url, sink=VirtualSpeaker())
        async with call:
            assert (call.microphone_level_db, call.speaker_level_db) == (SILENT_DB, SILENT_DB)
            await call.start()
            levels = await call.wait_for("Levels", lambda levels: levels.speaker_db == -6.0, timeout=10)
            assert levels.microphone_db == SILENT_DB
            heard: list[Levels] = []
            call.on("Levels", heard.append)
            mic.say(steady(328, 8 * FRAME_SAMPLES))
            await call.wait_for("Levels", lambda levels: levels.microphone_db == -40.0, timeout=10)
            mic.say(steady(328))
            assert heard
            await call.mute()
            await call.wait_for("Levels", lambda levels: levels.microphone_db == SILENT_DB, timeout=10)
