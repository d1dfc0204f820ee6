"""The WebSocket of a call: opens, sends in order, receives, and says why it ended. Errors are mapped here, once."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import ssl
from collections.abc import Callable
from typing import TypeAlias

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from micdrop_widget.call.options import CallOptions, masked_url
from micdrop_widget.errors import MicdropError, MicdropErrorCode, error_for_http_status
from micdrop_widget.protocol import parse_server_frame
from micdrop_widget.state import inputs

__all__ = ["Transport"]

MAX_FRAME_BYTES = 32 * 1024 * 1024
"""A server may send a minute of speech (2 MB) in one frame, and more."""

_MAX_QUEUED_FRAMES = 4096
"""Two minutes of speech that the server does not read: the connection is given up."""

_CLOSE_TIMEOUT_S = 2
"""How long the last frames and the closing handshake may take before the line is cut."""

_OTHER_SERVER = "Check that the url is that of a Micdrop server, and whether it begins with ws:// or wss://."

_log = logging.getLogger("micdrop_widget.call.transport")

# websockets logs urls, headers and frames at DEBUG level: params and tokens would land in the log.
_silent = logging.getLogger("micdrop_widget.call.transport.websockets")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())
_silent.setLevel(logging.CRITICAL + 1)

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

    async def drained(self) -> None:
        """Wait until everything is handed over, or will never be."""
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
                await asyncio.wait_for(self._finish(self._websocket), _CLOSE_TIMEOUT_S)
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
        """Return the connection, or what became of it.

        An error is returned, not raised: it would carry the exception it came from and the frames of this module,
        with the url, the headers and the params in them.
        """
        options = self._options
        assert options.url is not None, "the machine opens no connection without a url"
        timeout_s = options.reconnect.connection_timeout_ms / 1000
        secure = options.url.startswith("wss:")
        try:
            return await connect(
                options.url,
                additional_headers=dict(options.headers or {}),
                ssl=(options.ssl or True) if secure else None,
                open_timeout=timeout_s,
                close_timeout=_CLOSE_TIMEOUT_S,
                ping_interval=None,
                max_size=MAX_FRAME_BYTES,
                compression=None,  # PCM does not shrink, and deflate costs latency
                logger=_silent,
            )
        except InvalidStatus as error:
            return error_for_http_status(error.response.status_code)
        except (TimeoutError, asyncio.TimeoutError):
            return self._failure(f"did not answer within {timeout_s:g} s")
        except ssl.SSLCertVerificationError as error:
            return self._failure(
                f"has a certificate that is not trusted ({error.verify_message})",
                "Pass ssl=ssl.create_default_context(cafile=…) with the server's certificate authority.",
            )
        except ssl.SSLError as error:
            return self._failure(f"does not speak TLS as expected ({error.reason})", _OTHER_SERVER)
        except ConnectionResetError:
            return self._failure("broke the connection off before the call", _OTHER_SERVER)
        except OSError as error:
            return self._failure(_reason(error))
        except (InvalidHandshake, EOFError) as error:
            # The text of these, and of those below, may quote the url: only the kind of the failure is told.
            return self._failure(f"does not answer as a WebSocket server ({type(error).__name__})", _OTHER_SERVER)
        except Exception as error:  # noqa: BLE001 - the border to websockets: whatever it is, the call has to end
            return self._failure(
                f"cannot be called ({type(error).__name__})",
                "Check the url, the headers, ssl, and the proxy that the environment sets.",
            )

    def _failure(self, what: str, remedy: str = "Start the server, or check the url.") -> MicdropError:
        assert self._options.url is not None
        server = masked_url(self._options.url)
        return MicdropError(MicdropErrorCode.Connection, f"The server at {server} {what}.", remedy)


async def _round_trip_s(websocket: ClientConnection) -> float | None:
    """Return how long a ping takes, or None when the connection ends before."""
    try:
        return await (await websocket.ping())
    except ConnectionClosed:
        return None


def _reason(error: OSError) -> str:
    # A name with several addresses (localhost: ::1 and 127.0.0.1) fails with one error that lists theirs as text.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "refused the connection: nothing listens there"
    return f"cannot be reached ({error.strerror or type(error).__name__})"
