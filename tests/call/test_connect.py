"""Opening the WebSocket: redirects, proxies and subprotocols, and what each failure is called."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from micdrop_widget import MicdropError, MicdropErrorCode
from micdrop_widget.call.connect import open_websocket
from micdrop_widget.call.proxies import check_proxy, masked_proxy, proxy_for
from tests.harness.proxies import http_proxy, redirecting
from tests.harness.servers import closed_port, hold, scripted, self_signed, serve_tcp, silent_after_accept

SECRET = "hunter2token"

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "socks_proxy", "no_proxy")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take the proxies out of the environment."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


async def opened(url: str, **options: Any) -> ClientConnection | MicdropError:
    settings: dict[str, Any] = {
        "headers": {"X-Api-Key": SECRET},
        "subprotocols": None,
        "ssl": None,
        "proxy": None,
        "timeout_s": 5,
    }
    return await open_websocket(url, **{**settings, **options})


async def failure(url: str, **options: Any) -> str:
    """Return the words of a connection that fails."""
    outcome = await opened(url, **options)
    assert isinstance(outcome, MicdropError)
    assert outcome.code is MicdropErrorCode.Connection
    assert SECRET not in str(outcome)
    return str(outcome)


@contextlib.asynccontextmanager
async def connection(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    outcome = await opened(url, **options)
    assert isinstance(outcome, ClientConnection), outcome
    try:
        yield outcome
    finally:
        await outcome.close()


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


class Visitors:
    """A server that notes the headers of who comes."""

    def __init__(self) -> None:
        self.headers: list[Mapping[str, str]] = []

    async def __call__(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers.append(dict(connection.request.headers.raw_items()))
        await connection.wait_closed()


# Redirects


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Go on", "308 For good"])
async def test_nothing_goes_to_another_origin(status: str) -> None:
    visitors = Visitors()
    async with serve(visitors, "127.0.0.1", 0) as other:
        there = f"ws://localhost:{other.sockets[0].getsockname()[1]}/call?token={SECRET}"
        async with redirecting(lambda url: there, status) as url:
            words = await failure(url)
    assert visitors.headers == []
    assert f"ws://localhost:{other_port(there)}/call?…" in words
    assert "params and headers were not sent" in words


def other_port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


async def test_another_port_of_the_same_host_is_another_origin() -> None:
    visitors = Visitors()
    async with (
        serve(visitors, "127.0.0.1", 0) as other,
        redirecting(lambda url: f"ws://127.0.0.1:{other.sockets[0].getsockname()[1]}/") as url,
    ):
        assert "not the same origin" in await failure(url)
    assert visitors.headers == []


async def test_a_redirect_within_the_origin_is_followed() -> None:
    paths: list[str] = []

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        paths.append(connection.request.path)
        await connection.wait_closed()

    def send_on(server: ServerConnection, request: Any) -> Any:
        if request.path == "/call":
            response = server.respond(301, "")
            response.headers["Location"] = "/v2/call"
            return response
        return None

    async with (
        serve(handle, "127.0.0.1", 0, process_request=send_on) as server,
        connection(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/call"),
    ):
        pass
    assert paths == ["/v2/call"]


@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_from_plain_to_secure_on_the_same_host_is_followed(scheme: str, tmp_path: Path) -> None:
    certificate, authority = self_signed(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority))
    visitors = Visitors()
    async with (
        serve(visitors, "127.0.0.1", 0, ssl=certificate) as secure,
        redirecting(lambda url: f"{scheme}://127.0.0.1:{secure.sockets[0].getsockname()[1]}/call") as plain,
        connection(plain, ssl=trusted),
    ):
        pass
    assert [headers["X-Api-Key"] for headers in visitors.headers] == [SECRET]


async def test_from_secure_to_plain_is_not_followed(tmp_path: Path) -> None:
    certificate, authority = self_signed(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority))
    visitors = Visitors()
    async with serve(visitors, "127.0.0.1", 0) as plain:

        def send_down(server: ServerConnection, request: Any) -> Any:
            response = server.respond(302, "")
            response.headers["Location"] = f"ws://127.0.0.1:{plain.sockets[0].getsockname()[1]}/"
            return response

        async with serve(hold, "127.0.0.1", 0, ssl=certificate, process_request=send_down) as secure:
            words = await failure(f"wss://127.0.0.1:{secure.sockets[0].getsockname()[1]}/", ssl=trusted)
    assert "not the same origin" in words
    assert visitors.headers == []


async def test_a_circle_of_redirects_ends() -> None:
    async with redirecting(lambda url: url) as url:
        assert "redirects the call more than 5 times" in await failure(url)


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "javascript:alert(1)", "https:///call"])
async def test_a_redirect_to_no_websocket_is_reported(location: str) -> None:
    async with redirecting(lambda url: location) as url:
        assert "redirects the call to what is no WebSocket address" in await failure(url)


# Proxies


async def test_the_environments_proxy_is_used_for_another_machine(environment: pytest.MonkeyPatch) -> None:
    async with scripted(hold) as server, http_proxy(port_of(server)) as (address, proxy):
        environment.setenv("https_proxy", address)
        async with connection("ws://server.test:4321/call", proxy=True):
            pass
        assert proxy.requests[0].startswith("CONNECT server.test:4321 HTTP/1.1")
        assert SECRET not in proxy.requests[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "127.8.9.1", "0.0.0.0"])
async def test_loopback_never_goes_through_the_environments_proxy(host: str, environment: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        environment.setenv(name, f"http://127.0.0.1:{closed_port()}")
    async with (
        serve(hold, "127.8.9.1" if host == "127.8.9.1" else "127.0.0.1", 0) as server,
        connection(f"ws://{host}:{server.sockets[0].getsockname()[1]}", proxy=True),
    ):
        pass


async def test_an_address_that_is_given_is_used() -> None:
    async with scripted(hold) as server, http_proxy(port_of(server)) as (address, proxy):
        async with connection("ws://server.test:80", proxy=address.replace("//", f"//user:{SECRET}@")):
            pass
        assert "Proxy-Authorization: Basic" in proxy.requests[0]


async def test_a_proxy_that_refuses_is_named() -> None:
    async with http_proxy(1, "403 Forbidden") as (address, _):
        words = await failure("ws://server.test/call", proxy=address.replace("//", f"//user:{SECRET}@"))
    assert f"The proxy {address} that was given refuses to connect to the server (HTTP 403)" in words
    assert "proxy=None" in words


async def test_a_proxy_that_wants_a_password_says_where_to_give_it(environment: pytest.MonkeyPatch) -> None:
    async with http_proxy(1, "407 Proxy Authentication Required") as (address, _):
        environment.setenv("HTTPS_PROXY", address)
        words = await failure("ws://server.test/call", proxy=True)
    assert f"The proxy {address} that the environment sets wants a user name and a password" in words
    assert "http://USER:PASSWORD@HOST:PORT" in words


async def test_a_proxy_that_is_not_there_is_named_instead_of_the_server() -> None:
    address = f"http://127.0.0.1:{closed_port()}"
    assert f"The proxy {address} that was given refused the connection" in await failure("ws://a.test", proxy=address)


async def test_a_proxy_of_the_environment_without_a_scheme_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("https_proxy", f"user:{SECRET}@proxy.test:3128")
    words = await failure("ws://server.test/call", proxy=True)
    assert "has no scheme that is known: write it like 'http://proxy.test:3128'" in words


@pytest.mark.skipif(importlib.util.find_spec("python_socks") is not None, reason="python-socks is installed")
async def test_a_socks_proxy_says_which_package_it_needs() -> None:
    words = await failure("ws://server.test/call", proxy="socks5://127.0.0.1:1080")
    assert "is a SOCKS proxy" in words
    assert "pip install python-socks[asyncio]" in words


async def test_a_server_behind_a_proxy_that_refuses_the_call_is_the_servers_error() -> None:
    async with scripted(hold, status=401) as server, http_proxy(port_of(server)) as (address, _):
        outcome = await opened("ws://server.test/call", proxy=address)
    assert isinstance(outcome, MicdropError)
    assert outcome.code is MicdropErrorCode.Unauthorized


async def test_a_proxy_that_says_nothing_ends_with_the_time_limit() -> None:
    async with serve_tcp(silent_after_accept) as silent:
        assert "within 0.2 s" in await failure("ws://a.test", proxy=silent.replace("ws:", "http:"), timeout_s=0.2)


def test_no_proxy_is_obeyed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("https_proxy", "http://proxy.test:3128")
    environment.setenv("no_proxy", "inside.test")
    assert proxy_for("wss://outside.test", True) == "http://proxy.test:3128"
    assert proxy_for("wss://inside.test", True) is None
    assert proxy_for("wss://outside.test", None) is None


@pytest.mark.parametrize(
    ("proxy", "error", "words"),
    [
        (f"user:{SECRET}@proxy.test:3128", ValueError, "write it like 'http://proxy.test:3128'"),
        ("ftp://proxy.test", ValueError, "has no scheme that is known"),
        ("http://", ValueError, "names no host"),
        ("http://proxy.test/path", ValueError, "has a path"),
        ("http://proxy.test:port", ValueError, "is no address"),
        (False, TypeError, "None or True"),
        (3128, TypeError, "None or True"),
    ],
)
def test_an_address_that_is_none_is_refused_when_it_is_given(proxy: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as raised:
        check_proxy(proxy)
    assert SECRET not in str(raised.value)


def test_an_address_is_shown_without_its_password() -> None:
    assert masked_proxy(f"socks5://user:{SECRET}@proxy.test:1080") == "socks5://proxy.test:1080"


# Subprotocols, and the end of an attempt


async def test_a_subprotocol_is_agreed_on() -> None:
    async with serve(hold, "127.0.0.1", 0, subprotocols=[Subprotocol("micdrop")]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with connection(url, subprotocols=["other", "micdrop"]) as agreed:
            assert agreed.subprotocol == "micdrop"


async def test_an_attempt_that_is_cancelled_leaves_no_connection() -> None:
    arrived = asyncio.Event()
    gone = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()
        gone.set()

    async with serve_tcp(wait) as url:
        attempt = asyncio.ensure_future(opened(url))
        await arrived.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await asyncio.wait_for(gone.wait(), 5)
