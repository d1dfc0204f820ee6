"""`python -m benchmarks.soak.calls`: start and end many calls in one process, and tell what is left of them."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import threading
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from statistics import median

import numpy as np
import psutil

from micdrop_widget import ArraySource, MicdropClient, MicdropServer
from micdrop_widget.audio import Pcm

_WARM_UP = 50
"""Calls before the first look: models, executors and caches are made once."""

_LOOKS = 10
"""The memory of one step is no measure: the interpreter's own tables grow by a megabyte at once, now and then."""

_TURN_SAMPLES = 24_000


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


def _question() -> Pcm:
    """Return half a second of sound between silences: one turn."""
    pcm = np.zeros(_TURN_SAMPLES + 16_000, dtype=np.int16)
    pcm[4000:12_000] = 8000 * np.sin(np.arange(8000) * 2 * np.pi * 440 / 16_000)
    return pcm


async def hold_calls(count: int) -> list[Held]:
    """Hold as many calls, one after the other, each with one turn; return what was held along the way."""
    question = _question()
    looks: list[Held] = []
    async with MicdropServer() as server:
        for number in range(count + _WARM_UP):
            if number >= _WARM_UP and (number - _WARM_UP) % (count // _LOOKS) == 0:
                looks.append(look())
            source = ArraySource(question, pace="fast")
            async with MicdropClient(server.url, source=source, vad="volume", record=number % 2 == 0) as call:
                heard = call.wait_for("Message", role="user", timeout=30)
                await call.start()
                await heard
                await call.stop()
        await asyncio.sleep(0.1)  # closing handshakes
        return [*looks, look()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold the calls.

    Returns
    -------
    int
        0 when threads, sockets, files and tasks are as after the first calls, and a call left less than 1 kB.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak.calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="how many, at least 10 (default: 1000)")
    options = parser.parse_args(arguments)
    tracemalloc.start()
    looks = asyncio.run(hold_calls(options.calls))
    for number, held in enumerate(looks):
        print(f"{number * options.calls // _LOOKS:>6} calls  {held.line()}")
    steps = [later.python_kb - earlier.python_kb for earlier, later in pairwise(looks)]
    left_kb = median(steps) * _LOOKS / options.calls
    first, last = looks[0], looks[-1]
    grown = [name for name in ("threads", "sockets", "files", "tasks") if getattr(last, name) > getattr(first, name)]
    print(f"a call leaves {left_kb:.3f} kB of Python's memory, in the median of {_LOOKS} looks")
    if grown or left_kb > 1:
        print(f"grows: {', '.join(grown) or 'memory'}")
        return 1
    print("nothing grows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
