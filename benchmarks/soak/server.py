"""`python -m benchmarks.soak.server`: many calls of one server, some ended in the middle; what is left of them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.soak.held import LOOKS, Held, look, report
from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm

_WARM_UP = 100
_AT_ONCE = 10
"""So many calls are up at any time."""

_IDLE_THREADS_S = 6.0
"""Threads of plain functions wait for so long for the next one."""

_FRAME = bytes(3200)


def _agent(conversation: list[dict[str, Any]]) -> Iterator[str]:
    yield "This is the first sentence. "
    yield "And this is the second one."


def _voice(sentence: str) -> Pcm:
    return np.full(4800, 1000, dtype=np.int16)


PARTS: dict[str, Any] = {"stt": lambda utterance: f"{len(utterance)} samples", "agent": _agent, "tts": _voice}
"""Plain functions, each called in a thread."""


async def _answered(connection: ClientConnection) -> None:
    """Wait until the answer is settled."""
    while '"assistant"' not in str(await connection.recv()):
        pass


async def _hold_call(url: str, number: int) -> None:
    """Hold a call of two turns; every third is interrupted, paused or cut in the middle of an answer."""
    with contextlib.suppress(ConnectionClosed):
        async with connect(url, compression=None, proxy=None, ping_interval=None) as connection:
            while await connection.recv() != "SkipAnswer":
                pass
            for turn in range(2):
                for frame in ("StartSpeaking", _FRAME, _FRAME, "StopSpeaking"):
                    await connection.send(frame)
                if turn == 0 and number % 3 == 0:
                    await connection.recv()
                    match number % 9:
                        case 0:
                            connection.transport.abort()
                            return
                        case 3:
                            await connection.send("Mute")
                            return
                        case _:
                            continue  # interrupts
                await _answered(connection)


async def hold_calls(count: int) -> list[Held]:
    """Hold as many calls, some at once; return what the process held along the way, while no call was up."""
    looks: list[Held] = []
    async with MicdropServer(**PARTS, greeting=None, max_ahead_s=None) as server:
        for begin, end in _steps(count):
            numbers = iter(range(begin, end))

            async def hold_some(numbers: Iterator[int] = numbers) -> None:
                for number in numbers:
                    await _hold_call(server.url, number)

            await asyncio.gather(*(hold_some() for _ in range(_AT_ONCE)))
            await asyncio.sleep(_IDLE_THREADS_S)
            assert len(server.calls) == 0, server.calls
            looks.append(look())
    return looks


def _steps(count: int) -> Iterator[tuple[int, int]]:
    yield 0, _WARM_UP
    for step in range(LOOKS):
        yield _WARM_UP + step * count // LOOKS, _WARM_UP + (step + 1) * count // LOOKS


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold the calls; the result is as of `report`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak.server", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="how many, at least 10 (default: 10000)")
    options = parser.parse_args(arguments)
    tracemalloc.start()
    return report(asyncio.run(hold_calls(options.calls)), options.calls)


if __name__ == "__main__":
    sys.exit(main())
