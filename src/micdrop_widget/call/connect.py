"""Opens the WebSocket of a call: redirects, proxies, and every failure as one `MicdropError`."""

from __future__ import annotations

import asyncio
import errno
import ssl as ssl_module
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidProxyStatus, InvalidStatus, ProxyError
from websockets.typing import Subprotocol

from micdrop_widget._silent_logger import silent_logger
from micdrop_widget.call.options import masked_url
from micdrop_widget.call.proxies import ProxyOption, masked_proxy, proxy_for, proxy_problem
from micdrop_widget.errors import MicdropError, MicdropErrorCode, error_for_http_status

__all__ = ["CLOSE_TIMEOUT_S", "MAX_FRAME_BYTES", "open_websocket"]

MAX_FRAME_BYTES = 32 * 1024 * 1024
"""A server may send a minute of speech (2 MB) in one frame, and more."""

CLOSE_TIMEOUT_S = 2
"""How long the last frames and the closing handshake may take before the line is cut."""

_MAX_REDIRECTS = 5
_REDIRECTS = (300, 301, 302, 303, 307, 308)

_OTHER_SERVER = "Check that the url is that of a Micdrop server, and whether it begins with ws:// or wss://."
_DIRECTLY = "Pass proxy=None to connect without it, or set NO_PROXY to the server's host."

_silent = silent_logger("micdrop_widget.call.connect.websockets")


async def open_websocket(
    url: str,
    *,
    headers: Mapping[str, str],
    subprotocols: Sequence[str] | None,
    ssl: ssl_module.SSLContext | None,
    proxy: ProxyOption,
    timeout_s: float,
) -> ClientConnection | MicdropError:
    """Return an open WebSocket, or the error that says why there is none.

    An error is returned, not raised: it would carry the exception it came from and the frames of this module, with
    the url, the headers and the params in them. A redirect is followed only within the origin that was given, or
    from `ws` to `wss` on the same host: headers and params go nowhere else.
    """
    attempt = _Attempt(url, headers, subprotocols, ssl, proxy)
    connecting = asyncio.ensure_future(attempt.follow())
    try:
        # Not wait_for, which before Python 3.12 may swallow a cancellation that comes with the connection.
        await asyncio.wait([connecting], timeout=timeout_s)
    except asyncio.CancelledError:
        await _abandon(connecting)
        raise
    if connecting.done():
        return connecting.result()
    await _abandon(connecting)
    return attempt.failure(f"did not answer within {timeout_s:g} s")


