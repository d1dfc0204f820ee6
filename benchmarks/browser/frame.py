"""Row `browser-frame`: how old a microphone frame is when the call's thread gets it, also while a cell runs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.browser.harness import CALL, notebooks, page_clock_ahead_ms, start_call
from benchmarks.figures import Aim, Distribution, Figure
from tests.browser.notebook import Notebook

__all__ = ["SPIN", "measure"]

_WATCH = """
import time
from micdrop_widget import _comm

arrivals = []

def watch(microphone):
    receive = microphone.receive

    def noting(message):
        if isinstance(message, _comm.AudioFrame):
            arrivals.append((message.seq, message.sent_ms, time.time() * 1000))
        receive(message)

    microphone.receive = noting

watch(call._microphone)
"""

_STRETCH = """
began_ms = time.time() * 1000
{}
ended_ms = time.time() * 1000
"""

SPIN = """
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    total = 0
    for number in range(10_000):
        total += number * number
"""

_SLEEP = "time.sleep({seconds})"

_LATEST_S = 2
"""How long is waited for what was sent in a stretch."""


@dataclass(frozen=True, slots=True)
class _Frame:
    seq: int
    sent_ms: float
    arrived_ms: float


def measure(quick: bool) -> Iterator[Figure]:
    """Measure one call: idle, while a cell sleeps, while a cell computes."""
    seconds = 2 if quick else 60
    with notebooks() as open_notebook:
        cells = [CALL, _WATCH, *(_STRETCH.format(code.format(seconds=seconds)) for code in (_SLEEP, SPIN))]
        notebook = open_notebook(cells)
        notebook.run_cell(0)
        notebook.run_cell(1)
        start_call(notebook)
        time.sleep(1)
        began_ms = time.time() * 1000
        time.sleep(seconds)
        idle = _sent_between(notebook, began_ms, time.time() * 1000)
        yield from _figures("idle kernel", idle, Aim("p95", 40))
        asleep = _sent_in_cell(notebook, 2, seconds)
        yield from _figures("a cell in time.sleep", asleep, Aim("p95", 120))
        computing = _sent_in_cell(notebook, 3, seconds)
        yield from _figures("a cell in a Python loop", computing, Aim("p95", 120))


def _sent_in_cell(notebook: Notebook, cell: int, seconds: float) -> list[_Frame]:
    notebook.run_cell(cell, timeout=seconds + 30)
    began_ms, ended_ms = notebook.kernel.eval("[began_ms, ended_ms]")
    return _sent_between(notebook, began_ms, ended_ms)


def _sent_between(notebook: Notebook, began_ms: float, ended_ms: float) -> list[_Frame]:
    time.sleep(_LATEST_S)
    ahead_ms = page_clock_ahead_ms(notebook)
    rows = notebook.kernel.eval("arrivals")
    frames = [_Frame(seq, sent_ms - ahead_ms, arrived_ms) for seq, sent_ms, arrived_ms in rows]
    return [frame for frame in frames if began_ms <= frame.sent_ms < ended_ms]


def _figures(when: str, frames: list[_Frame], aim: Aim) -> Iterator[Figure]:
    yield Figure(when, "ms", Distribution.of(frame.arrived_ms - frame.sent_ms for frame in frames), aim)
    numbers = sorted({frame.seq for frame in frames})
    missing = [later - earlier - 1 for earlier, later in itertools.pairwise(numbers)]
    note = f"{sum(missing)} in all"
    yield Figure(f"{when}: frames lost before a frame", "", Distribution.of(missing), Aim("max", 0), note)
