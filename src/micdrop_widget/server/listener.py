"""Listens on a port, and serves the calls that come in."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from micdrop_widget._silent_logger import silent_logger
from micdrop_widget.protocol import parse_client_frame
from micdrop_widget.server.call import MakeResponder, ServerCall
from micdrop_widget.server.handshake import CallRefused, HandshakePolicy, LimitExceeded, Limits

__all__ = ["CheckParams", "Listener", "OnFrame", "Service"]

_log = logging.getLogger("micdrop_widget.server")

_silent = silent_logger("micdrop_widget.server.websockets")

_PARAMS_TIMEOUT_S = 3
_CHECK_TIMEOUT_S = 10
_CLOSE_TIMEOUT_S = 2
_MAX_REASON_BYTES = 123

CheckParams: TypeAlias = Callable[[dict[str, Any]], Any]
OnFrame: TypeAlias = Callable[[ServerCall, str | bytes], object]


@dataclass(frozen=True, slots=True)
class Service:
    """How a server serves its calls, and which connections it accepts."""

    make_responder: MakeResponder
    check_params: CheckParams | None
    on_frame: OnFrame | None
    handshake: HandshakePolicy
    limits: Limits


class Listener:
    """Listens on a port, and holds the calls that came in. Everything here runs on one event loop.

    It knows nothing of the `CallServer` that opened it, which may be forgotten meanwhile.

    Attributes
    ----------
    service
        How the calls are served.
    calls
        The calls that are up, in the order they came in.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.calls: dict[ServerConnection, ServerCall] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._server: Server | None = None
        self._secure = False

    @property
    def url(self) -> str:
        """Address of the server; open only."""
        assert self._server is not None
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"{'wss' if self._secure else 'ws'}://{f'[{host}]' if ':' in host else host}:{port}"

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Listen.

        Raises
        ------
        OSError
            The port is taken, or the host is none of this machine.
        """
        self._secure = tls is not None
        self._server = await serve(
            self._handle,
            host,
            port,
            ssl=tls,
            process_request=self._judge,
            max_size=max(self.service.limits.frame_bytes, self.service.limits.params_bytes + 1),
            compression=None,
            close_timeout=_CLOSE_TIMEOUT_S,
            logger=_silent,
        )

    async def close(self) -> None:
        """End every call with 1001 and stop listening. May be called again."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        if self._connections:
            _, hanging = await asyncio.wait(self._connections, timeout=_CLOSE_TIMEOUT_S + 1)
            for connection in hanging:  # the user's code does not return
                connection.cancel()
        await server.wait_closed()

    def change_service(self, service: Service) -> None:
        """Serve new calls by another service, and the calls that are up from their next utterance on."""
        self.service = service
        for call in self.calls.values():
            call.change_responder(service.make_responder)

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        headers = request.headers
        refusal = self.service.handshake.refusal(headers.get_all("Host"), headers.get_all("Origin"))
        if refusal is None:
            return None
        _log.warning("a connection from %s was refused: its Host or Origin is not allowed", _peer(connection))
        return connection.respond(403, refusal)

    # One call

    async def _handle(self, connection: ServerConnection) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(connection)
        except (CallRefused, LimitExceeded) as refused:
            await connection.close(refused.close_code, refused.reason)
        except ConnectionClosed:
            pass
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("a call failed")
            await connection.close(1011, "internal error")
        finally:
            self._connections.discard(task)

    async def _serve(self, connection: ServerConnection) -> None:
        if len(self._connections) > self.service.limits.calls:
            raise LimitExceeded(1013, f"this server takes {self.service.limits.calls} calls at once: try again later")
        params = await self._receive_params(connection)
        service = self.service
        call = ServerCall(connection, params, service.make_responder, service.limits.utterance_s)
        self.calls[connection] = call
        try:
            call.answer_with(call.responder.greet)
            await asyncio.sleep(0)  # a text goes out before a client that speaks at once interrupts it
            async for frame in connection:
                self._show(call, frame)
                if len(frame) > service.limits.frame_bytes:
                    raise LimitExceeded(1009, "the frame is too long")
                await call.receive(parse_client_frame(frame))
        finally:
            del self.calls[connection]
            await call.close()

    def _show(self, call: ServerCall, frame: str | bytes) -> None:
        if self.service.on_frame is None:
            return
        try:
            self.service.on_frame(call, frame)
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("on_frame failed")

    async def _receive_params(self, connection: ServerConnection) -> Mapping[str, Any] | None:
        check_params = self.service.check_params
        if check_params is None:
            return None
        limit = self.service.limits.params_bytes
        try:
            first = await asyncio.wait_for(connection.recv(decode=False), _PARAMS_TIMEOUT_S)
            if len(first) > limit:
                raise CallRefused(4400, f"params expected, of at most {limit} bytes")
            params = json.loads(first)
        except (asyncio.TimeoutError, ValueError, RecursionError):
            raise CallRefused(4400, "params expected, as a JSON object") from None
        if not isinstance(params, dict):
            raise CallRefused(4400, "params expected, as a JSON object")
        try:
            checked = check_params(params)
            if inspect.isawaitable(checked):
                await asyncio.wait_for(checked, _CHECK_TIMEOUT_S)
        except ValueError as error:
            reason = str(error).encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
            raise CallRefused(4400, reason) from None
        return params


def _peer(connection: ServerConnection) -> str:
    host, port = (connection.remote_address or ("?", 0))[:2]
    return f"{host}:{port}"
