"""Row `start-ready`: how long the user waits after a click on Start."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.browser.harness import CALL, notebooks, page_clock_ahead_ms
from benchmarks.figures import Aim, Distribution, Figure
from tests.e2e.notebook import Notebook

__all__ = ["measure"]

_AIM = Aim("p95", 400)

_STAGES = {"isStarting": "the kernel knows", "isMicStarted": "microphone and Silero", "isStarted": "ready"}

_WATCH = """
import time

came_true = {}
call.observe(
    lambda change: came_true.update({change.name: time.time() * 1000}) if change.new else None,
    ["isStarting", "isMicStarted", "isStarted"],
)
"""

_NOTE_CLICKS = """
() => document.addEventListener("click", () => {
  window.__clickedMs = performance.timeOrigin + performance.now();
}, { capture: true })
"""

_SETTLED_S = 2
"""How long a start is left alone before anybody asks for it."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure the first start of a few fresh kernels and browsers, then starts of the last one."""
    cold = []
    with notebooks() as open_notebook:
        for number in range(1 if quick else 8):
            if number:
                open_notebook.close()
            notebook = open_notebook([CALL, _WATCH])
            notebook.run_all()
            notebook.page.evaluate(_NOTE_CLICKS)
            cold.append(_start_ms(notebook))
        warm = []
        for _ in range(2 if quick else 25):
            _stop(notebook)
            warm.append(_start_ms(notebook))
    for stage, words in _STAGES.items():
        aim = _AIM if stage == "isStarted" else None
        yield Figure(f"cold: {words}", "ms", Distribution.of(start[stage] for start in cold), aim, stage)
    for stage, words in _STAGES.items():
        aim = _AIM if stage == "isStarted" else None
        yield Figure(f"warm: {words}", "ms", Distribution.of(start[stage] for start in warm), aim, stage)


def _start_ms(notebook: Notebook) -> dict[str, float]:
    """Press Start; return how long after the click each stage came."""
    notebook.cell(0).get_by_test_id("start").click()
    time.sleep(_SETTLED_S)
    notebook.kernel.until("call.isStarted")
    clicked_ms = notebook.page.evaluate("window.__clickedMs") - page_clock_ahead_ms(notebook)
    return {stage: came_ms - clicked_ms for stage, came_ms in notebook.kernel.eval("came_true").items()}


def _stop(notebook: Notebook) -> None:
    notebook.cell(0).get_by_test_id("start").click()
    notebook.kernel.until("not call.isStarted and not call.isMicStarted")
