"""The WebSocket of a call: opens, sends in order, receives, and says why it ended. Errors are mapped here, once."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, ProxyError

from micdrop_widget.errors import MicdropError, MicdropErrorCode, error_for_http_status
from micdrop_widget.options import CallOptions, masked_url
from micdrop_widget.protocol import parse_server_frame
from micdrop_widget.state import inputs as i

__all__ = ["Transport"]

MAX_FRAME_BYTES = 32 * 1024 * 1024
"""A server may send a minute of speech (2 MB) in one frame, and more."""

_MAX_QUEUED_FRAMES = 4096
"""Two minutes of speech that the server does not read: the connection is given up."""

_CLOSE_TIMEOUT_S = 2

_log = logging.getLogger("micdrop_widget.transport")

# websockets logs urls, headers and frames at DEBUG level: params and tokens would land in the log.
_silent = logging.getLogger("micdrop_widget.transport.websockets")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())
_silent.setLevel(logging.CRITICAL + 1)

Report: TypeAlias = Callable[
    [i.ConnectionOpened | i.ConnectionFailed | i.ConnectionClosed | i.Received | i.RoundTripMeasured], None
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

    def send(self, frame: str | bytes | None) -> None:
        """Send a frame after those before it; without a frame or a connection nothing happens."""
        if self._current is not None and frame is not None:
            self._current.send(frame)

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

    async def drained(self) -> None:
        await self._outgoing.join()

    async def close(self) -> None:
        self._report = lambda report: None
        if self._websocket is None:
            self._task.cancel()
        else:
            await self._flush()
            await self._websocket.close(1000)
        await asyncio.wait([self._task])

    async def _flush(self) -> None:
        """Give the last frames (StopSpeaking) a moment to go out."""
        flushed = asyncio.ensure_future(self._outgoing.join())
        await asyncio.wait([flushed, self._task], timeout=_CLOSE_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        flushed.cancel()

    async def _run(self) -> None:
        try:
            websocket = await self._connect()
        except MicdropError as error:
            self._report(i.ConnectionFailed(self._connection, error))
            return
        self._websocket = websocket
        tasks = [asyncio.ensure_future(self._write(websocket)), asyncio.ensure_future(self._ping(websocket))]
        try:
            self._report(i.ConnectionOpened(self._connection))
            async for frame in websocket:
                self._report(i.Received(self._connection, parse_server_frame(frame)))
        except ConnectionClosed:
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await websocket.close()
        close_code = 1006 if websocket.close_code is None else websocket.close_code
        self._report(i.ConnectionClosed(self._connection, close_code, websocket.close_reason or ""))

    async def _write(self, websocket: ClientConnection) -> None:
        while True:
            frame = await self._outgoing.get()
            try:
                await websocket.send(frame)
            except ConnectionClosed:
                return  # the reading side reports it
            finally:
                self._outgoing.task_done()

    async def _ping(self, websocket: ClientConnection) -> None:
        """Measure the round trip once, early: the interruption guard needs it before the first keepalive."""
        try:
            round_trip_s = await (await websocket.ping())
        except ConnectionClosed:
            return
        self._report(i.RoundTripMeasured(self._connection, round_trip_s * 1000))

    async def _connect(self) -> ClientConnection:
        options = self._options
        assert options.url is not None, "the machine opens no connection without a url"
        timeout_s = options.reconnect.connection_timeout_ms / 1000
        secure = options.url.startswith("wss:")
        try:
            return await connect(
                options.url,
                additional_headers=dict(options.headers or {}),
                ssl=options.ssl if secure else None,
                open_timeout=timeout_s,
                close_timeout=_CLOSE_TIMEOUT_S,
                ping_interval=options.ping_interval_s,
                ping_timeout=options.ping_interval_s,
                max_size=MAX_FRAME_BYTES,
                compression=None,  # PCM does not shrink, and deflate costs latency
                logger=_silent,
            )
        except InvalidStatus as error:
            raise error_for_http_status(error.response.status_code) from None
        except (TimeoutError, asyncio.TimeoutError):
            raise self._failure(f"did not answer within {timeout_s:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise self._failure(
                f"has a certificate that is not trusted ({error.verify_message})",
                "Pass ssl=ssl.create_default_context(cafile=…) with the server's certificate authority.",
            ) from None
        except ssl.SSLError as error:
            raise self._failure(
                f"does not speak TLS as expected ({error.reason})",
                "Check whether the server wants ws:// instead of wss://.",
            ) from None
        except ConnectionRefusedError:
            raise self._failure("refused the connection: nothing listens there") from None
        except OSError as error:
            raise self._failure(f"cannot be reached ({error.strerror or type(error).__name__})") from None
        except (InvalidHandshake, InvalidURI, ProxyError, EOFError) as error:
            # The text of these may quote the url: only the kind of the failure is told.
            raise self._failure(
                f"does not answer as a WebSocket server ({type(error).__name__})",
                "Check that the url is that of a Micdrop server.",
            ) from None

    def _failure(self, what: str, remedy: str = "Start the server, or check the url.") -> MicdropError:
        assert self._options.url is not None
        server = masked_url(self._options.url)
        return MicdropError(MicdropErrorCode.Connection, f"The server at {server} {what}.", remedy)
