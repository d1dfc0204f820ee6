"""Row `levels`: what it costs to observe how loud a call is, as a share of what the call costs."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.interleaving import interleave, timed
from benchmarks.speech import sentence
from micdrop_widget import Levels, MicdropClient, MicdropServer
from micdrop_widget.audio import FRAME_SAMPLES, SAMPLE_RATE
from micdrop_widget.call.levels import LevelMeter
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource

__all__ = ["measure"]

_FRAMES = 100
"""Frames a measurement."""

_TICKS_PER_S = 10


def measure(quick: bool) -> Iterator[Figure]:
    """Measure the meter alone, and a call beside it; shares of a real-time call can be lost in a machine's noise."""
    frame_us, observed_us = asyncio.run(_meter(20 if quick else 300))
    call_us = asyncio.run(_call(1 if quick else 5))
    frames_per_s = SAMPLE_RATE / FRAME_SAMPLES
    second_us = statistics.median(call_us)
    yield Figure("CPU of a second of a call, Silero", "µs", Distribution.of(call_us), note="with its server")
    unobserved = [100 * frames_per_s * us / second_us for us in frame_us]
    observed = [
        100 * (frames_per_s * frame + _TICKS_PER_S * tick) / second_us
        for frame, tick in zip(frame_us, observed_us, strict=True)
    ]
    yield Figure("share of the levels, observed", "%", Distribution.of(observed), Aim("p50", 2), "both sides sound")
    yield Figure(
        "share of the levels, nobody observes", "%", Distribution.of(unobserved), Aim("p50", 0.1), "two digits of 0"
    )


async def _meter(rounds: int) -> tuple[list[float], list[float]]:
    """Return what a frame costs that nobody observes, and what one telling of both levels costs, in µs."""
    told: list[Levels] = []
    meter = LevelMeter(is_observed=lambda: False, emit=told.append)
    frame = np.full(FRAME_SAMPLES, 8192, dtype=np.int16)
    meter.play(1, np.full(SAMPLE_RATE, 8192, dtype=np.int16))
    meter.note_heard(1, SAMPLE_RATE // 2)

    def frames() -> None:
        for _ in range(_FRAMES):
            meter.add_captured(frame)

    def ticks() -> None:
        meter.note_heard(1, SAMPLE_RATE // 2)
        for _ in range(_FRAMES):
            told.append(Levels(meter.microphone_db, meter.speaker_db))
        told.clear()

    contestants = {"frame": lambda: timed(frames), "tick": lambda: timed(ticks)}
    seconds = interleave(contestants, rounds, warm_up=2)
    return [1e6 * s / _FRAMES for s in seconds["frame"]], [1e6 * s / _FRAMES for s in seconds["tick"]]


async def _call(calls: int) -> list[float]:
    """Return the CPU of a second of a call in real time, in µs: a sentence and the answer to it."""
    costs = []
    async with MicdropServer() as server:
        for _ in range(calls):
            async with MicdropClient(server.url, source=ArraySource(sentence()), sink=VirtualSpeaker()) as client:
                await client.start()
                began, began_cpu = time.perf_counter(), time.process_time()
                await client.until(isAssistantSpeaking=True, timeout=60)
                await client.until(isAssistantSpeaking=False, timeout=60)
                costs.append(1e6 * (time.process_time() - began_cpu) / (time.perf_counter() - began))
    return costs
