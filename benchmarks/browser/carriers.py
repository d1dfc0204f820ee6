"""Row `carriers`: one call in a notebook and in the page that its kernel serves, in turn, in one run.

How old a frame is when the call's thread gets it, idle and while a cell computes in Python; and what each way costs the
kernel, jupyter_server and the browser, which shows both pages all the time.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import psutil
from playwright.sync_api import Page

from benchmarks.browser.frame import CALL, SPIN, STRETCH, WATCH, sent_between
from benchmarks.browser.harness import notebooks, start_call
from benchmarks.figures import Distribution, Figure
from benchmarks.speech import SENTENCE

__all__ = ["measure"]

_SETTLED_S = 2


def measure(quick: bool) -> Iterator[Figure]:
    """Measure both carriers, one after the other, three times."""
    seconds, rounds = (3, 1) if quick else (20, 3)
    idle: defaultdict[str, list[float]] = defaultdict(list)
    computing: defaultdict[str, list[float]] = defaultdict(list)
    cpu: defaultdict[str, list[tuple[float, ...]]] = defaultdict(list)
    with notebooks() as open_notebook:
        cells = [CALL, f"{WATCH}\npage = call.open_page()", STRETCH.format(SPIN.format(seconds=seconds))]
        notebook = open_notebook(cells, microphone=SENTENCE, microphone_loops=True)
        notebook.run_cell(0)
        notebook.run_cell(1)
        start_call(notebook)
        page = notebook.page.context.new_page()
        page.goto(notebook.kernel.eval("page.url"))
        kernel = psutil.Process(notebook.kernel.eval("__import__('os').getpid()"))
        groups = [[kernel], [psutil.Process(notebook.lab.process.pid)], _browsers()]
        for _ in range(rounds):
            for name, owner in (("page", page), ("comm", notebook.page)):
                _take_over(owner)
                began_ms, before = time.monotonic() * 1000, [_total_s(group) for group in groups]
                time.sleep(seconds)
                spent = (_total_s(group) - s for group, s in zip(groups, before, strict=True))
                cpu[name].append(tuple(each * 60 / seconds for each in spent))
                idle[name] += sent_between(notebook, began_ms, time.monotonic() * 1000, owner).ages_ms()
                notebook.run_cell(2, timeout=seconds + 30)
                stretch_began_ms, ended_ms = notebook.kernel.eval("[began_ms, ended_ms]")
                computing[name] += sent_between(notebook, stretch_began_ms, ended_ms, owner).ages_ms()
    for name in ("page", "comm"):
        yield Figure(f"{name}: frame, idle kernel", "ms", Distribution.of(idle[name]))
        yield Figure(f"{name}: frame, a cell in a Python loop", "ms", Distribution.of(computing[name]))
        note = "CPU seconds a minute: kernel, jupyter_server, browser: " + ", ".join(
            f"{sum(each) / len(each):.1f}" for each in zip(*cpu[name], strict=True)
        )
        yield Figure(f"{name}: CPU of all of them", "s", Distribution.of(sum(each) for each in cpu[name]), note=note)


def _take_over(page: Page) -> None:
    page.get_by_test_id("take-over").click()
    page.get_by_test_id("take-over").wait_for(state="hidden")
    time.sleep(_SETTLED_S)


def _browsers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "chrom" in child.name()]


def _total_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return float(sum(spent.user + spent.system for spent in times))
