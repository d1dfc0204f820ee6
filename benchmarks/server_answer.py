"""Row `server-answer`: what the embedded server adds to its parts, the offline agent's answer, and calls a core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.figures import Aim, Distribution, Figure
from micdrop_widget import MicdropServer
from micdrop_widget.audio import SAMPLE_RATE, Pcm, pcm_to_bytes
from micdrop_widget.audio_input import as_pcm

__all__ = ["measure"]

_FRAME_BYTES = 3200
_UTTERANCE_S = 2


def measure(quick: bool) -> Iterator[Figure]:
    """Measure answers on the wire, StopSpeaking to the first audio, and the CPU time of calls."""
    added, blocking = asyncio.run(_added_ms(20 if quick else 300))
    yield Figure("added to async parts that take no time", "ms", Distribution.of(added), Aim("p95", 5))
    yield Figure("added to plain functions, in threads", "ms", Distribution.of(blocking), Aim("p95", 5))
    core = asyncio.run(_core_share(20 if quick else 200))
    note = "a call with an utterance of 2 s every 6 s, echoed; the client's CPU time is in it"
    yield Figure("echo calls that one core carries", "calls", Distribution.of([1 / core]), note=note)
    try:
        from micdrop_widget.agents import offline_agent

        parts = offline_agent()
    except ImportError:
        yield Figure("the offline agent", "ms", None, note="the extra `agent` is not installed")
        return
    answers = asyncio.run(_offline_ms(parts, 3 if quick else 40))
    yield Figure("StopSpeaking to the offline agent's first audio", "ms", Distribution.of(answers["first_audio"]))
    yield Figure("of it: the text is there", "ms", Distribution.of(answers["stt"]))


async def _ready(connection: ClientConnection) -> None:
    while await connection.recv() != "SkipAnswer":
        pass


async def _speak(connection: ClientConnection, pcm_bytes: bytes) -> float:
    """Say something, and return how many milliseconds later the first audio of the answer arrives."""
    await connection.send("StartSpeaking")
    for start in range(0, len(pcm_bytes), _FRAME_BYTES):
        await connection.send(pcm_bytes[start : start + _FRAME_BYTES])
    await connection.send("StopSpeaking")
    began = time.perf_counter()
    while not isinstance(await connection.recv(), bytes):
        pass
    took = time.perf_counter() - began
    while '"assistant"' not in str(await connection.recv()):
        pass
    return 1000 * took


async def _added_ms(answers: int) -> tuple[list[float], list[float]]:
    sound = np.zeros(1600, dtype=np.int16)

    async def stt(utterance: Pcm) -> str:
        return "hello"

    async def agent(conversation: list[dict[str, Any]]) -> str:
        return "Yes."

    async def tts(sentence: str) -> Pcm:
        return sound

    quick = {"stt": stt, "agent": agent, "tts": tts}
    plain = {"stt": lambda utterance: "hello", "agent": lambda conversation: "Yes.", "tts": lambda sentence: sound}
    return await _answers_ms(quick, answers), await _answers_ms(plain, answers)


async def _answers_ms(parts: dict[str, Any], answers: int) -> list[float]:
    async with MicdropServer(**parts) as server, connect(server.url, compression=None, proxy=None) as connection:
        await _ready(connection)
        await _speak(connection, bytes(3200))
        return [await _speak(connection, bytes(3200)) for _ in range(answers)]


async def _core_share(utterances: int) -> float:
    """Return the share of a core that an echo call takes."""
    pcm_bytes = bytes(2 * SAMPLE_RATE * _UTTERANCE_S)
    async with MicdropServer(greeting=None) as server, connect(server.url, compression=None, proxy=None) as connection:
        await _ready(connection)
        await _speak(connection, pcm_bytes)
        began = time.process_time()
        for _ in range(utterances):
            await _speak(connection, pcm_bytes)
        return (time.process_time() - began) / (utterances * 3 * _UTTERANCE_S)


async def _offline_ms(parts: dict[str, Any], answers: int) -> dict[str, list[float]]:
    rate, samples = parts["tts"]("How much is seven times eight?")
    pcm_bytes = pcm_to_bytes(as_pcm(samples, rate))
    measured: dict[str, list[float]] = {"stt": [], "first_audio": []}
    async with (
        MicdropServer(**{**parts, "greeting": None}, max_ahead_s=None) as server,
        connect(server.url, compression=None, proxy=None) as connection,
    ):
        await _ready(connection)
        for _ in range(answers):
            await _speak_live(connection, pcm_bytes)
            message = server.calls[0].conversation[-1]
            times = getattr(message, "metadata")["stage_times_ms"]  # noqa: B009 - only texts have it
            for stage, values in measured.items():
                values.append(times[stage])
    return measured


async def _speak_live(connection: ClientConnection, pcm_bytes: bytes) -> None:
    """Say something as fast as it is spoken: the ears hear it meanwhile."""
    await connection.send("StartSpeaking")
    for start in range(0, len(pcm_bytes), _FRAME_BYTES):
        await connection.send(pcm_bytes[start : start + _FRAME_BYTES])
        await asyncio.sleep(_FRAME_BYTES / 2 / SAMPLE_RATE)
    await connection.send("StopSpeaking")
    while '"assistant"' not in str(await connection.recv()):
        pass