class _RedirectedError(Exception):
    """The server sends the call elsewhere."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location


class _Connection(ClientConnection):
    """A connection that does not follow redirects: `_Attempt` decides which of them are safe."""

    async def handshake(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as of websockets
        try:
            await super().handshake(*arguments, **options)
        except InvalidStatus as error:
            location = error.response.headers.get("Location")
            if error.response.status_code in _REDIRECTS and location is not None:
                raise _RedirectedError(location) from None
            raise


class _Attempt:
    """One attempt to connect, over as many redirects as are allowed."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        subprotocols: Sequence[str] | None,
        ssl: ssl_module.SSLContext | None,
        proxy: ProxyOption,
    ) -> None:
        self._url = url
        self._headers = headers
        self._subprotocols = subprotocols
        self._ssl = ssl
        self._proxy_option = proxy
        self._proxy: str | None = None

    async def follow(self) -> ClientConnection | MicdropError:
        for _ in range(_MAX_REDIRECTS + 1):
            outcome = await self._connect()
            if not isinstance(outcome, _RedirectedError):
                return outcome
            target = _websocket_url(self._url, outcome.location)
            refusal = self._refusal(target)
            if refusal is not None:
                return refusal
            self._url = target
        return self.failure(f"redirects the call more than {_MAX_REDIRECTS} times", _OTHER_SERVER)

    async def _connect(self) -> ClientConnection | MicdropError | _RedirectedError:
        secure = self._url.startswith("wss:")
        self._proxy = proxy_for(self._url, self._proxy_option)
        if self._proxy is not None and (problem := proxy_problem(self._proxy)) is not None:
            return self._proxy_failure(problem)
        try:
            return await connect(
                self._url,
                additional_headers=dict(self._headers),
                subprotocols=None if self._subprotocols is None else [Subprotocol(name) for name in self._subprotocols],
                ssl=(self._ssl or True) if secure else None,
                proxy=self._proxy,
                create_connection=_Connection,
                open_timeout=None,  # ours is one limit for all redirects together
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=None,
                max_size=MAX_FRAME_BYTES,
                compression=None,  # PCM does not shrink, and deflate costs latency
                logger=_silent,
            )
        except _RedirectedError as redirect:
            return _RedirectedError(redirect.location)  # a new one, which carries no frames
        except Exception as error:  # noqa: BLE001 - the border to websockets: whatever it is, the call has to end
            return self._explain(error)

    def _explain(self, error: Exception) -> MicdropError:
        """Describe an error of the network, of TLS or of websockets anew: its own text may quote a secret."""
        if self._proxy is not None and (found := self._explain_proxy(error)) is not None:
            return found
        match error:
            case InvalidStatus():
                return error_for_http_status(error.response.status_code)
            case ssl_module.SSLCertVerificationError():
                return self.failure(
                    f"has a certificate that is not trusted ({error.verify_message})",
                    "Pass ssl=ssl.create_default_context(cafile=…) with the server's certificate authority.",
                )
            case ssl_module.SSLError():
                return self.failure(f"does not speak TLS as expected ({error.reason})", _OTHER_SERVER)
            case ConnectionResetError():
                return self.failure("broke the connection off before the call", _OTHER_SERVER)
            case OSError():
                return self.failure(_reason(error))
            case InvalidHandshake() | EOFError():
                return self.failure(f"does not answer as a WebSocket server ({type(error).__name__})", _OTHER_SERVER)
            case _:
                return self.failure(
                    f"cannot be called ({type(error).__name__})", "Check the url, the headers, ssl and proxy."
                )

    def _explain_proxy(self, error: Exception) -> MicdropError | None:
        """Return the error if it is the proxy's; None when it is of the server behind it."""
        match error:
            case InvalidProxyStatus() if error.response.status_code == 407:
                return self._proxy_failure(
                    "wants a user name and a password (HTTP 407)",
                    "Give them in its address: proxy='http://USER:PASSWORD@HOST:PORT'.",
                )
            case InvalidProxyStatus():
                return self._proxy_failure(f"refuses to connect to the server (HTTP {error.response.status_code})")
            case ImportError():
                return self._proxy_failure(
                    "is a SOCKS proxy, for which a package is missing", "Run: pip install python-socks[asyncio]"
                )
            case ProxyError():
                return self._proxy_failure(f"did not connect the call ({type(error).__name__})")
            case ssl_module.SSLError():
                return None
            case OSError():
                return self._proxy_failure(_reason(error))
            case _:
                return None

    def _refusal(self, target: str) -> MicdropError | None:
        """Return why a redirect is not followed; None when it stays where headers and params may go."""
        here, there = urlsplit(self._url), urlsplit(target)
        if there.scheme not in ("ws", "wss") or not there.hostname:
            return self.failure("redirects the call to what is no WebSocket address", _OTHER_SERVER)
        if there.hostname == here.hostname:
            if here.scheme == "ws" and there.scheme == "wss":
                return None
            if there.scheme == here.scheme and there.port == here.port:
                return None
        return self.failure(
            f"redirects the call to {masked_url(target)}, which is not the same origin: params and headers were not "
            "sent there",
            "Pass that url if you trust it.",
        )

    def failure(self, what: str, remedy: str = "Start the server, or check the url.") -> MicdropError:
        server = masked_url(self._url)
        return MicdropError(MicdropErrorCode.Connection, f"The server at {server} {what}.", remedy)

    def _proxy_failure(self, what: str, remedy: str = _DIRECTLY) -> MicdropError:
        assert self._proxy is not None
        origin = "that the environment sets" if self._proxy_option is True else "that was given"
        return MicdropError(
            MicdropErrorCode.Connection,
            f"The proxy {masked_proxy(self._proxy)} {origin} {what}; the server at {masked_url(self._url)} was not "
            "reached.",
            remedy,
        )


async def _abandon(connecting: asyncio.Future[ClientConnection | MicdropError]) -> None:
    """End an attempt, and the connection that it may have made in the same moment."""
    connecting.cancel()
    await asyncio.wait([connecting])
    if not connecting.cancelled() and isinstance(connection := connecting.result(), ClientConnection):
        connection.transport.abort()


def _websocket_url(base: str, location: str) -> str:
    """Return where a redirect leads, as a WebSocket address; `http` and `https` stand for `ws` and `wss`."""
    target = urljoin(base.replace("ws", "http", 1), location)
    parts = urlsplit(target)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return parts._replace(scheme=scheme, fragment="").geturl()


def _reason(error: OSError) -> str:
    # A name with several addresses (localhost: ::1 and 127.0.0.1) fails with one error that lists theirs as text.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "refused the connection: nothing listens there"
    return f"cannot be reached ({error.strerror or type(error).__name__})"
