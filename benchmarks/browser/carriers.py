"""Row `carriers`: one call in a notebook and in the page that its kernel serves, in turn, in one run.

How old a frame is when the call's thread gets it, idle and while a cell computes in Python; what each way costs the
kernel, jupyter_server and the browser, which shows both pages all the time, by either detector; how soon an answer is
heard, and how soon it is silent when the user speaks.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from playwright.sync_api import Page

from benchmarks.browser.barge_in import SERVER, pauses, write_loop
from benchmarks.browser.frame import CALL, SPIN, STRETCH, WATCH, sent_between
from benchmarks.browser.harness import notebooks, start_call
from benchmarks.figures import Distribution, Figure
from benchmarks.speech import SENTENCE
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.page_clock import page_clock_offset
from tests.harness.taps import RENDERED_WITHIN_MS, TAPS_JS, read_taps

__all__ = ["measure"]

_DETECTORS = ("silero", "volume")

_OPEN_PAGE = "page = call.open_page()"

_SETTLED_S = 2

_LATEST_MS = 1000
"""Between an event and what is heard of it; what is further apart does not belong together."""

_NOTED_WITHIN_MS = 32
"""How much later than it was, on a busy machine, an event is noted: a thread further on."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure frames and CPU by each detector, then answers and interruptions; both carriers in turn, twice each."""
    rounds = 1 if quick else 2
    idle_s, computing_s = (3, 3) if quick else (15, 10)
    for vad in _DETECTORS:
        with notebooks() as open_notebook:
            yield from _frames_and_cpu(open_notebook, vad, rounds, idle_s, computing_s)
    with notebooks() as open_notebook:
        yield from _sound(open_notebook, rounds, seconds=14 if quick else 25)


def _frames_and_cpu(
    open_notebook: NotebookOpener, vad: str, rounds: int, idle_s: float, computing_s: float
) -> Iterator[Figure]:
    """Measure an idle kernel by this detector; by the first one a kernel that computes as well."""
    idle: defaultdict[str, list[float]] = defaultdict(list)
    computing: defaultdict[str, list[float]] = defaultdict(list)
    cpu: defaultdict[str, list[tuple[float, ...]]] = defaultdict(list)
    call = CALL.replace("MicdropWidget(server.url)", f"MicdropWidget(server.url, vad={vad!r})")
    cells = [call, f"{WATCH}\n{_OPEN_PAGE}", STRETCH.format(SPIN.format(seconds=computing_s))]
    notebook = open_notebook(cells, microphone=SENTENCE, microphone_loops=True, is_tapped=False)
    page = _start(notebook)
    page.goto(notebook.kernel.eval("page.url"))
    kernel = psutil.Process(notebook.kernel.eval("__import__('os').getpid()"))
    groups = [[kernel], [psutil.Process(notebook.lab.process.pid)], _browsers()]
    for name, owner in _in_turn(notebook, page, rounds):
        began_ms, before = time.monotonic() * 1000, [_total_s(group) for group in groups]
        time.sleep(idle_s)
        spent = (_total_s(group) - s for group, s in zip(groups, before, strict=True))
        cpu[name].append(tuple(each * 60 / idle_s for each in spent))
        idle[name] += sent_between(notebook, began_ms, time.monotonic() * 1000, owner).ages_ms()
        if vad == _DETECTORS[0]:
            notebook.run_cell(2, timeout=computing_s + 30)
            stretch_began_ms, ended_ms = notebook.kernel.eval("[began_ms, ended_ms]")
            computing[name] += sent_between(notebook, stretch_began_ms, ended_ms, owner).ages_ms()
    for name in cpu:
        yield Figure(f"{name}, {vad}: frame, idle kernel", "ms", Distribution.of(idle[name]))
        if computing[name]:
            what = f"{name}, {vad}: frame, a cell in a Python loop"
            yield Figure(what, "ms", Distribution.of(computing[name]))
        note = "CPU seconds a minute: kernel, jupyter_server, browser: " + ", ".join(
            f"{sum(each) / len(each):.1f}" for each in zip(*cpu[name], strict=True)
        )
        spent_s = Distribution.of(sum(each) for each in cpu[name])
        yield Figure(f"{name}, {vad}: CPU of all of them", "s", spent_s, note=note)


