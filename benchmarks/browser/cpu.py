"""Row `cpu`: what a minute of a call costs in page and kernel."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

import psutil

from benchmarks.browser.harness import CALL, notebooks, start_call
from benchmarks.browser.undebugged import undebugged_call
from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import SENTENCE

__all__ = ["measure"]

_SETTLED_S = 5
_AIM = Aim("p50", 10)


def measure(quick: bool) -> Iterator[Figure]:
    """Measure whole minutes in which the user speaks a sentence every eight seconds, and is echoed.

    First in a browser as a user has it, then in one with a debugger attached.
    """
    seconds, count = (10, 1) if quick else (60, 3)
    with undebugged_call() as call:
        processes = call.page_processes, call.kernel_processes, call.server_processes
        time.sleep(_SETTLED_S)
        minutes = [_spent_s(seconds, *processes) for _ in range(count)]
        call.kernel.until("call.isStarted and len(call.turns) > 0")
    yield from _figures(minutes, "", "CPU seconds a minute; the embedded server, in the kernel, included")
    with notebooks() as open_notebook:
        notebook = open_notebook([CALL], microphone=SENTENCE, microphone_loops=True, untapped=True)
        notebook.run_cell(0)
        kernel = [psutil.Process(notebook.kernel.eval("__import__('os').getpid()"))]
        server = [psutil.Process(notebook.lab.process.pid)]
        browser = _browser()
        time.sleep(_SETTLED_S)
        without = sum(_spent_s(seconds, browser, kernel))
        start_call(notebook)
        time.sleep(_SETTLED_S)
        minutes = [_spent_s(seconds, browser, kernel, server) for _ in range(count)]
        notebook.kernel.until("call.isStarted and len(call.turns) > 0")
    yield from _figures(minutes, "with a debugger attached: ", "Playwright is told of every message")
    yield Figure("page and kernel without a call", "s", Distribution.of([without]), note="the same notebook, idle")


def _figures(minutes: Sequence[Sequence[float]], how: str, note: str) -> Iterator[Figure]:
    page, kernel, server = zip(*minutes, strict=True)
    both = Distribution.of(map(sum, zip(page, kernel, strict=True)))
    yield Figure(f"{how}page and kernel", "s", both, _AIM, note)
    yield Figure(f"{how}page (all processes of the browser)", "s", Distribution.of(page))
    yield Figure(f"{how}kernel", "s", Distribution.of(kernel))
    yield Figure(f"{how}beside it, jupyter_server", "s", Distribution.of(server))


def _browser() -> list[psutil.Process]:
    """Return the processes of the one browser that this process has started."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    return [child for child in children if "chrom" in child.name()]


def _spent_s(seconds: float, *groups: Sequence[psutil.Process]) -> list[float]:
    """Return the CPU seconds a minute that each group of processes takes, measured for this time."""
    before = [_total_s(group) for group in groups]
    time.sleep(seconds)
    return [(_total_s(group) - earlier) * 60 / seconds for group, earlier in zip(groups, before, strict=True)]


def _total_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return float(sum(spent.user + spent.system for spent in times))
