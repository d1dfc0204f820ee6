"""A Micdrop server that does what a script says, faults included: for tests of clients."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeAlias

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from micdrop_widget.testing.faulty_call import FaultyCall

__all__ = ["FaultyServer", "Script"]

_log = logging.getLogger("micdrop_widget.testing")
_silent = logging.getLogger("micdrop_widget.testing.websockets")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())
_silent.setLevel(logging.CRITICAL + 1)

Script: TypeAlias = Callable[[FaultyCall], Awaitable[None]] | int
"""What the server does in one call. When it returns, the call stays up until the client leaves. An int is the HTTP
status that the handshake is answered with: there is no call."""


class FaultyServer:
    """A Micdrop server on loopback that does in each call what its script says.

    Parameters
    ----------
    scripts
        Async functions of a `FaultyCall`, or an HTTP status to refuse with: one for each call, in the order they come
        in; the last one serves all further calls.
    delay_ms
        Every frame takes so long to the client; the script does not wait for it.
    jitter_ms
        Every frame takes a random time up to this longer; none overtakes another.
    handshake_ms
        How long the WebSocket handshake takes.
    seed
        The seed of all random times: the same seed gives the same times.

    Attributes
    ----------
    calls
        Every call so far that was not refused at its handshake.
    handshakes
        The number of handshakes so far, refused ones included.

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
        jitter_ms: float = 0,
        handshake_ms: float = 0,
        seed: int = 0,
    ) -> None:
        if not scripts or not all(callable(script) or isinstance(script, int) for script in scripts):
            raise TypeError("FaultyServer: expected at least one async function, async def script(call)")
        if min(delay_ms, jitter_ms, handshake_ms) < 0:
            raise ValueError("FaultyServer: expected delays that are not negative")
        self.calls: list[FaultyCall] = []
        self.handshakes = 0
        self._delay_ms = delay_ms
        self._jitter_ms = jitter_ms
        self._seed = seed
        self._handshake_ms = handshake_ms
        self._scripts = scripts
        self._accepted: dict[ServerConnection, int] = {}
        """The numbers of the calls whose handshake is under way."""
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
            process_request=self._answer_handshake,
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

    async def _answer_handshake(self, connection: ServerConnection, _: Request) -> Response | None:
        number = self.handshakes
        self.handshakes += 1
        await asyncio.sleep(self._handshake_ms / 1000)
        script = self._script(number)
        if isinstance(script, int):
            return connection.respond(script, "the script refuses this call")
        self._accepted[connection] = number
        return None

    def _script(self, number: int) -> Script:
        return self._scripts[min(number, len(self._scripts) - 1)]

    async def _handle(self, connection: ServerConnection) -> None:
        number = self._accepted.pop(connection)
        script = self._script(number)
        assert not isinstance(script, int), "refused at the handshake"
        call = FaultyCall(number, connection, delay_ms=self._delay_ms, jitter_ms=self._jitter_ms, seed=self._seed)
        self.calls.append(call)
        tasks = [asyncio.ensure_future(work) for work in (call._receive(), call._run_line(), self._run(script, call))]
        try:
            await connection.wait_closed()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _run(self, script: Callable[[FaultyCall], Awaitable[None]], call: FaultyCall) -> None:
        try:
            await script(call)
        except ConnectionClosed:  # the client left meanwhile
            return
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("the script of call %d failed", call.number)
            await call.close(1011, "the script failed")
