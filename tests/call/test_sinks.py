"""The loudspeaker that nobody hears: it plays to a clock, and reports the first sample, the last, and some between."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import Pace
from tests.harness import virtual_time
from tests.harness.callers import loud
from tests.harness.leaks import timers, until

pytestmark = pytest.mark.usefixtures("clean_loop")


def bound(pace: Pace = "realtime") -> tuple[VirtualSpeaker, list[tuple[int, int]]]:
    reports: list[tuple[int, int]] = []
    speaker = VirtualSpeaker(pace=pace, keep=True)
    speaker.bind(lambda epoch, samples: reports.append((epoch, samples)))
    return speaker, reports


async def test_fast_hears_everything_the_moment_it_arrives() -> None:
    speaker, reports = bound("fast")
    speaker.play(0, loud(1))
    speaker.play(0, loud(2))
    assert reports == [(0, 512), (0, 1536)]
    assert np.array_equal(speaker.heard, np.concatenate([loud(1), loud(2)]))


@virtual_time.in_virtual_time
async def test_real_time_hears_as_many_samples_as_time_has_passed() -> None:
    speaker, loop = VirtualSpeaker(keep=True), asyncio.get_running_loop()
    reports: list[tuple[float, int]] = []
    speaker.bind(lambda _, samples: reports.append((round(loop.time(), 3), samples)))
    speaker.play(0, loud(10))
    await asyncio.sleep(1)
    assert reports == [(0.01, 160), (0.11, 1760), (0.21, 3360), (0.31, 4960), (0.32, 5120)]
    assert np.array_equal(speaker.heard, loud(10))
    assert timers() == []


@virtual_time.in_virtual_time
async def test_frames_that_come_while_others_play_follow_without_a_gap() -> None:
    speaker, reports = bound()
    for _ in range(8):
        speaker.play(0, loud(1))
    await asyncio.sleep(0.255)
    assert reports[-1][1] < 4096
    await asyncio.sleep(0.002)
    assert reports[-1] == (0, 4096)
    assert np.array_equal(speaker.heard, np.concatenate([loud(1)] * 8))


def test_silence_after_an_underrun_is_not_made_up_for() -> None:
    reports: list[tuple[int, float]] = []

    async def play() -> None:
        speaker, clock = VirtualSpeaker(), asyncio.get_running_loop().time
        speaker.bind(lambda _, samples: reports.append((samples, clock())))
        speaker.play(0, loud(1))
        await asyncio.sleep(60)  # nothing to play for most of it
        speaker.play(0, loud(4))
        await asyncio.sleep(60)

    virtual_time.run(play())
    ends_s = {samples: at_s for samples, at_s in reports if samples in (512, 2560)}
    assert ends_s == {512: pytest.approx(0.032), 2560: pytest.approx(60 + 4 * 0.032)}


async def test_a_flush_is_silent_at_once_and_what_is_older_is_never_played() -> None:
    speaker, reports = bound()
    speaker.play(0, loud(100))
    await until(lambda: reports)
    speaker.flush(1)
    heard = len(speaker.heard)
    assert 0 < heard < 51_200
    before = len(reports)
    assert reports[-1] == (0, heard), "what was heard until the flush is reported"
    speaker.play(0, loud(1))
    assert timers() == []
    speaker.play(1, loud(1))
    await until(lambda: reports[-1] == (1, 512))
    assert {epoch for epoch, _ in reports[before:]} == {1}
    assert np.array_equal(speaker.heard[heard:], loud(1))


async def test_reading_what_was_heard_does_not_swallow_the_report_of_the_last_sample() -> None:
    speaker, reports = bound()
    speaker.play(0, loud(3))
    time.sleep(0.15)  # noqa: ASYNC251 - a busy loop: the report is late, and what was heard is read before it
    assert len(speaker.heard) == 1536
    await until(lambda: reports and reports[-1] == (0, 1536))


async def test_a_tiny_frame_costs_no_more_when_thousands_wait() -> None:
    speaker, reports = bound()
    sample = loud(1)[:1]

    def cost_s() -> float:
        """Return the processor time of 5000 frames, which another process cannot lengthen."""
        began_s = time.thread_time()
        for _ in range(5000):
            speaker.play(0, sample)
        return time.thread_time() - began_s

    costs_s = [cost_s() for _ in range(12)]
    assert min(costs_s[6:]) < 4 * min(costs_s[:6]), "the work must not grow with what waits"
    speaker.flush(1)
    assert reports


async def test_a_speaker_keeps_nothing_unless_asked() -> None:
    speaker = VirtualSpeaker(pace="fast")
    speaker.play(0, loud(1))
    assert len(speaker.heard) == 0


async def test_an_unknown_pace_says_what_was_expected() -> None:
    with pytest.raises(ValueError, match="expected 'realtime' or 'fast', got 'slow'"):
        VirtualSpeaker(pace="slow")  # type: ignore[arg-type]
