"""A Micdrop server that does what a script says, faults included: for tests of clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Literal, TypeAlias

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm, pcm_from_bytes
from micdrop_widget.testing.rhythm import rhythm

__all__ = ["FaultyCall", "FaultyServer", "Script"]

_log = logging.getLogger("micdrop_widget.testing")
_silent = logging.getLogger("micdrop_widget.testing.websockets")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())
_silent.setLevel(logging.CRITICAL + 1)

_MALFORMED = (
    "Message",
    "Message {",
    "Message []",
    'Message {"role": "nobody", "content": ""}',
    'Message {"role": "user", "content": 5}',
    'PartialAssistantMessage {"text": ""}',
    "ToolCall null",
    'Classification {"duration": "long"}',
    "NoSuchCommand",
    "NoSuchCommand {}",
    "",
    " ",
)
"""Commands that no client can use, and every client has to survive."""


class FaultyCall:
    """One call of a `FaultyServer`, as its script sees it.

    Attributes
    ----------
    number
        0 for the first call of the server, 1 for the next.
    frames
        Every frame that came from the client so far, in order.
    """

    def __init__(self, number: int, connection: ServerConnection, server: FaultyServer) -> None:
        self.number = number
        self.frames: list[str | bytes] = []
        self._connection = connection
        self._server = server
        self._sleep = server.sleep
        self._arrived = asyncio.Condition()
        self._read = 0

    # What the client does

    async def params(self) -> Any:  # noqa: ANN401 - any JSON value
        """Wait for the params, the client's first frame, and return them."""
        return json.loads(await self.next_frame())

    async def next_frame(self) -> str | bytes:
        """Wait for the client's next frame that was not read yet, and return it."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.frames) > self._read)
        self._read += 1
        return self.frames[self._read - 1]

    async def utterance(self) -> Pcm:
        """Wait until the user has said something, from StartSpeaking to StopSpeaking, and return it."""
        audio: bytearray | None = None
        while True:
            match wire.parse_client_frame(await self.next_frame()):
                case wire.StartSpeaking():
                    audio = bytearray()
                case wire.Audio(pcm_bytes) if audio is not None:
                    audio += pcm_bytes
                case wire.StopSpeaking() if audio is not None:
                    return pcm_from_bytes(bytes(audio[: len(audio) & ~1]))

    # What the server does

    async def send(self, frame: wire.ServerFrame | str | bytes) -> None:
        """Send a frame, or anything at all as it is, after the server's delay."""
        if self._server.delay_ms:
            await self._sleep(self._server.delay_ms / 1000)
        await self._connection.send(frame if isinstance(frame, str | bytes) else wire.encode_server_frame(frame))

    async def ready(self) -> None:
        """Say that the server is ready, and has no greeting."""
        await self.send(wire.SkipAnswer())

    async def message(self, role: Literal["system", "user", "assistant"], content: str) -> None:
        """Send a message."""
        await self.send(wire.Message(wire.TextMessage(role, content)))

    async def answer(
        self,
        pcm: Pcm,
        *,
        chunk_ms: float = 100,
        pace: float = 1.0,
        jitter_ms: float = 0,
        burst: int = 1,
        odd_bytes: bool = False,
        stop_after_ms: float | None = None,
    ) -> None:
        """Send audio in a rhythm; see `rhythm`.

        Parameters
        ----------
        stop_after_ms
            Stop in the middle: no more chunks than this much audio has.
        """
        chunks = rhythm(
            pcm,
            chunk_ms=chunk_ms,
            pace=pace,
            jitter_ms=jitter_ms,
            burst=burst,
            odd_bytes=odd_bytes,
            seed=self._server.seed + self.number,
        )
        if stop_after_ms is not None:
            chunks = chunks[: int(stop_after_ms / chunk_ms)]
        began_s = 0.0
        for chunk in chunks:
            if chunk.at_s > began_s:
                await self._sleep(chunk.at_s - began_s)
                began_s = chunk.at_s
            await self.send(wire.Audio(chunk.pcm_bytes))

    async def malformed(self) -> None:
        """Send every malformed command there is, and audio of no bytes and of one."""
        for frame in _MALFORMED:
            await self.send(frame)
        for audio in (b"", b"\x01", b"\x02"):
            await self.send(audio)

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while."""
        await self._sleep(seconds)

    async def stall(self) -> None:
        """Stop reading, and answer no ping, until the server closes or the client gives up."""
        self._connection.transport.pause_reading()
        await self._connection.wait_closed()

    async def hold(self) -> None:
        """Keep reading, and say nothing, until the client leaves."""
        await self._connection.wait_closed()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a code."""
        await self._connection.close(code, reason)

    def abort(self) -> None:
        """Cut the connection, without a close frame: the client sees 1006."""
        self._connection.transport.abort()

    async def _receive(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._connection:
                async with self._arrived:
                    self.frames.append(frame)
                    self._arrived.notify_all()


Script: TypeAlias = Callable[[FaultyCall], Awaitable[None]]
"""What the server does in one call. When it returns, the call stays up until the client leaves."""


class FaultyServer:
    """A Micdrop server on loopback that does in each call what its script says.

    Parameters
    ----------
    scripts
        Async functions of a `FaultyCall`: one for each call, in the order they come in; the last one serves all
        further calls.
    delay_ms
        Every frame is sent so much later.
    seed
        Of the jitter.
    sleep
        Waits a number of seconds: by default in real time; a test may give a clock of its own.

    Attributes
    ----------
    calls
        Every call so far.

    Examples
    --------
    A server that answers, and is cut in the middle of the second answer; the next call is refused::

        async def first(call):
            await call.ready()
            await call.answer(await call.utterance())
            await call.answer(await call.utterance(), stop_after_ms=300)
            call.abort()

        async def second(call):
            await call.close(4401, "who are you?")

        async with FaultyServer(first, second) as server:
            client = MicdropClient(server.url, …)
    """

    def __init__(
        self,
        *scripts: Script,
        delay_ms: float = 0,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if not scripts or not all(map(callable, scripts)):
            raise TypeError("FaultyServer: expected at least one async function, async def script(call)")
        self.calls: list[FaultyCall] = []
        self.delay_ms = delay_ms
        self.seed = seed
        self.sleep = sleep
        self._scripts = scripts
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Address of the server."""
        if self._server is None:
            raise RuntimeError("the server is not started: use `async with FaultyServer(…) as server`")
        return f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def __aenter__(self) -> FaultyServer:
        self._server = await serve(
            self._handle,
            "127.0.0.1",
            0,
            compression=None,
            max_size=None,
            ping_interval=None,
            close_timeout=0.2,
            logger=_silent,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _handle(self, connection: ServerConnection) -> None:
        call = FaultyCall(len(self.calls), connection, self)
        self.calls.append(call)
        script = self._scripts[min(call.number, len(self._scripts) - 1)]
        receiving = asyncio.ensure_future(call._receive())
        running = asyncio.ensure_future(self._run(script, call))
        try:
            await connection.wait_closed()
        finally:
            for task in (receiving, running):
                task.cancel()
            await asyncio.wait((receiving, running))

    async def _run(self, script: Script, call: FaultyCall) -> None:
        try:
            await script(call)
        except ConnectionClosed:  # the client left meanwhile
            return
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("the script of call %d failed", call.number)
            await call.close(1011, "the script failed")
