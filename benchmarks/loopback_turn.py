"""Row `loopback-turn`: whole calls as simulated callers make them, as fast as they go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from benchmarks.figures import Distribution, Figure
from benchmarks.speech import sentence
from micdrop_widget import MicdropClient, MicdropServer
from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource

__all__ = ["measure"]

_LIMIT_S = 60


def measure(quick: bool) -> Iterator[Figure]:
    """Measure calls to one server, one after the other."""
    new, again, speed = asyncio.run(_measure(3 if quick else 100, 2 if quick else 20))
    yield Figure("start() to ready, a new client", "ms", Distribution.of(new), note="it loads Silero")
    yield Figure("start() to ready, a client's later call", "ms", Distribution.of(again))
    yield Figure("sentence.wav, ready to answered, times real time", "x", Distribution.of(speed))


async def _measure(starts: int, sentences: int) -> tuple[list[float], list[float], list[float]]:
    async with MicdropServer() as server:
        new = [await _start_ms(_client(server)) for _ in range(starts)]
        client = _client(server)
        again = [await _start_ms(client) for _ in range(starts + 1)]
        speed = [await _speed(server) for _ in range(sentences)]
    return new, again[1:], speed


def _client(server: MicdropServer) -> MicdropClient:
    return MicdropClient(server.url, source=ArraySource(sentence(), pace="fast"), sink=VirtualSpeaker(pace="fast"))


async def _start_ms(client: MicdropClient) -> float:
    began = time.perf_counter()
    await client.start()
    took = time.perf_counter() - began
    await client.stop()
    return 1000 * took


async def _speed(server: MicdropServer) -> float:
    """Return how many times faster than it was spoken a sentence is heard, sent, answered and played."""
    pcm = sentence()
    async with _client(server) as client:
        await client.start()
        began = time.perf_counter()
        await client.until(isAssistantSpeaking=True, timeout=_LIMIT_S)
        return len(pcm) / SAMPLE_RATE / (time.perf_counter() - began)