def _sound(open_notebook: NotebookOpener, rounds: int, seconds: float) -> Iterator[Figure]:
    """Let the user speak into the answer to what was said before, again and again, in each page."""
    heard: defaultdict[str, list[float]] = defaultdict(list)
    silent: defaultdict[str, list[float]] = defaultdict(list)
    uncertainty_ms = 0.0
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-") as folder:
        microphone, _ = write_loop(Path(folder) / "loop.wav")
        cells = [SERVER, _OPEN_PAGE]
        notebook = open_notebook(cells, microphone=microphone, microphone_loops=True, bypass_csp=True)
        page = _start(notebook)
        page.add_init_script(path=TAPS_JS)
        page.goto(notebook.kernel.eval("page.url"))
        for name, owner in _in_turn(notebook, page, rounds):
            owner.evaluate("() => window.__taps.forget()")
            time.sleep(seconds)  # nobody is asked meanwhile: questions would be load
            after_ms, before_ms, uncertain_ms = _delays_ms(owner, notebook)
            heard[name] += after_ms
            silent[name] += before_ms
            uncertainty_ms = max(uncertainty_ms, uncertain_ms)
    figure = functools.partial(
        Figure,
        unit="ms",
        note="the browser's output latency included",
        uncertainty=uncertainty_ms + RENDERED_WITHIN_MS,
    )
    for name in heard:
        answer, silence = Distribution.of(heard[name]), Distribution.of(silent[name])
        yield figure(f"{name}: first byte of an answer -> heard", values=answer)
        yield figure(f"{name}: speech confirmed -> silence", values=silence, least=-_NOTED_WITHIN_MS)


def _delays_ms(owner: Page, notebook: Notebook) -> tuple[list[float], list[float], float]:
    """Return from each answer sent to its sound, from each confirmed speech to silence, and how sure the times are."""
    taps = [tap for tap in read_taps(owner) if tap.kind == "playback" and tap.samples.any()]
    offset = page_clock_offset(owner)
    sent_ms: list[float] = notebook.kernel.eval("sent_ms")
    confirmed_ms: list[float] = sorted(notebook.kernel.eval("confirmed_ms"))
    heard, silent = [], []
    for tap in taps:
        for end, start in pauses(tap):
            rendered_ms = [offset.monotonic_ms(tap.rendered_ms(sample)) for sample in (end, start)]
            confirmed = next(at_ms for at_ms in confirmed_ms if abs(rendered_ms[0] - at_ms) < _LATEST_MS)
            sent = max(at_ms for at_ms in sent_ms if at_ms < rendered_ms[1])
            silent.append(rendered_ms[0] + tap.output_ms - confirmed)
            heard.append(rendered_ms[1] + tap.output_ms - sent)
    return heard, silent, offset.uncertainty_ms


def _start(notebook: Notebook) -> Page:
    """Start the call of a notebook, and open an empty page beside it."""
    notebook.run_cell(0)
    notebook.run_cell(1)
    start_call(notebook)
    return notebook.page.context.new_page()


def _in_turn(notebook: Notebook, page: Page, rounds: int) -> Iterator[tuple[str, Page]]:
    """Let the served page, then the notebook, take the call over, again and again."""
    for _ in range(rounds):
        for name, owner in (("page", page), ("comm", notebook.page)):
            owner.get_by_test_id("take-over").click()
            owner.get_by_test_id("take-over").wait_for(state="hidden")
            time.sleep(_SETTLED_S)
            yield name, owner


def _browsers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "chrom" in child.name()]


def _total_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return float(sum(spent.user + spent.system for spent in times))
