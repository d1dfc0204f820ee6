"""Row `import`: what a cell waits for when it imports the package."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.figures import Aim, Distribution, Figure, ratios
from benchmarks.interleaving import interleave

__all__ = ["measure"]

_REFERENCE = "import anywidget, numpy"
_PACKAGE = "import micdrop_widget"
_WIDGET = "from micdrop_widget import MicdropWidget"

_TIMED = """
import time
began = time.perf_counter()
{}
print(time.perf_counter() - began)
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure each import in fresh processes, in turn; the start of the interpreter is not counted."""
    contestants = {statement: _in_fresh_process(statement) for statement in (_REFERENCE, _PACKAGE, _WIDGET)}
    seconds = interleave(contestants, 2 if quick else 25, warm_up=1)
    for statement, measured in seconds.items():
        yield Figure(statement, "ms", Distribution.of(1000 * second for second in measured))
    yield Figure(f"{_PACKAGE} / reference", "x", ratios(seconds[_PACKAGE], seconds[_REFERENCE]), Aim("p50", 1.3))
    yield Figure("that of MicdropWidget / reference", "x", ratios(seconds[_WIDGET], seconds[_REFERENCE]))


def _in_fresh_process(statement: str) -> Callable[[], float]:
    # Isolated: nothing is searched for in the current directory.
    command = [sys.executable, "-I", "-c", _TIMED.format(statement)]

    def run() -> float:
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return run
