"""One call of a faulty server, as its script sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from random import Random
from typing import Any, Literal

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from micdrop_widget import protocol as wire
from micdrop_widget.audio import Pcm, pcm_from_bytes, samples_to_ms
from micdrop_widget.testing.rhythm import rhythm

__all__ = ["FaultyCall"]

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
        0 for the first handshake of the server, 1 for the next.
    frames
        Every frame that came from the client so far, in order.
    """

    def __init__(
        self, number: int, connection: ServerConnection, *, delay_ms: float = 0, jitter_ms: float = 0, seed: int = 0
    ) -> None:
        self.number = number
        self.frames: list[str | bytes] = []
        self._connection = connection
        self._delay_ms = delay_ms
        self._jitter_ms = jitter_ms
        self._seed = seed + number
        self._chance = Random(self._seed)
        self._arrived = asyncio.Condition()
        self._read = 0
        self._line: deque[tuple[float, str | bytes]] = deque()
        """Frames that are on their way, each with the loop's time when it arrives."""
        self._line_changed = asyncio.Condition()

    @property
    def close_code(self) -> int | None:
        """The code that the connection was closed with, by either side; 1006 when it was cut, None while it is up."""
        return self._connection.close_code

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

    async def command(self, name: Literal["StartSpeaking", "StopSpeaking", "Mute"]) -> None:
        """Wait for a command of the client; frames before it are read and ignored."""
        while await self.next_frame() != name:
            pass

    async def speech(self, duration_ms: float) -> None:
        """Wait until the user has begun to speak, and so many milliseconds of it have arrived."""
        await self.command("StartSpeaking")
        samples = 0
        while samples_to_ms(samples) < duration_ms:
            samples += len(await self.next_frame()) // 2

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
        """Send a frame, or anything at all as it is. It arrives after the delay and jitter of the server's line."""
        encoded = frame if isinstance(frame, str | bytes) else wire.encode_server_frame(frame)
        if not self._delay_ms and not self._jitter_ms:
            await self._connection.send(encoded)
            return
        late_ms = self._delay_ms + self._chance.uniform(0, self._jitter_ms)
        due_s = asyncio.get_running_loop().time() + late_ms / 1000
        async with self._line_changed:
            self._line.append((max(due_s, self._line[-1][0]) if self._line else due_s, encoded))
            self._line_changed.notify_all()

    async def ready(self) -> None:
        """Send that the server is ready, and has no greeting."""
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
            seed=self._seed,
        )
        if stop_after_ms is not None:
            chunks = chunks[: int(stop_after_ms / chunk_ms)]
        began_s = 0.0
        for chunk in chunks:
            if chunk.at_s > began_s:
                await asyncio.sleep(chunk.at_s - began_s)
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
        await asyncio.sleep(seconds)

    async def stall(self) -> None:
        """Stop reading, and answer no ping, until the server closes or the client gives up."""
        self._connection.transport.pause_reading()
        await self._connection.wait_closed()

    async def hold(self) -> None:
        """Keep reading, and send nothing, until the client leaves."""
        await self._connection.wait_closed()

    async def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Close with a code, after all frames that were sent; None sends no code: the client sees 1005."""
        async with self._line_changed:
            await self._line_changed.wait_for(lambda: not self._line)
        await self._connection.close(code, reason)  # type: ignore[arg-type]  # None is a close frame without a code

    def abort(self) -> None:
        """Cut the connection, without a close frame: the client sees 1006."""
        self._connection.transport.abort()

    async def _run_line(self) -> None:
        """Deliver what was sent when it is due, until the connection is gone; the server's task."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                async with self._line_changed:
                    await self._line_changed.wait_for(lambda: self._line)
                    due_s, frame = self._line[0]
                await asyncio.sleep(due_s - asyncio.get_running_loop().time())
                await self._connection.send(frame)
                async with self._line_changed:
                    self._line.popleft()
                    self._line_changed.notify_all()

    async def _receive(self) -> None:
        """Note what the client sends, until it leaves; the server's task."""
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._connection:
                async with self._arrived:
                    self.frames.append(frame)
                    self._arrived.notify_all()
