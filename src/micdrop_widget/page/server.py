"""Serves the page on this machine's loopback interface, and carries its messages. All of it on the loop thread."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from micdrop_widget._silent_logger import silent_logger
from micdrop_widget.browser import PageCall, messages
from micdrop_widget.page.files import SOCKET_PATH, file_at, headers_for
from micdrop_widget.page.frames import decode_frame, encode_frame
from micdrop_widget.page.limits import PageLimits, PendingConnections, Rate
from micdrop_widget.page.request_origin import is_own_host, is_own_origin
from micdrop_widget.page.state_messages import StateMessages

__all__ = ["PageServer"]

_log = logging.getLogger("micdrop_widget.page.server")

_silent = silent_logger("micdrop_widget.page.websockets")

# The close codes of the page's connection; `js/src/host/websocket.js` has the same.
_CLOSED = 4000
_REFUSED = 4401
_SUPERSEDED = 4409
_TOO_MUCH = 1008

_CLOSE_TIMEOUT_S = 1

_PLAIN = "text/plain; charset=utf-8"


def _connection_class(pending: PendingConnections) -> type[ServerConnection]:
    """Return the class of connections that are pending from their first byte on."""

    class Connection(ServerConnection):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            pending.add(self, self.transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            pending.remove(self)
            super().connection_lost(exc)

    return Connection


class PageServer:
    """The page of one call, for one browser at a time: a carrier of `PageCall`.

    Parameters
    ----------
    call
        The call that the page shows.
    limits
        How much a connection may ask for.
    on_end
        Called once, when the page is served no more: it was closed, or no browser has connected for a while.
    """

    def __init__(self, call: PageCall, limits: PageLimits, on_end: Callable[[], object]) -> None:
        self._call = call
        self._limits = limits
        self._on_end = on_end
        self._token = secrets.token_urlsafe(32)
        self._pending = PendingConnections(limits.waiting)
        self._server: Server | None = None
        self._page: ServerConnection | None = None
        """The connection of the page that has shown the token last."""
        self._page_id: str | None = None
        """The id of that page, from its hello to its goodbye."""
        self._state = StateMessages(self.send, call.core.state, call.owner)
        self._idle_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    # From its opening to its end

    async def open(self, port: int = 0) -> str:
        """Listen on a port, 0 for a free one, and return the address of the page, with its token.

        Raises
        ------
        OSError
            The port is taken.
        """
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            port,
            create_connection=_connection_class(self._pending),
            process_request=self._answer,
            max_size=self._limits.frame_bytes,
            open_timeout=self._limits.token_s,
            close_timeout=_CLOSE_TIMEOUT_S,
            compression=None,
            server_header=None,
            logger=_silent,
        )
        self._call.add(self, self._state)
        self._await_page()
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"http://127.0.0.1:{port}/#{self._token}"

    async def close(self) -> None:
        """Report the end to the page, and serve it no more. May be called again."""
        server, self._server = self._server, None
        if server is None:
            return
        self._state.send_state(closed=True)
        self._stop_idle_timer()
        page = self._page
        self._leave()
        self._call.remove(self)
        if page is not None:
            await page.close(_CLOSED, "the call was closed")
        server.close()
        await server.wait_closed()
        if others := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(others)
        self._on_end()

    @property
    def has_page(self) -> bool:
        """Whether a browser shows the page now."""
        return self._page is not None

    # To the page: a `Carrier`

    def send(self, content: messages.Content, buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        """Send a message to the page, if there is one; see `micdrop_widget.browser.Carrier`."""
        page = self._page
        if page is None:
            return
        broadcast([page], encode_frame(content, buffers))
        if page.transport.get_write_buffer_size() > self._limits.unsent_bytes:
            _log.warning("the page reads nothing any more: its connection is closed")
            page.transport.abort()

    def deferred_sent(self) -> None:
        """Do nothing: this carrier has no small messages of its own."""

    # From a browser, or anybody else who connects

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Serve a file, refuse, or return None for what is to become the page's WebSocket."""
        hosts, origins = request.headers.get_all("Host"), request.headers.get_all("Origin")
        if not is_own_host(hosts):
            _log.warning("a request was refused: its Host is no name of this machine")
            return self._respond(403, "Forbidden", _PLAIN, b"Refused: the Host of this request is not localhost.\n")
        if getattr(request, "method", "GET") != "GET":  # before websockets 17 no other comes this far
            return self._respond(405, "Method Not Allowed", _PLAIN, b"Only GET is served here.\n", hosts[0])
        if request.path == SOCKET_PATH:
            if is_own_origin(hosts, origins):
                return None
            _log.warning("a connection was refused: its Origin is not the page")
            return self._respond(403, "Forbidden", _PLAIN, b"Refused: only the page itself may connect.\n", hosts[0])
        file = file_at(request.path)
        if file is None:
            return self._respond(404, "Not Found", _PLAIN, b"There is nothing here.\n", hosts[0])
        return self._respond(200, "OK", *file, hosts[0])

    def _respond(self, status: int, reason: str, kind: str, body: bytes, host: str = "localhost") -> Response:
        return Response(status, reason, headers_for(kind, len(body), host), body)

    async def _serve(self, connection: ServerConnection) -> None:
        try:
            if not await self._shows_token(connection):
                _log.warning("a connection was refused: it has not shown the token of this page")
                await connection.close(_REFUSED, "this page is not, or no more, served to you")
                return
            self._admit(connection)
            await self._receive_all(connection)
        except ConnectionClosed:
            pass
        finally:
            if connection is self._page:
                self._leave()
                self._await_page()

    async def _shows_token(self, connection: ServerConnection) -> bool:
        try:
            first = json.loads(await asyncio.wait_for(connection.recv(decode=False), self._limits.token_s))
            token = first["token"] if first["type"] == "enter" else ""
            return hmac.compare_digest(token.encode(), self._token.encode())
        except (asyncio.TimeoutError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False

    def _admit(self, connection: ServerConnection) -> None:
        """Give the page to the newest browser, and disconnect the one that had it."""
        former = self._page
        self._leave()
        self._stop_idle_timer()
        self._pending.remove(connection)
        self._page = connection
        self._state.send_state()
        if former is not None:
            _log.info("another browser has the page from now on")
            task = asyncio.ensure_future(former.close(_SUPERSEDED, "another browser has this page now"))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _receive_all(self, connection: ServerConnection) -> None:
        clock_s = asyncio.get_running_loop().time
        frames, size = Rate(self._limits.frames_per_s), Rate(self._limits.bytes_per_s)
        async for frame in connection:
            if connection is not self._page:
                return  # another one has it
            try:
                parsed = messages.parse_messages(*decode_frame(frame))
            except ValueError as error:
                _log.warning("the page sent a message that cannot be read: %s", error)
                parsed = []
            if any(not self._receive(message) for message in parsed):
                await connection.close(_TOO_MUCH, "a connection is of one page")
                return
            await asyncio.sleep(max(frames.delay_s(1, clock_s()), size.delay_s(len(frame), clock_s())))

    def _receive(self, message: messages.BrowserMessage) -> bool:
        """Forward a message, and return whether it is of the same page as the others of this connection."""
        if self._page_id is None:
            self._page_id = message.page_id
        if message.page_id != self._page_id:
            return False
        if isinstance(message, messages.Bye):
            self._page_id = None
        # while_busy: its messages arrive while a cell runs
        self._call.receive(message, self, while_busy=True)
        return True

    def _leave(self) -> None:
        """Note that the page is gone, with or without its `Bye`."""
        page_id, self._page_id, self._page = self._page_id, None, None
        if page_id is not None:
            self._call.receive(messages.Bye(page_id, page_gone=True), self)

    def _await_page(self) -> None:
        """Begin to wait for a browser; when none connects for a while, the page is served no more."""
        self._stop_idle_timer()
        if self._server is not None:
            self._idle_timer = asyncio.get_running_loop().call_later(self._limits.idle_s, self._close_idle)

    def _stop_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _close_idle(self) -> None:
        _log.info("nobody has come to the page for %g s: it is closed", self._limits.idle_s)
        task = asyncio.ensure_future(self.close())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
