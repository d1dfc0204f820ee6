"""A line between a page and its server that is slow, late or both: a TCP relay on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Generator
from dataclasses import dataclass

from micdrop_widget._threads import LoopThread

__all__ = ["PLAIN", "Line", "Relay", "relayed"]

_PIECE_BYTES = 1448
"""What one packet of Ethernet carries."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one direction of a line is like.

    Attributes
    ----------
    bits_per_s
        What all connections together can carry; None: as much as comes.
    delay_ms
        How long each byte is on its way.
    jitter_ms
        How much longer it may be at most; nothing overtakes.
    """

    bits_per_s: float | None = None
    delay_ms: float = 0
    jitter_ms: float = 0


PLAIN = Line()
"""A line that is none."""


class _Direction:
    """One direction of all connections."""

    def __init__(self, seed: int) -> None:
        self.line = PLAIN
        self.carried_bytes = 0
        self._free_s = 0.0
        self._random = random.Random(seed)

    async def wait_for_turn(self, size: int) -> float:
        """Wait until the line has carried a piece; return when it arrives, by the loop's clock."""
        loop, line = asyncio.get_running_loop(), self.line
        self.carried_bytes += size
        if line.bits_per_s is not None:
            self._free_s = max(self._free_s, loop.time()) + 8 * size / line.bits_per_s
            await asyncio.sleep(self._free_s - loop.time())
        return loop.time() + (line.delay_ms + self._random.uniform(0, line.jitter_ms)) / 1000

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what comes from one end to the other, until it ends."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(pieces, writer))
        try:
            with contextlib.suppress(OSError):
                while piece := await reader.read(_PIECE_BYTES if self.line.bits_per_s else 1 << 16):
                    pieces.put_nowait((await self.wait_for_turn(len(piece)), piece))
            pieces.put_nowait((0, b""))
            await delivering
        finally:
            delivering.cancel()

    async def _deliver(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                arrives_s, piece = await pieces.get()
                if not piece:
                    writer.write_eof()
                    return
                if arrives_s > loop.time():
                    await asyncio.sleep(arrives_s - loop.time())
                writer.write(piece)
                await writer.drain()


class Relay:
    """Listens on a port of its own and carries each connection to a server's.

    Parameters
    ----------
    port
        The server's, on loopback.
    """

    def __init__(self, port: int) -> None:
        self._to_port = port
        self._down, self._up = _Direction(1), _Direction(2)
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = LoopThread("relay")
        self._server = self._thread.submit(asyncio.start_server(self._connect, "127.0.0.1", 0)).result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def become(self, *, down: Line = PLAIN, up: Line = PLAIN) -> None:
        """Be another line from now on, for what has not begun its way.

        Parameters
        ----------
        down
            From the server.
        up
            To the server.
        """

        def become() -> None:
            self._down.line, self._up.line = down, up

        self._thread.call(become)

    @property
    def carried_bytes(self) -> tuple[int, int]:
        """How many came from the server, and how many went to it."""
        return self._down.carried_bytes, self._up.carried_bytes

    def cut(self) -> None:
        """End every connection; the next ones are carried again."""
        self._thread.submit(self._end_connections()).result()

    def stop(self) -> None:
        """End every connection, and accept none any more."""
        self._thread.submit(self._close()).result()
        self._thread.stop()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        ends = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
            ends.append(far_writer)
            await asyncio.gather(self._up.pump(reader, far_writer), self._down.pump(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # the server is gone, or the relay ends
        finally:
            for end in ends:
                end.close()
            for end in ends:
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            self._connections.discard(task)

    async def _close(self) -> None:
        self._server.close()
        await asyncio.sleep(0)  # what was accepted just before is a connection now
        await self._end_connections()

    async def _end_connections(self) -> None:
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)


@contextlib.contextmanager
def relayed(port: int) -> Generator[Relay]:
    """Open a relay to a port, and stop it at the end of the block."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.stop()
