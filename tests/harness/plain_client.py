"""A client of no particular make, for tests of the embedded server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from micdrop_widget import MicdropServer
from micdrop_widget.audio import pcm_to_bytes
from tests.harness.callers import loud

__all__ = ["AUDIO", "answer", "caller", "closes_with", "ready"]

AUDIO = pcm_to_bytes(loud(10))


@contextlib.asynccontextmanager
async def caller(server: MicdropServer) -> AsyncIterator[ClientConnection]:
    """Connect as a client of no particular make."""
    async with connect(server.url, compression=None, max_size=None) as connection:
        yield connection


async def closes_with(connection: ClientConnection, limit_s: float = 5) -> tuple[int | None, str | None]:
    """Read to the end, and return close code and reason."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(connection.recv(), limit_s)
    return connection.close_code, connection.close_reason


async def answer(connection: ClientConnection, assistant_messages: int = 1) -> tuple[bytes, list[str]]:
    """Receive audio and commands up to the assistant's message."""
    audio, texts = b"", []
    while assistant_messages:
        frame = await asyncio.wait_for(connection.recv(), 5)
        if isinstance(frame, bytes):
            audio += frame
        else:
            texts.append(frame)
            assistant_messages -= '"assistant"' in frame
    return audio, texts


async def ready(connection: ClientConnection) -> None:
    """Receive up to the first SkipAnswer."""
    while await asyncio.wait_for(connection.recv(), 5) != "SkipAnswer":
        pass
