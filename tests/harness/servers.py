"""Real servers on loopback, on a free port, that do what a test scripts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from micdrop_widget.protocol import Message, TextMessage, encode_server_frame

__all__ = [
    "PingCounter",
    "Received",
    "Script",
    "abort",
    "answering_with",
    "closed_port",
    "hold",
    "message",
    "received_by",
    "scripted",
    "self_signed",
    "serve_tcp",
    "silent_after_accept",
]

_quiet = logging.getLogger("tests.harness.servers")
_quiet.propagate = False
_quiet.setLevel(logging.CRITICAL + 1)

Script = Callable[[ServerConnection], Awaitable[None]]
"""What a server does with one connection."""


class PingCounter(ServerConnection):
    """A server's side of a connection that counts the pings of all clients."""

    pings = 0

    def process_event(self, event: Any) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            PingCounter.pings += 1
        super().process_event(event)


@contextlib.asynccontextmanager
async def scripted(
    script: Script,
    *,
    status: int | None = None,
    tls: ssl.SSLContext | None = None,
    receive_buffer: int | None = None,
    connection_class: type[ServerConnection] = ServerConnection,
) -> AsyncIterator[str]:
    """Run a WebSocket server and give its url.

    `status` answers the handshake with HTTP instead; a small `receive_buffer` (bytes) lets a server that does not
    read be noticed early.
    """

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        return None if status is None else connection.respond(status, "no")

    listening = socket.socket()
    if receive_buffer is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    listening.bind(("127.0.0.1", 0))

    async def run(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            await script(connection)

    async with serve(
        run,
        sock=listening,
        ssl=tls,
        process_request=answer,
        compression=None,
        max_size=None,
        ping_interval=None,
        close_timeout=0.2,
        create_connection=connection_class,
        logger=_quiet,
    ):
        scheme = "ws" if tls is None else "wss"
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"


def abort(connection: ServerConnection) -> None:
    """Cut the TCP connection, without a close frame."""
    connection.transport.abort()


async def hold(connection: ServerConnection) -> None:
    """Read, and answer nothing, until the client goes away."""
    async for _ in connection:
        pass


def answering_with(*frames: str | bytes) -> Script:
    """Return a server that sends these frames at once, and then only reads."""

    async def script(connection: ServerConnection) -> None:
        for frame in frames:
            await connection.send(frame)
        await hold(connection)

    return script


def message(role: str, content: str) -> str:
    """Return a Message as it travels."""
    return str(encode_server_frame(Message(TextMessage(role, content))))  # type: ignore[arg-type]


Received = list[str | bytes]


async def received_by(connection: ServerConnection, frames: Received) -> None:
    """Note every frame of the client until it goes away."""
    async for frame in connection:
        frames.append(frame)


@contextlib.asynccontextmanager
async def serve_tcp(
    script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Run a server of plain TCP and give the url that a WebSocket client would use."""

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(run, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def silent_after_accept(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Read the handshake, and never answer it."""
    while await reader.read(1024):
        pass


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for 127.0.0.1 that nobody has signed; give a server's context and the certificate's path."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "this test makes a certificate with openssl: apt-get install openssl"
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
