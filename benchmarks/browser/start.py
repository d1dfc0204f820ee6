"""Row `start-ready`: how long the user waits after a click on Start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.browser.harness import CALL, notebooks
from benchmarks.figures import Aim, Distribution, Figure
from tests.e2e.notebook import Notebook
from tests.harness.page_clock import page_clock_offset

__all__ = ["measure"]

_AIM = Aim("p95", 400)

_STAGES = {"isStarting": "the kernel knows", "isMicStarted": "microphone and Silero", "isStarted": "ready"}

_WATCH = """
import time

came_true = {}
call.observe(
    lambda change: came_true.update({change.name: time.monotonic() * 1000}) if change.new else None,
    ["isStarting", "isMicStarted", "isStarted"],
)
"""

_NOTE_CLICKS = """
() => document.addEventListener("click", () => {
  window.__clickedMs = performance.now();
}, { capture: true })
"""

_SETTLED_S = 2
"""How long a start is left alone before anybody asks for it."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure the first start of a few fresh kernels and browsers, then starts of the last one."""
    cold: list[_Start] = []
    warm: list[_Start] = []
    for number in range(count := 1 if quick else 8):
        with notebooks() as open_notebook:
            notebook = open_notebook([CALL, _WATCH])
            notebook.run_all()
            notebook.page.evaluate(_NOTE_CLICKS)
            cold.append(_start(notebook))
            if number < count - 1:
                continue
            for _ in range(2 if quick else 25):
                _stop(notebook)
                warm.append(_start(notebook))
    for kind, starts in (("cold", cold), ("warm", warm)):
        uncertainty_ms = max(start.uncertainty_ms for start in starts)
        for stage, words in _STAGES.items():
            aim = _AIM if stage == "isStarted" else None
            values = Distribution.of(start.stages_ms[stage] for start in starts)
            yield Figure(f"{kind}: {words}", "ms", values, aim, stage, uncertainty_ms)


@dataclass(frozen=True, slots=True)
class _Start:
    """How long after the click each stage came."""

    stages_ms: dict[str, float]
    uncertainty_ms: float


def _start(notebook: Notebook) -> _Start:
    """Press Start, and look at it when it is over."""
    notebook.cell(0).get_by_test_id("start").click()
    time.sleep(_SETTLED_S)
    notebook.kernel.until("call.isStarted")
    offset = page_clock_offset(notebook.page)
    clicked_ms = offset.monotonic_ms(notebook.page.evaluate("window.__clickedMs"))
    came_true: dict[str, float] = notebook.kernel.eval("came_true")
    return _Start({stage: came_ms - clicked_ms for stage, came_ms in came_true.items()}, offset.uncertainty_ms)


def _stop(notebook: Notebook) -> None:
    notebook.cell(0).get_by_test_id("start").click()
    notebook.kernel.until("not call.isStarted and not call.isMicStarted")
