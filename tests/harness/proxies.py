"""Proxies and redirecting servers on loopback, for the tests of the connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

__all__ = ["HttpProxy", "http_proxy", "redirecting"]


class HttpProxy:
    """An HTTP proxy that opens tunnels by CONNECT: whatever host is asked for, to one port of this machine.

    Parameters
    ----------
    port
        Where the tunnels lead.
    answer
        The status line instead of a tunnel, for example ``407 Proxy Authentication Required``.
    """

    def __init__(self, port: int, answer: str | None = None) -> None:
        self.requests: list[str] = []
        """The heads of the requests, headers included."""
        self._port = port
        self._answer = answer

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(head)
        if self._answer is not None:
            writer.write(f"HTTP/1.1 {self._answer}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def http_proxy(port: int, answer: str | None = None) -> AsyncIterator[tuple[str, HttpProxy]]:
    """Run a proxy; yields its address and the proxy."""
    proxy = HttpProxy(port, answer)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", proxy
    finally:
        server.close()


@contextlib.asynccontextmanager
async def redirecting(location: Callable[[str], str], status: str = "307 Go on") -> AsyncIterator[str]:
    """Run a server that sends every request elsewhere: to what the function makes of the server's own url."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nLocation: {location(url)}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield url
    finally:
        server.close()
