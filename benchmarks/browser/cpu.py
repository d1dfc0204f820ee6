"""Row `cpu`: what a minute of a call costs in page and kernel."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil

from benchmarks.browser.bare import BARE_WIDGET, MICROPHONE_ALONE
from benchmarks.browser.undriven import undriven_notebook, undriven_page
from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import write_in_quiet_room
from micdrop_widget import MicdropServer

__all__ = ["measure"]

_SETTLED_S = 5

_PRESS_START = "document.querySelector('[data-testid=start]').click()"

_CALL = """
from micdrop_widget import MicdropWidget

call = MicdropWidget({url!r}, vad={vad!r})
call
"""

_COUNTED = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from benchmarks.history import Costs

costs = Costs()
counting = costs.counted()
counting.__enter__()
"""
"""Before the cell of a call: counts what its history takes."""

_HISTORY_S = "costs.on_loop_s"

_SCRIPT = """
import sys
from micdrop_widget import MicdropPage

with MicdropPage(sys.argv[1], vad=sys.argv[2], open_browser=False) as call:
    print(call.page.url, flush=True)
    call.until(lambda state: state.isStarted and len(call.turns) > 0, timeout=60).result()
    print("works", flush=True)
    call.wait()
"""


@dataclass(frozen=True, slots=True)
class _Minute:
    """CPU seconds a minute."""

    page: float
    kernel: float
    server: float
    history: float = 0.0
    """Of the kernel's, what recording, turns and events take."""

    @property
    def both(self) -> float:
        return self.page + self.kernel


def measure(quick: bool) -> Iterator[Figure]:
    """Measure whole minutes in which the user speaks a sentence every seven seconds, and is echoed.

    Beside it the least that it could cost: an open microphone without anything else, and one whose widget sends a
    message for each frame, which nobody reads.
    """
    seconds, count, fewer = (10, 1, 1) if quick else (60, 3, 2)
    is_heard = "call.isStarted and len(call.turns) > 0"
    with MicdropServer() as server, tempfile.TemporaryDirectory(prefix="micdrop-bench-") as home:
        microphone = write_in_quiet_room(Path(home, "microphone.wav"))
        cells = {vad: _CALL.format(url=server.url, vad=vad) for vad in ("silero", "volume")}
        measured, measured_page = partial(_measured, microphone), partial(_measured_page, microphone)
        idle, *minutes = measured(cells["silero"], is_heard, seconds, count, is_idle_first=True)
        counted = measured(_COUNTED + cells["silero"], is_heard, seconds, fewer, history_s=_HISTORY_S)
        served = {vad: measured_page(server.url, vad, seconds, fewer) for vad in cells}
        by_volume = measured(cells["volume"], is_heard, seconds, fewer)
        (alone,) = measured(MICROPHONE_ALONE, "len(received) == 1", seconds, 1)
        (bare,) = measured(BARE_WIDGET, "len(received) > 30", seconds, 1)
    shares = Distribution.of(100 * minute.history / minute.both for minute in counted)
    note = "CPU seconds a minute; the voice server is elsewhere"
    yield Figure("page and kernel", "s", Distribution.of(minute.both for minute in minutes), Aim("p50", 10), note)
    yield Figure("page (all processes of the browser)", "s", Distribution.of(minute.page for minute in minutes))
    yield Figure("kernel", "s", Distribution.of(minute.kernel for minute in minutes))
    yield Figure("beside it, jupyter_server", "s", Distribution.of(minute.server for minute in minutes))
    note = "a call that is recorded in memory, its functions timed one by one"
    yield Figure("of page and kernel, recording, turns and events", "%", shares, Aim("p50", 3), note)
    both = Distribution.of(minute.both for minute in by_volume)
    yield Figure("page and kernel, by volume", "s", both, note="vad='volume'")
    note = "a MicdropPage and its process, without Jupyter: page {:.1f}, process {:.1f}"
    for vad, of_page in served.items():
        page, process = (sum(each) / len(of_page) for each in zip(*((m.page, m.kernel) for m in of_page), strict=True))
        both = Distribution.of(minute.both for minute in of_page)
        yield Figure(f"served page and process, by {vad}", "s", both, note=note.format(page, process))
    yield Figure("page and kernel without a call", "s", Distribution.of([idle.both]), note="the same notebook, idle")
    note = "the browser captures it, cancels its echo and renders silence"
    yield Figure("page and kernel with an open microphone", "s", Distribution.of([alone.both]), note=note)
    note = f"a microphone, 31 messages a second that nobody reads: page {bare.page:.1f}, kernel {bare.kernel:.1f}"
    yield Figure("page and kernel of a bare widget", "s", Distribution.of([bare.both]), note=note)


def _measured(
    microphone: Path,
    cell: str,
    works: str,
    seconds: float,
    count: int,
    *,
    is_idle_first: bool = False,
    history_s: str = "0.0",
) -> list[_Minute]:
    """Return the minutes after Start is pressed under a cell.

    Parameters
    ----------
    is_idle_first
        The first one is a minute before that.
    history_s
        What the kernel is asked for before and after each minute: the CPU seconds of the call's history so far.
    """
    with undriven_notebook(cell, microphone=microphone) as undriven:
        notebook = undriven.notebook
        notebook.run_cell(0)
        kernel = [psutil.Process(notebook.kernel.eval("__import__('os').getpid()"))]
        server = [psutil.Process(notebook.lab.process.pid)]
        undriven.let_go()
        time.sleep(_SETTLED_S)
        minutes = []
        if is_idle_first:
            minutes.append(_spent(seconds, undriven.browser_processes(), kernel, server))
        with undriven.debugger() as page:
            page.evaluate(_PRESS_START)
        notebook.kernel.until(works, timeout=30)
        time.sleep(_SETTLED_S)
        browser = undriven.browser_processes()  # with the service that has the microphone and processes its sound
        for _ in range(count):
            before_s = notebook.kernel.eval(history_s)
            minute = _spent(seconds, browser, kernel, server)
            spent_s = notebook.kernel.eval(history_s) - before_s
            minutes.append(replace(minute, history=spent_s * 60 / seconds))
        notebook.kernel.until(works)
        return minutes


def _measured_page(microphone: Path, url: str, vad: str, seconds: float, count: int) -> list[_Minute]:
    """Return minutes of a call in a page that a script serves."""
    command = [sys.executable, "-c", _SCRIPT, url, vad]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            with undriven_page(process.stdout.readline().strip(), microphone=microphone) as undriven:
                undriven.let_go()
                with undriven.debugger() as page:
                    page.evaluate(_PRESS_START)
                if process.stdout.readline() != "works\n":
                    raise RuntimeError("the call of the served page did not come about")
                time.sleep(_SETTLED_S)
                browser, script = undriven.browser_processes(), [psutil.Process(process.pid)]
                return [_spent(seconds, browser, script, []) for _ in range(count)]
        finally:
            process.terminate()


def _spent(seconds: float, *groups: Sequence[psutil.Process]) -> _Minute:
    """Return what each group of processes takes a minute, measured for this time."""
    before = [_total_s(group) for group in groups]
    time.sleep(seconds)
    return _Minute(*((_total_s(group) - s) * 60 / seconds for group, s in zip(groups, before, strict=True)))


def _total_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return float(sum(spent.user + spent.system for spent in times))
