"""Whoever comes to a served page, with any headers and any token: as a stranger's browser may, or a program."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from micdrop_widget import CallPage, MicdropPage
from micdrop_widget.page.limits import PageLimits

__all__ = ["Answer", "Visitor", "close_code", "serve"]


class Answer:
    """What the server said to a request."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


class Visitor:
    """Comes to a page by its address.

    Attributes
    ----------
    token, port
        Of the page.
    """

    def __init__(self, page: CallPage) -> None:
        parts = urlsplit(page.url)
        assert parts.port is not None
        self.port = parts.port
        self.token = parts.fragment
        self.host = f"127.0.0.1:{self.port}"

    def get(
        self, path: str = "/", *, host: str | None = None, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask for a file, by exactly this path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host or self.host, **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.closing(connection):
            return Answer(connection.getresponse())

    @contextlib.asynccontextmanager
    async def socket(
        self, *, host: str | None = None, origin: str | None = "", path: str = "/call"
    ) -> AsyncIterator[ClientConnection]:
        """Open the page's WebSocket; by default with the origin that the page has."""
        name = host or self.host
        headers = {} if origin is None else {"Origin": origin or f"http://{name}"}
        reader = connect(
            f"ws://{name}{path}",
            host="127.0.0.1",
            port=self.port,
            additional_headers=headers,
            proxy=None,
            max_size=None,
        )
        async with reader as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def page(self, page_id: str = "p1", **how: Any) -> AsyncIterator[ClientConnection]:
        """Open it, show the token, and say hello."""
        async with self.socket(**how) as connection:
            await connection.send(json.dumps({"type": "enter", "token": self.token}))
            assert json.loads(await connection.recv())["type"] == "state"
            await connection.send(json.dumps({"type": "hello", "from": page_id}))
            yield connection


async def close_code(connection: ClientConnection) -> int | None:
    """Return the code that the server closes a connection with."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(10) if hasattr(asyncio, "timeout") else contextlib.AsyncExitStack():
            while True:
                await connection.recv()
    return connection.close_code


@contextlib.contextmanager
def serve(**limits: Any) -> Any:
    """Serve the page of a call that has no server, and yield the call."""
    with MicdropPage(vad="volume", open_browser=False, record=False) as call:
        if limits:
            call.page.close()
            call.page = CallPage(call._call, call._lease.thread, PageLimits(**limits))
            call.page.open()
        yield call
