"""A server that misbehaves on command. Our client against it: `test_client_faults.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from micdrop_widget.audio import pcm_to_bytes
from micdrop_widget.testing import FaultyCall, FaultyServer, in_virtual_time, rhythm
from tests.harness.callers import loud
from tests.harness.leaks import until

pytestmark = pytest.mark.usefixtures("clean_loop")

PCM = np.arange(4800, dtype=np.int16)


# The rhythm


def test_chunks_are_sent_in_the_time_that_they_last() -> None:
    chunks = rhythm(PCM, chunk_ms=100)
    assert [chunk.at_s for chunk in chunks] == [0.0, 0.1, 0.2]
    assert b"".join(chunk.pcm_bytes for chunk in chunks) == pcm_to_bytes(PCM)


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({"pace": 0}, [0, 0, 0]),
        ({"pace": 2}, [0, 0.05, 0.1]),
        ({"burst": 2}, [0.1, 0.1, 0.2]),
        ({"burst": 9}, [0.2, 0.2, 0.2]),
    ],
)
def test_the_pace_and_bursts_change_the_times(options: dict[str, Any], times: list[float]) -> None:
    assert [chunk.at_s for chunk in rhythm(PCM, **options)] == pytest.approx(times)


def test_jitter_is_bounded_keeps_the_order_and_is_the_same_for_the_same_seed() -> None:
    chunks = rhythm(loud(100), chunk_ms=20, jitter_ms=60, seed=5)
    assert chunks == rhythm(loud(100), chunk_ms=20, jitter_ms=60, seed=5)
    assert chunks != rhythm(loud(100), chunk_ms=20, jitter_ms=60, seed=6)
    times = [chunk.at_s for chunk in chunks]
    assert times == sorted(times)
    assert all(0 <= at_s - 0.02 * index <= 0.061 for index, at_s in enumerate(times))


def test_odd_chunks_are_cut_within_samples_and_lose_nothing() -> None:
    chunks = rhythm(PCM, chunk_ms=10, odd_bytes=True)
    assert all(len(chunk.pcm_bytes) % 2 for chunk in chunks[:-1])
    assert b"".join(chunk.pcm_bytes for chunk in chunks) == pcm_to_bytes(PCM)


@pytest.mark.parametrize("options", [{"chunk_ms": 0}, {"pace": -1}, {"jitter_ms": -1}, {"burst": 0}])
def test_a_rhythm_that_cannot_be_is_a_value_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rhythm: expected"):
        rhythm(PCM, **options)


# The server


async def test_each_call_has_its_script_and_the_last_serves_the_rest() -> None:
    def saying(text: str) -> Callable[[FaultyCall], Any]:
        async def script(call: FaultyCall) -> None:
            await call.message("system", f"{text} {call.number}")

        return script

    async with FaultyServer(saying("first"), saying("rest")) as server:
        for expected in ("first 0", "rest 1", "rest 2"):
            async with connect(server.url) as connection:
                assert expected in str(await connection.recv())
        assert len(server.calls) == 3


async def test_a_script_reads_params_and_utterances() -> None:
    heard: list[Any] = []

    async def script(call: FaultyCall) -> None:
        heard.append(await call.params())
        heard.extend((await call.utterance()).tolist())

    async with FaultyServer(script) as server, connect(server.url) as connection:
        for frame in ('{"a": 1}', bytes(16), "StartSpeaking", PCM[:16].tobytes(), "StopSpeaking"):
            await connection.send(frame)
        await until(lambda: len(heard) == 17)
        assert heard == [{"a": 1}, *range(16)]
        assert server.calls[0].frames[-1] == "StopSpeaking"


async def arrivals(url: str, frames: int) -> tuple[list[float], list[Any]]:
    """Return when the frames of a call arrive, in seconds since the first was due, and the frames."""
    loop = asyncio.get_running_loop()
    async with connect(url, ping_interval=None) as connection:
        began_s = loop.time()
        received = [(await connection.recv(), loop.time() - began_s) for _ in range(frames)]
    return [at_s for _, at_s in received], [frame for frame, _ in received]


async def answers_late(call: FaultyCall) -> None:
    await call.wait(3600)
    await call.answer(PCM, chunk_ms=100)


@in_virtual_time
async def test_the_line_delays_every_frame_and_the_script_does_not_wait_for_it() -> None:
    async with FaultyServer(answers_late, delay_ms=700) as server:
        times, frames = await arrivals(server.url, 3)
    assert times == pytest.approx([3600.7, 3600.8, 3600.9])
    assert b"".join(frames) == pcm_to_bytes(PCM)


@in_virtual_time
async def test_the_jitter_of_the_line_is_bounded_lets_none_overtake_and_is_the_same_for_the_same_seed() -> None:
    async def counts(call: FaultyCall) -> None:
        for number in range(50):
            await call.send(str(number))
            await call.wait(0.01)

    courses = []
    for seed in (1, 1, 2):
        async with FaultyServer(counts, jitter_ms=80, seed=seed) as server:
            times, frames = await arrivals(server.url, 50)
        assert frames == [str(number) for number in range(50)]
        assert times == sorted(times)
        assert all(0 <= at_s - 0.01 * number <= 0.081 for number, at_s in enumerate(times))
        courses.append([round(at_s, 6) for at_s in times])
    assert courses[0] == courses[1]
    assert courses[0] != courses[2]


@in_virtual_time
async def test_a_close_waits_for_what_is_on_the_line_and_a_cut_does_not() -> None:
    async def closes(call: FaultyCall) -> None:
        await call.send("last words")
        await call.close(4999)

    async def cuts(call: FaultyCall) -> None:
        await call.send("last words")
        call.abort()

    async with FaultyServer(closes, cuts, delay_ms=2000) as server:
        async with connect(server.url, ping_interval=None) as connection:
            assert await connection.recv() == "last words"
            await connection.wait_closed()
            assert connection.close_code == 4999
        async with connect(server.url, ping_interval=None) as connection:
            await connection.wait_closed()
            assert connection.close_code == 1006
            with pytest.raises(ConnectionClosed):
                await connection.recv()


@in_virtual_time
async def test_a_handshake_is_late_or_refused_with_a_status() -> None:
    async def script(call: FaultyCall) -> None:
        await call.send(f"call {call.number}")

    loop = asyncio.get_running_loop()
    async with FaultyServer(503, script, handshake_ms=4000) as server:
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.url)
        assert refused.value.response.status_code == 503
        assert loop.time() == pytest.approx(4, abs=0.1)
        async with connect(server.url, ping_interval=None) as connection:
            assert await connection.recv() == "call 1"
        assert server.handshakes == 2
        assert [call.number for call in server.calls] == [1]


async def test_a_script_waits_for_a_command_and_for_some_of_what_is_said() -> None:
    reached: list[Any] = []

    async def script(call: FaultyCall) -> None:
        await call.speech(20)
        reached.append(len(call.frames))
        await call.command("Mute")
        reached.append(len(call.frames))
        await call.hold()

    async with FaultyServer(script) as server:
        async with connect(server.url) as connection:
            for frame in ("{}", "StartSpeaking", bytes(320), bytes(320)):
                await connection.send(frame)
            await until(lambda: reached == [4])
            for frame in (bytes(320), "StopSpeaking", "Mute"):
                await connection.send(frame)
            await until(lambda: reached == [4, 7])
            await connection.close(4321)
        assert server.calls[0].close_code == 4321


@pytest.mark.parametrize("code", [1000, 1011, 4401, 4999])
async def test_a_call_is_closed_with_a_code_or_cut(code: int) -> None:
    async def closing(call: FaultyCall) -> None:
        await call.close(code, "so it is")

    async def cutting(call: FaultyCall) -> None:
        call.abort()

    async with FaultyServer(closing, cutting) as server:
        for expected in ((code, "so it is"), (1006, "")):
            async with connect(server.url) as connection:
                with pytest.raises(ConnectionClosed):
                    await connection.recv()
                assert (connection.close_code, connection.close_reason) == expected


async def test_a_script_that_fails_is_reported_and_closes_its_call_with_1011(caplog: pytest.LogCaptureFixture) -> None:
    async def script(call: FaultyCall) -> None:
        raise ZeroDivisionError("in the script")

    async with FaultyServer(script) as server, connect(server.url) as connection:
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 1011
    assert "in the script" in caplog.text


def test_a_server_wants_a_script_and_a_start() -> None:
    with pytest.raises(TypeError, match="expected at least one async function"):
        FaultyServer()
    with pytest.raises(ValueError, match="not negative"):
        FaultyServer(503, delay_ms=-1)

    async def script(call: FaultyCall) -> None:
        pass

    with pytest.raises(RuntimeError, match="not started"):
        _ = FaultyServer(script).url
