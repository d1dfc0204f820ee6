"""Row `history`: what recording, turns and events cost a call, a table of many turns, and the memory of events."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import sentence
from micdrop_widget import MicdropClient, MicdropServer, Turn
from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.call.engine import Engine
from micdrop_widget.call.keeper import CallKeeper
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource, Pace
from micdrop_widget.history.event_log import MAX_EVENTS, EventLog
from micdrop_widget.history.folder_file import FolderFile
from micdrop_widget.history.folder_writer import FolderWriter
from micdrop_widget.history.recording_file import RecordingFile
from micdrop_widget.history.timeline import Timeline
from micdrop_widget.history.turns import ToolUse, Turns
from micdrop_widget.history.writer import RecordingWriter
from micdrop_widget.server import ServerCall

__all__ = ["Costs", "measure"]

_LIMIT_S = 60
_TURNS = 10_000

_ON_LOOP: tuple[tuple[type, str], ...] = (
    (Timeline, "record"),
    (Timeline, "note_underruns"),
    (RecordingWriter, "add_captured"),
    (RecordingWriter, "add_probability"),
    (RecordingWriter, "add_playback"),
    (RecordingWriter, "add_heard"),
    (RecordingWriter, "flush"),
    (RecordingWriter, "end"),
    (Engine, "_log_event"),
    (CallKeeper, "note_step"),
    (CallKeeper, "end"),
    (FolderWriter, "_write"),
)
"""All that a call does for its history on its event loop."""

_THREADS: tuple[tuple[type, str], ...] = ((RecordingFile, "_run"), (FolderFile, "_run"))


def measure(quick: bool) -> Iterator[Figure]:
    """Measure calls, tables and logs."""
    rounds = 2 if quick else 20
    note = "sentences with answers as long, by Silero; {:.1f} % of the client's CPU, without server, page and carrier"
    paces: tuple[tuple[Pace, int, int], ...] = (("realtime", 2, 1 if quick else 3), ("fast", 10, rounds))
    for pace, sentences, calls in paces:
        for what, kept in (("kept in memory", False), ("written to a folder as well", True)):
            costs = [_cost(pace, sentences, kept) for _ in range(calls)]
            percent = float(np.median([100 * cost.share for cost in costs]))
            a_minute = Distribution.of([cost.ms_a_minute for cost in costs])
            yield Figure(f"CPU a minute of call, {pace}, {what}", "ms", a_minute, note=note.format(percent))
    turns = Turns([_turn(number) for number in range(_TURNS)])
    turns.to_frame()  # which loads pandas
    took = Distribution.of(_took_ms(turns.to_frame) for _ in range(rounds))
    yield Figure("to_frame() of 10 000 turns", "ms", took, Aim("p50", 500))
    held = _memory_mb(lambda: [_turn(number) for number in range(_TURNS)])
    yield Figure("10 000 turns in memory", "MB", Distribution.of([held]))
    for what, content in (("with 100 characters each", "x" * 100), ("as long as they may be", "x" * 60_000)):
        held = _memory_mb(functools.partial(_full_log, content))
        yield Figure(f"a full log of events, {what}", "MB", Distribution.of([held]), Aim("max", 12))


@dataclass(frozen=True, slots=True)
class _Cost:
    ms_a_minute: float
    share: float
    """Of the CPU of the client's thread and of those that write."""


def _cost(pace: Pace, sentences: int, kept: bool) -> _Cost:
    """Return what the history of a call takes of the CPU."""
    costs = Costs()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(costs.counted())
        server = stack.enter_context(MicdropServer(_answer, greeting=None))
        pcm = np.tile(sentence(), sentences)
        whole_s = asyncio.run(_hold_call(server.url, pace, pcm, sentences, folder if kept else None))
    spent_s = costs.on_loop_s + costs.threads_s
    minutes = len(pcm) / SAMPLE_RATE / 60
    return _Cost(1000 * spent_s / minutes, spent_s / (whole_s + costs.threads_s))


class Costs:
    """CPU time that the history of calls has taken."""

    def __init__(self) -> None:
        self.on_loop_s = 0.0
        self.threads_s = 0.0
        self._is_within = False

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count from now on."""
        with contextlib.ExitStack() as stack:
            for owner, name in _ON_LOOP:
                stack.enter_context(mock.patch.object(owner, name, self._timed(getattr(owner, name))))
            for owner, name in _THREADS:
                stack.enter_context(mock.patch.object(owner, name, self._timed_thread(getattr(owner, name))))
            yield

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Count a function of the event loop, with what it calls."""

        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - any function
            if self._is_within:
                return function(*arguments, **keywords)
            self._is_within, began_s = True, time.thread_time()
            try:
                return function(*arguments, **keywords)
            finally:
                self.on_loop_s += time.thread_time() - began_s
                self._is_within = False

        return call

    def _timed_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Count a function that is all that a thread does."""

        @functools.wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - any function
            try:
                return function(*arguments, **keywords)
            finally:
                self.threads_s += time.thread_time()

        return call


async def _answer(call: ServerCall, utterance: Pcm) -> None:
    await call.send_message("user", "It is a sentence.")
    await call.send_audio(utterance)
    await call.send_message("assistant", "It was one.")


async def _hold_call(url: str, pace: Pace, pcm: Pcm, turns: int, folder: Path | None) -> float:
    """Hold a call, and return the CPU time of its thread from where it is ready until it has ended."""
    call = MicdropClient(
        url,
        source=ArraySource(pcm, pace=pace),
        sink=VirtualSpeaker(pace=pace),
        save_to=folder,
    )
    async with call:
        await call.start()
        began_s = time.thread_time()
        async for turn in call.events("Turn"):
            if turn is not None and len(call.turns) >= turns:
                break
        await call.stop()
        return time.thread_time() - began_s


def _turn(number: int) -> Turn:
    """Return a turn in which everything has happened."""
    at_ms = 8000.0 * number
    return Turn(
        speech_start_ms=at_ms,
        confirmed_ms=at_ms + 100,
        speech_end_ms=at_ms + 2000,
        stopped_ms=at_ms + 2400,
        user_message_ms=at_ms + 2500,
        first_audio_ms=at_ms + 2600,
        heard_ms=at_ms + 2650,
        voiced_ms=at_ms + 2700,
        assistant_message_ms=at_ms + 2800,
        answer_end_ms=at_ms + 6000,
        user_text=f"What is {number} times {number}?",
        assistant_text=f"It is {number * number}, as far as I know.",
        tools=(ToolUse("multiply", at_ms + 2510, at_ms + 2520),),
        answer_heard_ms=3350.0,
        answer_received_ms=3350.0,
        stage_times_ms={"stt": 90.0, "first_text": 120.0, "first_audio": 180.0},
    )


def _full_log(content: str) -> EventLog:
    log = EventLog()
    for number in range(MAX_EVENTS + 1000):
        log.add(float(number), 16 * number, "Message", {"role": "user", "content": f"{number} {content}"})
    return log


def _took_ms(function: Callable[[], object]) -> float:
    began_s = time.process_time()
    function()
    return 1000 * (time.process_time() - began_s)


def _memory_mb(make: Callable[[], object]) -> float:
    """Return how much memory what a function makes takes."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = make()
        after = tracemalloc.get_traced_memory()[0]
        del made
    finally:
        tracemalloc.stop()
    return (after - before) / 1e6
