"""A server that misbehaves on command, and our client against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from micdrop_widget.audio import pcm_to_bytes
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.testing import FaultyCall, FaultyServer, rhythm
from tests.harness.callers import loud, ready_client, turns_over
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


async def test_waiting_is_done_by_the_clock_that_was_given() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))

    async def script(call: FaultyCall) -> None:
        await call.wait(3600)
        await call.answer(PCM, chunk_ms=100)

    async with FaultyServer(script, delay_ms=7, sleep=sleep) as server, connect(server.url) as connection:
        audio = b"".join([await connection.recv() for _ in range(3)])  # type: ignore[misc]
    assert audio == pcm_to_bytes(PCM)
    assert slept == [3600, 0.007, 0.1, 0.007, 0.1, 0.007]


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


async def test_a_script_that_fails_is_told_of_and_closes_its_call_with_1011(caplog: pytest.LogCaptureFixture) -> None:
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

    async def script(call: FaultyCall) -> None:
        pass

    with pytest.raises(RuntimeError, match="not started"):
        _ = FaultyServer(script).url


# Our client against it


async def test_our_client_survives_every_malformed_frame_and_hears_the_answer_behind_them() -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await call.malformed()
        said = await call.utterance()
        await call.answer(said, odd_bytes=True, pace=0, chunk_ms=30)
        await call.message("assistant", "done")

    speaker = VirtualSpeaker(pace="fast", keep=True)
    async with FaultyServer(script) as server:
        call, mic, events = ready_client(server.url, sink=speaker)
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await until(lambda: events.of("Message"))
            await until(lambda: len(speaker.heard) >= len(loud(3)))
            # the one byte that came alone is the first half of the answer's first sample
            assert events.errors == []


async def test_our_client_comes_back_after_a_cut_in_the_middle_of_an_answer() -> None:
    async def cut(call: FaultyCall) -> None:
        await call.ready()
        await call.answer(await call.utterance(), pace=0, stop_after_ms=100)
        call.abort()

    async def well(call: FaultyCall) -> None:
        await call.ready()
        await call.message("system", "here again")

    async with FaultyServer(cut, well) as server:
        call, mic, events = ready_client(server.url, reconnect={"delay_ms": 10})
        async with call:
            await call.start()
            mic.say(turns_over(10))
            await until(lambda: events.of("Message"))
            assert [error.code.value for error in events.errors] in ([], ["Connection"])
            assert call.state.isStarted


@pytest.mark.parametrize(("code", "error"), [(4400, "BadRequest"), (4401, "Unauthorized"), (4404, "NotFound")])
async def test_our_client_does_not_come_back_to_a_server_that_refuses(code: int, error: str) -> None:
    async def script(call: FaultyCall) -> None:
        await call.ready()
        await call.utterance()
        await call.close(code)

    async with FaultyServer(script) as server:
        call, mic, events = ready_client(server.url, reconnect={"delay_ms": 10})
        async with call:
            await call.start()
            mic.say(turns_over(3))
            await call.until(isStarted=False, timeout=5)
            assert [each.code.value for each in events.errors] == [error]
        assert len(server.calls) == 1


async def test_our_client_gives_a_server_up_that_stalls() -> None:
    async def stalled(call: FaultyCall) -> None:
        await call.ready()
        await call.stall()

    async with FaultyServer(stalled) as server:
        call, _, events = ready_client(server.url, ping_interval_s=0.1, reconnect={"max_attempts": 0})
        async with call:
            await call.start()
            await call.until(isStarted=False, timeout=10)
            assert [each.code.value for each in events.errors] == ["Connection"]
