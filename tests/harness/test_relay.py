"""The relay carries everything, and no faster than its line; how much slower, a busy machine decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.harness.relay import Line, Relay, relayed


@asynccontextmanager
async def echoed() -> AsyncGenerator[tuple[Relay, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a server that sends back what it gets, through a relay."""
    ended: list[asyncio.Event] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(end := asyncio.Event())
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        end.set()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    with relayed(server.sockets[0].getsockname()[1]) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        yield relay, reader, writer
        writer.close()
        await writer.wait_closed()
        for end in ended:
            await end.wait()
    server.close()


async def round_trip_s(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> float:
    """Send something, and wait until all of it is back."""
    began_s = time.monotonic()
    writer.write(content)
    assert await reader.readexactly(len(content)) == content
    return time.monotonic() - began_s


@pytest.mark.parametrize(
    ("down", "up", "least_s"),
    [
        (Line(1e6), Line(), 0.2),
        (Line(), Line(5e5), 0.4),
        (Line(delay_ms=40), Line(delay_ms=30), 0.07),
        (Line(1e6, delay_ms=40), Line(1e6, delay_ms=40, jitter_ms=10), 0.28),
    ],
)
async def test_all_arrives_in_order_and_takes_what_the_line_takes(down: Line, up: Line, least_s: float) -> None:
    content = bytes(range(256)) * 98  # 25 kB: 0.2 s at 1 Mbit/s
    async with echoed() as (relay, reader, writer):
        relay.become(down=down, up=up)
        assert await round_trip_s(reader, writer, content) >= least_s
        assert relay.carried_bytes == (len(content), len(content))


async def test_a_line_may_become_another_one_under_a_connection() -> None:
    async with echoed() as (relay, reader, writer):
        relay.become(up=Line(1e5))
        assert await round_trip_s(reader, writer, bytes(5000)) >= 0.4
        relay.become()
        quickest_s = min([await round_trip_s(reader, writer, bytes(5000)) for _ in range(20)])
        assert quickest_s < 0.4


async def test_connections_share_the_line() -> None:
    async with echoed() as (relay, reader, writer):
        relay.become(down=Line(1e6))
        second = await asyncio.open_connection("127.0.0.1", relay.port)
        began_s = time.monotonic()
        await asyncio.gather(round_trip_s(reader, writer, bytes(12_500)), round_trip_s(*second, bytes(12_500)))
        assert time.monotonic() - began_s >= 0.2
        second[1].close()
        await second[1].wait_closed()


async def test_the_end_of_a_connection_comes_through() -> None:
    async with echoed() as (_, reader, writer):
        writer.write_eof()
        assert await reader.read() == b""
