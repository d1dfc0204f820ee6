"""What a process holds, its garbage collected, and whether that grows from call to call."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from statistics import median

import psutil

__all__ = ["LOOKS", "Held", "look", "report"]

LOOKS = 10
"""The memory of one step is no measure: the interpreter's own tables grow by a megabyte at once, now and then."""


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds, its garbage collected."""

    threads: int
    sockets: int
    files: int
    tasks: int
    objects: int
    python_kb: float
    rss_mb: float

    def line(self) -> str:
        """Return it as one line of text."""
        return "  ".join(f"{field.name} {getattr(self, field.name):g}" for field in fields(self))


def look() -> Held:
    """Collect the garbage, and count what is left."""
    gc.collect()
    process = psutil.Process()
    descriptors = [_target(name) for name in os.listdir("/proc/self/fd")]
    return Held(
        threads=threading.active_count(),
        sockets=sum(target.startswith("socket:") for target in descriptors),
        files=len(descriptors),
        tasks=len(asyncio.all_tasks()),
        objects=len(gc.get_objects()),
        python_kb=tracemalloc.get_traced_memory()[0] / 1000,
        rss_mb=process.memory_info().rss / 1e6,
    )


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


def report(looks: Sequence[Held], calls: int) -> int:
    """Print what was held along the way of so many calls.

    Returns
    -------
    int
        0 when threads, sockets, files and tasks are as after the first calls, and a call left less than 1 kB.
    """
    for number, held in enumerate(looks):
        print(f"{number * calls // LOOKS:>6} calls  {held.line()}")
    steps = [later.python_kb - earlier.python_kb for earlier, later in pairwise(looks)]
    left_kb = median(steps) * LOOKS / calls
    first, last = looks[0], looks[-1]
    grown = [name for name in ("threads", "sockets", "files", "tasks") if getattr(last, name) > getattr(first, name)]
    print(f"a call leaves {left_kb:.3f} kB of Python's memory, in the median of {LOOKS} looks")
    if grown or left_kb > 1:
        print(f"grows: {', '.join(grown) or 'memory'}")
        return 1
    print("nothing grows")
    return 0
