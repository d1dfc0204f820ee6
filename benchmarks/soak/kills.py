"""`python -m benchmarks.soak.kills`: kill processes that keep a call, at random moments, and load what they leave.

A process that knows the package forks one child after the other; each holds a call with a server of its own, faster
than time, and writes it every few milliseconds instead of every second, so that hardly a moment is without a
write. What is left is loaded, and held against what the call is known to say.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micdrop_widget import MicdropClient, MicdropServer, SavedCall, TextMessage, VolumeVAD, load_call
from micdrop_widget.audio import Pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource
from micdrop_widget.history import folder_writer, writer
from micdrop_widget.server import ServerCall

__all__ = ["main"]

_TURNS = 500
_LONGEST_S = 0.8
_WRITE_EVERY_MS = 3


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a killed process has left."""

    lived_s: float
    settled: int
    """Turns that the process had told of as settled before it died."""
    turns: int | None
    """Turns that were loaded; None when the call had not begun to be kept."""
    recorded_s: float
    fault: str | None
    """What is wrong with it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill processes, and tell what they left.

    Returns
    -------
    int
        0 when each of them left a folder that loads and is right, or none as it had not begun.
    """
    parser = argparse.ArgumentParser(prog="scripts/soak kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    options = parser.parse_args(arguments)
    outcomes = [_kill_one(random.Random(f"{options.seed}:{number}")) for number in range(options.kills)]
    for outcome in outcomes:
        print(outcome, flush=True)
    begun = [outcome for outcome in outcomes if outcome.turns is not None]
    turns = sum(outcome.turns or 0 for outcome in begun)
    lost = max((outcome.settled - (outcome.turns or 0) for outcome in begun), default=0)
    faults = [outcome for outcome in outcomes if outcome.fault is not None]
    print(
        f"{len(outcomes)} killed, {len(begun)} had begun, {turns} turns loaded, settled and lost at most {lost}, "
        f"{len(faults)} wrong"
    )
    return int(bool(faults))


def _kill_one(chance: random.Random) -> _Outcome:
    """Let a child hold a call, kill it, and look at what it left."""
    with tempfile.TemporaryDirectory() as temporary:
        calls = Path(temporary) / "calls"
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            try:
                asyncio.run(_hold_call(calls, tell))
            finally:
                os._exit(1)  # it is to be killed: nothing of the parent's may run in it
        os.close(tell)
        lived_s = chance.uniform(0, _LONGEST_S)
        time.sleep(lived_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(told, "rb") as progress:
            settled = len(progress.read())
        return _look(calls, lived_s, settled)


async def _hold_call(calls: Path, tell: int) -> None:
    folder_writer._WRITE_EVERY_S = _WRITE_EVERY_MS / 1000
    writer._WRITE_EVERY_MS = _WRITE_EVERY_MS
    count = 0

    async def answer(call: ServerCall, utterance: Pcm) -> None:
        nonlocal count
        count += 1
        await call.send_message("user", f"question {count}")
        await call.send_audio(_tone(0.1))
        await call.send_message("assistant", f"answer {count}")

    spoken = np.tile(np.concatenate((_tone(0.4), np.zeros(16_000, dtype=np.int16))), _TURNS)
    async with MicdropServer(answer, greeting=None) as server:
        call = MicdropClient(
            server.url,
            source=ArraySource(spoken, pace="fast"),
            sink=VirtualSpeaker(pace="fast"),
            vad=VolumeVAD(),
            save_to=calls,
        )
        call.on("Turn", lambda turn: os.write(tell, b"."))
        async with call:
            await call.start()
            await call.until(isStarted=False)


def _tone(seconds: float) -> Pcm:
    tone: Pcm = (np.sin(np.arange(round(seconds * 16_000)) / 5) * 8000).astype(np.int16)
    return tone


def _look(calls: Path, lived_s: float, settled: int) -> _Outcome:
    folders = [path for path in calls.glob("*") if not path.name.startswith(".")] if calls.exists() else []
    if not folders:
        return _Outcome(lived_s, settled, None, 0.0, "settled turns, and no folder" if settled else None)
    try:
        saved = load_call(folders[0])
        recorded_s = 0.0 if saved.recording is None else saved.recording.duration_s
        return _Outcome(lived_s, settled, len(saved.turns), recorded_s, _fault(saved))
    except (ValueError, OSError) as error:
        return _Outcome(lived_s, settled, 0, 0.0, f"{type(error).__name__}: {error}")


def _fault(saved: SavedCall) -> str | None:
    """Return what is not as the call was."""
    pairs = (
        (TextMessage("user", f"question {number}"), TextMessage("assistant", f"answer {number}"))
        for number in range(1, _TURNS + 1)
    )
    said = tuple(item for pair in pairs for item in pair)
    if saved.is_complete:
        return "it says that it is complete"
    if saved.conversation != said[: len(saved.conversation)]:
        return "the conversation is another"
    times = [event.time_ms for event in saved.events]
    if times != sorted(times) or (times and saved.events[0].name != "Start"):
        return "the events are out of order"
    for number, turn in enumerate(saved.turns):
        if turn.user_text not in (None, f"question {number + 1}"):
            return f"turn {number} has the text {turn.user_text!r}"
        if number < len(saved.turns) - 1 and turn.stopped_ms is None:
            return f"turn {number} did not end, and another one followed"
    recording = saved.recording
    if saved.turns and recording is not None and recording.duration_s > 1 and not recording.microphone.any():
        return "the recording is silent"
    return None


if __name__ == "__main__":
    sys.exit(main())
