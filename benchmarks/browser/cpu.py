"""Row `cpu`: what a minute of a call costs in page and kernel."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

import psutil

from benchmarks.browser.harness import CALL, notebooks, start_call
from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import SENTENCE

__all__ = ["measure"]

_SETTLED_S = 5


def measure(quick: bool) -> Iterator[Figure]:
    """Measure whole minutes in which the user speaks a sentence every eight seconds, and is echoed."""
    seconds, count = (10, 1) if quick else (60, 3)
    with notebooks() as open_notebook:
        notebook = open_notebook([CALL], microphone=SENTENCE, microphone_loops=True, untapped=True)
        notebook.run_cell(0)
        kernel = [psutil.Process(notebook.kernel.eval("__import__('os').getpid()"))]
        server = [psutil.Process(notebook.lab.process.pid)]
        browser = _browser()
        time.sleep(_SETTLED_S)
        without = sum(_spent_s(seconds, browser, kernel)) * 60 / seconds
        start_call(notebook)
        time.sleep(_SETTLED_S)
        minutes = [_spent_s(seconds, browser, kernel, server) for _ in range(count)]
        notebook.kernel.until("call.isStarted and len(call.turns) > 0")
    spent = [[value * 60 / seconds for value in minute] for minute in minutes]
    note = "CPU seconds a minute; the embedded server, in the kernel, included"
    yield Figure(
        "page and kernel", "s", Distribution.of(page + kernel for page, kernel, _ in spent), Aim("p50", 10), note
    )
    yield Figure("page (all processes of the browser)", "s", Distribution.of(minute[0] for minute in spent))
    yield Figure("kernel", "s", Distribution.of(minute[1] for minute in spent))
    yield Figure("beside it, jupyter_server", "s", Distribution.of(minute[2] for minute in spent))
    yield Figure("page and kernel without a call", "s", Distribution.of([without]), note="the same notebook, idle")


def _browser() -> list[psutil.Process]:
    """Return the processes of the one browser that this process has started."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    return [child for child in children if "chrom" in child.name()]


def _spent_s(seconds: float, *groups: Sequence[psutil.Process]) -> list[float]:
    """Return the CPU seconds that each group of processes takes in this time."""
    before = [_total_s(group) for group in groups]
    time.sleep(seconds)
    return [_total_s(group) - earlier for group, earlier in zip(groups, before, strict=True)]


def _total_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return float(sum(spent.user + spent.system for spent in times))
