"""The WebSocket of a call: opens, sends in order, receives, and reports why it ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TypeAlias

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from micdrop_widget.call.connect import CLOSE_TIMEOUT_S, open_websocket
from micdrop_widget.call.credentials import check_headers, check_params, current, params_text
from micdrop_widget.call.options import CallOptions
from micdrop_widget.errors import MicdropError
from micdrop_widget.protocol import parse_server_frame
from micdrop_widget.state import inputs

__all__ = ["Transport"]

_MAX_QUEUED_FRAMES = 4096
"""Two minutes of speech that the server does not read: the connection is given up."""

_log = logging.getLogger("micdrop_widget.call.transport")

Report: TypeAlias = Callable[
    [
        inputs.ConnectionOpened
        | inputs.ConnectionFailed
        | inputs.ConnectionClosed
        | inputs.Received
        | inputs.RoundTripMeasured
    ],
    None,
]


class Transport:
    """At most one open WebSocket at a time; all methods are called on one event loop.

    Parameters
    ----------
    report
        Called on the loop with everything that the connection does.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._current: _Socket | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def open(self, connection: int, options: CallOptions) -> None:
        """Begin to open a socket, known by this number from here on."""
        self.close()
        self._current = _Socket(connection, options, self._report)

    def send(self, frame: str | bytes) -> None:
        """Send a frame after the earlier ones; without a connection nothing happens."""
        if self._current is not None:
            self._current.send(frame)

    def send_params(self) -> None:
        """Send the params of this connection, if there are any."""
        if self._current is not None:
            self._current.send_params()

    async def drained(self) -> None:
        """Wait until what was sent has been handed to the network."""
        if self._current is not None:
            await self._current.drained()

    def close(self) -> None:
        """Close the socket with 1000, in the background; it reports nothing any more."""
        if self._current is not None:
            task = asyncio.ensure_future(self._current.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._current = None

    async def closed(self) -> None:
        """Wait until every socket that was closed is gone."""
        while self._closing:
            await asyncio.wait(self._closing)


class _Socket:
    """One WebSocket, from the handshake to the close."""

    def __init__(self, connection: int, options: CallOptions, report: Report) -> None:
        self._connection = connection
        self._options = options
        self._report: Report = report
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue(_MAX_QUEUED_FRAMES)
        self._websocket: ClientConnection | None = None
        self._params: str | None = None
        """The first frame, until it is sent."""
        self._answered = asyncio.Event()
        self._stalled = False
        self._task = asyncio.ensure_future(self._run())

    def send(self, frame: str | bytes) -> None:
        try:
            self._outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            if not self._stalled and self._websocket is not None:
                self._stalled = True
                _log.error("the server reads nothing: giving the connection up")
                self._websocket.transport.abort()

    def send_params(self) -> None:
        params, self._params = self._params, None
        if params is not None:
            self.send(params)

    async def drained(self) -> None:
        """Wait until every frame has been handed to the network, or the connection has ended."""
        joined = asyncio.ensure_future(self._outgoing.join())
        try:
            await asyncio.wait([joined, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            joined.cancel()

    async def close(self) -> None:
        self._report = lambda report: None
        if self._websocket is None:
            self._task.cancel()
        else:
            try:
                await asyncio.wait_for(self._finish(self._websocket), CLOSE_TIMEOUT_S)
            except asyncio.TimeoutError:
                self._websocket.transport.abort()  # it does not read, not even a close frame
        await asyncio.wait([self._task])

    async def _finish(self, websocket: ClientConnection) -> None:
        await self.drained()  # StopSpeaking is among the last frames
        await websocket.close(1000)

    async def _run(self) -> None:
        websocket = await self._connect()
        if isinstance(websocket, MicdropError):
            self._report(inputs.ConnectionFailed(self._connection, websocket))
            return
        self._websocket = websocket
        tasks = [asyncio.ensure_future(self._write(websocket)), asyncio.ensure_future(self._keep_alive(websocket))]
        try:
            self._report(inputs.ConnectionOpened(self._connection))
            async for frame in websocket:
                self._answered.set()
                self._report(inputs.Received(self._connection, parse_server_frame(frame)))
        except ConnectionClosed:
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await websocket.close()
        close_code = 1006 if websocket.close_code is None else websocket.close_code
        self._report(inputs.ConnectionClosed(self._connection, close_code, websocket.close_reason or ""))

    async def _write(self, websocket: ClientConnection) -> None:
        while True:
            frame = await self._outgoing.get()
            try:
                await websocket.send(frame)
            except ConnectionClosed:
                return  # the reading side reports it
            finally:
                self._outgoing.task_done()

    async def _keep_alive(self, websocket: ClientConnection) -> None:
        """Measure the round trip, early and then at each interval, and give up a server that does not answer.

        The keepalive of websockets is not used: its pings wait behind what a dead peer does not read. The first ping
        waits for the server's first frame: a server that refuses the call closes and terminates in one go, and
        whatever is on the way to it then costs the client the close code.
        """
        interval_s = self._options.ping_interval_s
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._answered.wait(), interval_s)
        while await self._answers_ping(websocket):
            if interval_s is None:
                return
            await asyncio.sleep(interval_s)

    async def _answers_ping(self, websocket: ClientConnection) -> bool:
        """Measure one round trip; a server that does not answer in time is given up."""
        interval_s = self._options.ping_interval_s
        measuring = asyncio.ensure_future(_round_trip_s(websocket))
        try:
            # Not wait_for, which before Python 3.12 may swallow a cancellation that comes with the answer.
            done, _ = await asyncio.wait([measuring], timeout=interval_s)
        finally:
            measuring.cancel()
        if not done:
            _log.warning("the server did not answer a ping within %g s: giving the connection up", interval_s)
            websocket.transport.abort()
            return False
        round_trip_s = measuring.result()
        if round_trip_s is None:
            return False
        self._report(inputs.RoundTripMeasured(self._connection, round_trip_s * 1000))
        return True

    async def _connect(self) -> ClientConnection | MicdropError:
        """Return the connection, or why there is none. Params and headers are computed anew for each connection."""
        options = self._options
        assert options.url is not None, "the machine opens no connection without a url"
        timeout_s = options.reconnect.connection_timeout_ms / 1000
        try:
            headers = await current("headers", options.headers, check_headers, timeout_s)
            self._params = params_text(await current("params", options.params, check_params, timeout_s))
        except MicdropError as error:
            return error
        return await open_websocket(
            options.url,
            headers=headers or {},
            subprotocols=options.subprotocols,
            ssl=options.ssl,
            proxy=options.proxy,
            timeout_s=timeout_s,
        )


async def _round_trip_s(websocket: ClientConnection) -> float | None:
    """Return how long a ping takes, or None when the connection ends before."""
    try:
        return await (await websocket.ping())
    except ConnectionClosed:
        return None
