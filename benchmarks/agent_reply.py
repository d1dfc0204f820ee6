"""Row `agent-reply`: from the end of speech to the offline agent's answer as it is heard; twenty such calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.figures import Aim, Distribution, Figure
from micdrop_widget import MicdropClient, MicdropServer, SileroVAD, SmartTurn, Turn, VirtualSpeaker
from micdrop_widget.audio import Pcm
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.testing import ScriptedMicrophone

__all__ = ["measure"]

_QUESTIONS = ("how much is seven times eight?", "what is my name?", "what can you do?", "my name is anna.")
_CALLS = 20
_MIN_SILENCE_MS = 256
_PARTS = {
    "of it: silence waited for and Smart Turn": "endpointing_ms",
    "of it: the server": "server_ms",
    "of it: playout": "playout_ms",
    "silence at the head of the answer, behind it": "lead_in_ms",
    "of the server's: the text of the question": "stt_ms",
    "of the server's: the agent's first text": "agent_first_text_ms",
    "of the server's: the voice's first audio": "tts_first_audio_ms",
}
"""Figures, and the quantities of a turn that they are of."""


def measure(quick: bool) -> Iterator[Figure]:
    """Measure answers in real time: what a person waits for."""
    try:
        from micdrop_widget.agents import offline_agent

        parts = {**offline_agent(), "greeting": None}
    except ImportError:
        yield Figure("the offline agent", "ms", None, note="the extra `agent` is not installed")
        return
    spoken = [_spoken(parts, question) for question in _QUESTIONS]
    turns, missing = asyncio.run(_ask(parts, spoken, calls=1, rounds=1 if quick else 8))
    note = f"Silero with {_MIN_SILENCE_MS} ms of silence, Smart Turn, everything in one process"
    yield Figure("end of speech to the first sample heard", "ms", _waited(turns), Aim("p50", 900), note=note)
    for what, quantity in _PARTS.items():
        yield Figure(what, "ms", Distribution.of(getattr(turn, quantity) for turn in turns))
    calls = 2 if quick else _CALLS
    turns, missing = asyncio.run(_ask(parts, spoken, calls=calls, rounds=1))
    note = f"{len(turns) + missing} questions in {calls} calls"
    yield Figure("answers missing of calls at once", "", Distribution.of([missing]), Aim("max", 0), note=note)
    yield Figure("end of speech to the first sample heard, in calls at once", "ms", _waited(turns))


def _spoken(parts: dict[str, Any], question: str) -> Pcm:
    rate, samples = parts["tts"](question)
    return as_pcm(samples, rate)


def _waited(turns: list[Turn]) -> Distribution:
    return Distribution.of(
        turn.heard_ms - turn.speech_end_ms
        for turn in turns
        if turn.heard_ms is not None and turn.speech_end_ms is not None
    )


async def _ask(parts: dict[str, Any], spoken: list[Pcm], *, calls: int, rounds: int) -> tuple[list[Turn], int]:
    """Hold so many calls at once, each with every question so many times.

    Returns
    -------
    tuple
        The turns that were heard to their end, and how many were not.
    """
    with MicdropServer(**parts) as server:
        heard = await asyncio.gather(
            *(_hold_call(server.url, spoken * rounds, after_s=n / calls) for n in range(calls))
        )
    turns = [turn for answered in heard for turn in answered]
    return turns, calls * rounds * len(spoken) - len(turns)


async def _hold_call(url: str, questions: list[Pcm], after_s: float) -> list[Turn]:
    microphone = ScriptedMicrophone()
    vad = SileroVAD(min_silence_ms=_MIN_SILENCE_MS)
    async with _started(url, microphone, vad) as call:
        await asyncio.sleep(1 + after_s)
        for pcm in questions:
            settled = call.wait_for("Turn", timeout=30)
            microphone.say(pcm)
            await settled
            await call.until(isListening=True, timeout=30)
            await asyncio.sleep(0.5)
        return [turn for turn in call.turns if turn.answer_heard_ms and turn.answer_heard_ms == turn.answer_received_ms]


@asynccontextmanager
async def _started(url: str, microphone: ScriptedMicrophone, vad: SileroVAD) -> AsyncIterator[MicdropClient]:
    client = MicdropClient(url, source=microphone, sink=VirtualSpeaker(), vad=vad, turn_detector=SmartTurn())
    async with client as call:
        await call.start()
        yield call
