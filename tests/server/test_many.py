"""Many calls at once, many after one another, and clients that send anything."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm
from tests.harness.leaks import until
from tests.harness.plain_client import AUDIO, answer, caller, ready
from tests.server.fuzz import fuzz

pytestmark = pytest.mark.usefixtures("clean_loop")


async def test_a_hundred_calls_at_once_each_get_their_own_echo_whole() -> None:
    async def one(server: MicdropServer, number: int) -> None:
        pcm = np.full(16_000, number, dtype="<i2").tobytes()
        async with caller(server) as connection:
            await ready(connection)
            for _ in range(3):
                await connection.send("StartSpeaking")
                for start in range(0, 32_000, 3200):
                    await connection.send(pcm[start : start + 3200])
                await connection.send("StopSpeaking")
                audio, texts = await answer(connection)
                assert audio == pcm
                assert len(texts) == 2

    async with MicdropServer(greeting=None) as server:
        await asyncio.gather(*(one(server, number) for number in range(100)))
        await until(lambda: server.calls == ())


async def test_memory_is_flat_over_many_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("micdrop_widget.agents.workers._IDLE_S", 0.1)

    async def stt(utterance: Pcm) -> str:
        return "hello"

    def agent(conversation: Any) -> str:
        return "Yes. No."

    async def tts(sentence: str) -> bytes:
        return bytes(3200)

    async def calls(server: MicdropServer, count: int) -> None:
        for _ in range(count):
            async with caller(server) as connection:
                await ready(connection)
                for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
                    await connection.send(frame)
                await answer(connection)
        await until(lambda: server.calls == ())

    async with MicdropServer(stt=stt, agent=agent, tts=tts) as server:
        await calls(server, 20)
        gc.collect()
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            await calls(server, 200)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert grown < 200 * 500, f"{grown / 200:.0f} bytes a call"
    await until(lambda: not any(thread.name == "micdrop-agent" for thread in threading.enumerate()))


async def test_random_frames_end_one_call_at_most_and_nothing_escapes() -> None:
    assert await fuzz(6000) == []
