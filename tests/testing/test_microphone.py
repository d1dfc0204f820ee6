"""A microphone that is a program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from micdrop_widget import Gap, MicdropClient, MicdropServer, UnpluggedError
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.sources import AudioSource
from micdrop_widget.testing import FaultyCall, FaultyServer, ScriptedMicrophone, in_virtual_time
from tests.harness.callers import LoudVAD, loud

PCM = np.arange(1, 1201, dtype=np.int16)


async def first(frames: AsyncIterator[Pcm | Gap], count: int) -> list[Pcm | Gap]:
    return [await anext(frames) for _ in range(count)]


@in_virtual_time
async def test_it_captures_a_frame_each_32_ms_and_each_sample_that_is_said_once() -> None:
    mic = ScriptedMicrophone(noise_dbfs=None)
    frames = mic.frames()
    loop = asyncio.get_running_loop()
    said = mic.say(PCM)
    again = mic.say(PCM[:100])
    captured = np.concatenate([await anext(frames) for _ in range(4)])
    assert loop.time() == pytest.approx(4 * 0.032)
    assert captured[:1300].tolist() == [*PCM.tolist(), *PCM[:100].tolist()]
    assert not captured[1300:].any()
    assert said.done()
    assert again.done()


@in_virtual_time
async def test_a_gap_has_its_place_and_its_time() -> None:
    mic = ScriptedMicrophone(noise_dbfs=None)
    frames = mic.frames()
    mic.say(PCM[:100])
    mic.lose(16_000)
    mic.say(PCM[:100])
    before, gap, after = await first(frames, 3)
    assert isinstance(before, np.ndarray)
    assert np.count_nonzero(before) == 100
    assert gap == Gap(16_000)
    assert isinstance(after, np.ndarray)
    assert after[:100].tolist() == PCM[:100].tolist()
    assert asyncio.get_running_loop().time() == pytest.approx(1.064)


@in_virtual_time
async def test_the_room_has_a_noise_that_is_the_same_for_the_same_seed() -> None:
    rooms = []
    for seed in (1, 1, 2):
        frames = await first(ScriptedMicrophone(noise_dbfs=-50, seed=seed).frames(), 100)
        rooms.append(np.concatenate([frame for frame in frames if not isinstance(frame, Gap)]))
    assert np.array_equal(rooms[0], rooms[1])
    assert not np.array_equal(rooms[0], rooms[2])
    level = 10 * np.log10(np.mean((rooms[0] / 32768) ** 2))
    assert level == pytest.approx(-50, abs=0.2)


@in_virtual_time
async def test_it_breaks_on_request_and_may_be_opened_again() -> None:
    mic = ScriptedMicrophone()
    assert isinstance(mic, AudioSource)
    mic.fail(UnpluggedError.of("it"))
    with pytest.raises(UnpluggedError):
        await anext(mic.frames())
    assert len(await anext(mic.frames())) == FRAME_SAMPLES  # type: ignore[arg-type]  # no gap here


@in_virtual_time
async def test_a_call_receives_what_it_says() -> None:
    heard: list[Pcm] = []

    async def script(call: FaultyCall) -> None:
        await call.ready()
        heard.append(await call.utterance())

    mic = ScriptedMicrophone()
    async with FaultyServer(script) as server, MicdropClient(server.url, source=mic, vad=LoudVAD()) as call:
        await call.start()
        assert mic.is_open
        await asyncio.sleep(0.5)
        await mic.say(loud(20))
        await call.until(isProcessing=True, timeout=5)
        assert call.diagnose()["level"].outcome == "ok"
    assert not mic.is_open
    assert loud(20).tobytes() in heard[0].tobytes()


async def test_it_works_in_real_time_too() -> None:
    mic = ScriptedMicrophone()
    async with MicdropServer() as server, MicdropClient(server.url, source=mic, vad=LoudVAD()) as call:
        await call.start()
        settled = call.wait_for("Turn", lambda turn: turn.kind == "user", timeout=20)
        await mic.say(loud(5))
        assert (await settled).answer_heard_ms is not None
