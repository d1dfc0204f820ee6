"""An answer's sound: in every form that people have it, at every rate, whole or piece by piece."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.testing import assert_array_equal

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm, float_to_pcm, pcm_from_bytes, pcm_to_float
from micdrop_widget.audio_input import as_pcm
from micdrop_widget.server import ServerCall
from micdrop_widget.server.streams import each, is_stream
from tests.harness.plain_client import AUDIO, caller

pytestmark = pytest.mark.usefixtures("clean_loop")

VOICE = (12_000 * np.sin(2 * np.pi * 440 * np.arange(30_000) / 24_000)).astype(np.int16)
"""440 Hz at 24 kHz, as most speech synthesisers give it."""

AT_16_KHZ = as_pcm(VOICE, 24_000)


def file_of(samples: Pcm, rate: int) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, samples, rate, format="FLAC")
    return content.getvalue()


def pieces_of(samples: Any) -> Iterator[Any]:
    for start in range(0, len(samples), 1234):
        yield samples[start : start + 1234]


async def slowly(samples: Any) -> AsyncIterator[Any]:
    for piece in pieces_of(samples):
        await asyncio.sleep(0)
        yield piece


class AsyncPieces:
    """What is iterated with `async for`, and is no iterator itself."""

    def __aiter__(self) -> AsyncIterator[Any]:
        return slowly(VOICE)


async def next_sound(connection: Any) -> Pcm:
    return pcm_from_bytes(await asyncio.wait_for(connection.recv(), 10))


async def heard_by(connection: Any) -> Pcm:
    """Return all audio up to the SkipAnswer or message that ends it."""
    parts = []
    while isinstance(frame := await asyncio.wait_for(connection.recv(), 10), bytes):
        assert len(frame) <= 3200, "frames of 100 ms"
        parts.append(pcm_from_bytes(frame))
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


async def greeted(send: Callable[[ServerCall], Any]) -> Pcm:
    async def greet(call: ServerCall) -> None:
        await send(call)
        await call.send_message("assistant", "over")

    async with MicdropServer(greeting=greet) as server, caller(server) as connection:
        return await heard_by(connection)


@pytest.mark.parametrize(
    ("samples", "options"),
    [
        (lambda: VOICE, {"sample_rate": 24_000}),
        (lambda: pcm_to_float(VOICE), {"sample_rate": 24_000}),
        ((VOICE / 32768).tolist, {"sample_rate": 24_000}),
        (lambda: VOICE[None, :], {"sample_rate": 24_000.0}),
        (lambda: np.stack([VOICE, -VOICE], axis=1), {"sample_rate": 24_000, "channel": 0}),
        (lambda: file_of(VOICE, 24_000), {}),
        (lambda: io.BytesIO(file_of(VOICE, 24_000)), {}),
        (lambda: pieces_of(VOICE), {"sample_rate": 24_000}),
        (lambda: pieces_of(VOICE / 32768), {"sample_rate": 24_000}),
        (lambda: iter([VOICE[:7], VOICE[7:]]), {"sample_rate": 24_000}),
        (lambda: slowly(VOICE), {"sample_rate": 24_000}),
        (AsyncPieces, {"sample_rate": 24_000}),
        (lambda: AT_16_KHZ, {}),
        (lambda: pieces_of(AT_16_KHZ), {}),
        (lambda: np.tile(AT_16_KHZ, 20)[: len(AT_16_KHZ)], {}),
    ],
)
async def test_every_form_of_an_answer_gives_the_same_sound(samples: Callable[[], Any], options: Any) -> None:
    assert_array_equal(await greeted(lambda call: call.send_audio(samples(), **options)), AT_16_KHZ)


async def test_a_long_answer_is_sent_whole() -> None:
    long = np.tile(VOICE, 10)
    assert_array_equal(await greeted(lambda call: call.send_audio(long, 24_000)), as_pcm(long, 24_000))


async def test_pieces_of_the_right_rate_are_sent_as_they_come() -> None:
    second = asyncio.Event()

    async def voice() -> AsyncIterator[Pcm]:
        yield VOICE[:800]
        await second.wait()
        yield VOICE[800:1000]

    async def greet(call: ServerCall) -> None:
        await call.send_audio(voice())

    async with MicdropServer(greeting=greet) as server, caller(server) as connection:
        assert_array_equal(await next_sound(connection), VOICE[:800])
        second.set()
        assert_array_equal(await next_sound(connection), VOICE[800:1000])


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((100, 2)), r"send_audio: 2 channels; .*call.send_audio\(…, channel=0\)"),
        (np.full(100, 20_000.0), "send_audio: floating samples go from -1 to 1"),
        (b"\0\0" * 100, r"np.frombuffer\(data"),
        (iter([b"\0\0"]), r"send_audio: expected samples: .*got bytes.*np.frombuffer\(data"),
        (iter([np.zeros((9, 2))]), r"send_audio: 2 channels"),
        (5, "send_audio: expected an audio file .* got int"),
    ],
    ids=["stereo", "loud", "bytes", "pieces of bytes", "pieces of stereo", "number"],
)
async def test_what_cannot_be_sent_is_refused_where_it_is_sent(samples: Any, message: str) -> None:
    refused: list[Exception] = []

    async def send(call: ServerCall) -> None:
        try:
            await call.send_audio(samples)
        except (TypeError, ValueError) as error:
            refused.append(error)

    assert len(await greeted(send)) == 0
    with pytest.raises(type(refused[0]), match=message):
        raise refused[0]


@pytest.mark.parametrize("answer", [lambda: AT_16_KHZ, lambda: AT_16_KHZ / 32768, lambda: slowly(AT_16_KHZ)])
async def test_what_respond_returns_is_sent_as_by_send_audio(answer: Callable[[], Any]) -> None:
    async def respond(call: ServerCall, utterance: Pcm) -> Any:
        return answer()

    async with MicdropServer(respond, greeting=None) as server, caller(server) as connection:
        while await connection.recv() != "SkipAnswer":
            pass
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        heard = np.zeros(0, np.int16)
        while len(heard) < len(AT_16_KHZ):
            frame = await asyncio.wait_for(connection.recv(), 10)
            assert isinstance(frame, bytes)
            heard = np.concatenate([heard, pcm_from_bytes(frame)])
    assert np.abs(heard.astype(int) - float_to_pcm(AT_16_KHZ / 32768)).max() == 0


async def test_a_slow_iterator_does_not_hold_up_the_call_and_is_closed_by_an_interruption() -> None:
    asked, may_go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def voice() -> Iterator[Pcm]:
        try:
            yield VOICE[:160]
            asked.set()
            may_go_on.wait(10)
            yield VOICE[160:320]
        finally:
            closed.set()

    async def greet(call: ServerCall) -> None:
        await call.send_audio(voice())

    async with MicdropServer(greeting=greet) as server, caller(server) as connection:
        assert_array_equal(await next_sound(connection), VOICE[:160])
        assert await asyncio.to_thread(asked.wait, 10)
        for frame in ("StartSpeaking", AUDIO, "StopSpeaking"):
            await connection.send(frame)
        assert "0.3 s of speech" in await asyncio.wait_for(connection.recv(), 10), "while the thread still works"
        may_go_on.set()
        assert await asyncio.to_thread(closed.wait, 10)


def test_a_file_is_no_stream_although_it_yields_its_lines() -> None:
    assert not is_stream(io.BytesIO(b""))
    assert not is_stream([VOICE])
    assert not is_stream(VOICE)
    assert is_stream(iter([VOICE]))
    assert is_stream(AsyncPieces())


async def test_streams_are_closed_when_they_are_left() -> None:
    closed = []

    def plain() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            closed.append("plain")

    async def later() -> AsyncIterator[int]:
        try:
            for number in range(9):
                yield number
        finally:
            closed.append("async")

    for pieces in (each(plain()), each(later()), each(map(int, range(9)))):
        assert [await anext(pieces), await anext(pieces)] == [0, 1]
        await pieces.aclose()
    assert closed == ["plain", "async"]
