"""The embedded Micdrop server: the protocol over WebSocket on loopback, one replaceable function per utterance."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, TypeAlias

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from micdrop_widget._threads import LoopThread
from micdrop_widget.audio import Pcm
from micdrop_widget.protocol import parse_client_frame
from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.echo import echo

__all__ = ["CallRefused", "Greet", "MicdropServer", "Respond"]

_log = logging.getLogger("micdrop_widget.server")

# websockets logs frames and headers at DEBUG level: params would land in the log.
_silent = logging.getLogger("micdrop_widget.server.websockets")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())
_silent.setLevel(logging.CRITICAL + 1)

_PARAMS_TIMEOUT_S = 3
_MAX_FRAME_BYTES = 32 * 1024 * 1024
_MAX_REASON_BYTES = 123

Respond: TypeAlias = Callable[[ServerCall, Pcm], Awaitable[None]]
"""What a server does with an utterance: gets the call and int16 samples at 16 kHz; cancelled by interruption."""

Greet: TypeAlias = Callable[[ServerCall], Awaitable[None]]
"""What a server says first."""

CheckParams: TypeAlias = Callable[[dict[str, Any]], Any]


class CallRefused(Exception):  # noqa: N818 - a refusal is no error of the server
    """Raised by `check_params` to refuse a call.

    Parameters
    ----------
    close_code
        4400 bad request, 4401 unauthorized, 4404 not found, or any other from 4000 to 4999.
    reason
        Short text for the client, at most 123 bytes.

    Raises
    ------
    ValueError
        Another code, or a longer reason: WebSocket has no room for them.
    """

    def __init__(self, close_code: int = 4401, reason: str = "") -> None:
        if not 4000 <= close_code <= 4999:
            raise ValueError(f"CallRefused: expected a close code from 4000 to 4999, got {close_code!r}")
        if len(reason.encode()) > _MAX_REASON_BYTES:
            raise ValueError(f"CallRefused: expected a reason of at most {_MAX_REASON_BYTES} bytes")
        super().__init__(close_code, reason)
        self.close_code = close_code
        self.reason = reason


class MicdropServer:
    """A Micdrop server on loopback.

    Parameters
    ----------
    respond
        An async function that answers one utterance: `async def respond(call, utterance)`, with a `ServerCall` and
        int16 samples at 16 kHz. It is cancelled when the user interrupts. The default echoes.
    host, port
        Where to listen; port 0 takes a free one.
    greeting
        What the server says first: a text, sent as the assistant's message; an async function
        `async def greet(call)` that speaks, cancelled when the user interrupts; or None, which only says that the
        server is ready.
    check_params
        A function, async or not, that is given the client's params and raises `CallRefused` (4401 by default) or
        `ValueError` (4400) to refuse the call. With it the server waits 3 s for the params, as Micdrop's does.
    on_frame
        Called with each `ServerCall` and raw frame (str or bytes) that comes from a client, in order.

    Examples
    --------
    In a program, on its own event loop::

        async with MicdropServer() as server:
            print(server.url)

    In a notebook cell, in a thread of its own, so that a busy kernel does not stop it::

        server = MicdropServer().start()
    """

    def __init__(
        self,
        respond: Respond = echo,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        greeting: str | Greet | None = "Say something: I answer with your own voice.",
        check_params: CheckParams | None = None,
        on_frame: Callable[[ServerCall, str | bytes], object] | None = None,
    ) -> None:
        if not inspect.iscoroutinefunction(respond):
            raise TypeError("respond: expected an async function, async def respond(call, utterance)")
        if callable(greeting) and not inspect.iscoroutinefunction(greeting):
            raise TypeError("greeting: expected a text or an async function, async def greet(call)")
        self._respond = respond
        self._host = host
        self._port = port
        self._greeting = greeting
        self._check_params = check_params
        self._on_frame = on_frame
        self._server: Server | None = None
        self._thread: LoopThread | None = None

    def __repr__(self) -> str:
        return f"<MicdropServer {self.url}>" if self._server else "<MicdropServer, not started>"

    @property
    def url(self) -> str:
        """Address of the server.

        Raises
        ------
        RuntimeError
            The server is not started.
        """
        if self._server is None:
            raise RuntimeError("the server is not started: use `async with MicdropServer()` or MicdropServer().start()")
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"

    # On the running event loop

    async def __aenter__(self) -> MicdropServer:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    # In a thread of its own

    def start(self) -> MicdropServer:
        """Serve in a thread of its own until `stop()`; returns when the server listens. Again is no error.

        Raises
        ------
        OSError
            The port is taken; the message names it.
        """
        if self._server is None:
            self._thread = LoopThread("micdrop-server")
            try:
                self._thread.submit(self._open()).result()
            except BaseException:
                self._thread.stop()
                self._thread = None
                raise
        return self

    def stop(self) -> None:
        """End every call and stop serving; returns when the port is free. Again is no error."""
        if self._thread is not None:
            self._thread.submit(self._close()).result()
            self._thread.stop()
            self._thread = None

    async def _open(self) -> None:
        if self._server is not None:
            raise RuntimeError("the server is started already")
        try:
            self._server = await serve(
                self._handle,
                self._host,
                self._port,
                max_size=_MAX_FRAME_BYTES,
                compression=None,
                close_timeout=2,
                logger=_silent,
            )
        except OSError as error:
            raise OSError(
                error.errno, f"cannot listen on {self._host}:{self._port} ({error.strerror}): choose another port"
            ) from None

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    # One call

    async def _handle(self, connection: ServerConnection) -> None:
        try:
            params = await self._receive_params(connection)
        except CallRefused as refused:
            await connection.close(refused.close_code, refused.reason)
            return
        except ConnectionClosed:
            return
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("check_params failed")
            await connection.close(1011, "internal error")
            return
        call = ServerCall(connection, params, self._respond)
        await self._greet(call)
        try:
            async for frame in connection:
                self._show(call, frame)
                await call.receive(parse_client_frame(frame))
        except ConnectionClosed:
            pass
        finally:
            await call.cancel_answer()

    async def _greet(self, call: ServerCall) -> None:
        if callable(self._greeting):
            call.answer_with(self._greeting, call)
            return
        if self._greeting is not None:
            await call.send_message("assistant", self._greeting)
        await call.skip_answer()

    def _show(self, call: ServerCall, frame: str | bytes) -> None:
        if self._on_frame is None:
            return
        try:
            self._on_frame(call, frame)
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("on_frame failed")

    async def _receive_params(self, connection: ServerConnection) -> Mapping[str, Any] | None:
        if self._check_params is None:
            return None
        try:
            first = await asyncio.wait_for(connection.recv(), _PARAMS_TIMEOUT_S)
            params = json.loads(first)
        except (asyncio.TimeoutError, ValueError):
            raise CallRefused(4400, "params expected, as a JSON object") from None
        if not isinstance(params, dict):
            raise CallRefused(4400, "params expected, as a JSON object")
        try:
            checked = self._check_params(params)
            if inspect.isawaitable(checked):
                await checked
        except ValueError as error:
            reason = str(error).encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
            raise CallRefused(4400, reason) from None
        return params
