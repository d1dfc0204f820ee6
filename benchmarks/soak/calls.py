"""`python -m benchmarks.soak.calls`: start and end many calls in one process, and tell what is left of them."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tracemalloc
from collections.abc import Sequence

import numpy as np

from benchmarks.soak.held import LOOKS, Held, look, report
from micdrop_widget import ArraySource, MicdropClient, MicdropServer
from micdrop_widget.audio import Pcm

_WARM_UP = 50
"""Calls before the first look: models, executors and caches are made once."""

_TURN_SAMPLES = 24_000


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
            if number >= _WARM_UP and (number - _WARM_UP) % (count // LOOKS) == 0:
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
    return report(looks, options.calls)


if __name__ == "__main__":
    sys.exit(main())
