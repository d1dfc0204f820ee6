"""How a connection fails: each failure is one error with the right code and a remedy, and leaves nothing running."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from micdrop_widget import MicdropClient, MicdropError, Reconnect
from tests.harness.callers import Events, Mic, ready_client
from tests.harness.leaks import until
from tests.harness.servers import (
    abort,
    answering_with,
    closed_port,
    hold,
    scripted,
    self_signed,
    serve_tcp,
    silent_after_accept,
)

pytestmark = pytest.mark.usefixtures("clean_loop")

CLOSE_CODES = [
    (4400, "BadRequest"),
    (4401, "Unauthorized"),
    (4404, "NotFound"),
    (1011, "InternalServer"),
    (1001, "Connection"),
    (1002, "Connection"),
    (1003, "Connection"),
    (1007, "Connection"),
    (1008, "Connection"),
    (1009, "Connection"),
    (1010, "Connection"),
    (4000, "Unknown"),
    (4999, "Unknown"),
]

REMEDIES = {
    "BadRequest": "params",
    "Unauthorized": "token",
    "NotFound": "Check the path of the url",
    "InternalServer": "Look at the server's log",
    "Connection": "start the call again",
    "Unknown": "Look at the server's log",
}


def closing(code: int) -> Callable[[ServerConnection], Awaitable[None]]:
    async def script(connection: ServerConnection) -> None:
        await connection.close(code)

    return script


async def closing_without_code(connection: ServerConnection) -> None:
    connection.transport.write(b"\x88\x00")  # an empty close frame: the client sees 1005
    await connection.wait_closed()


async def cutting(connection: ServerConnection) -> None:
    abort(connection)


async def assert_start_fails(call: MicdropClient, mic: Mic, events: Events, code: str) -> MicdropError:
    """Start the call, and check the failure everywhere it shows."""
    with pytest.raises(MicdropError) as raised:
        await call.start()
    error = raised.value
    assert error.code.value == code
    assert str(error).startswith(f"{code}: {error.message}")
    assert len(error.remedy) > 20
    assert [str(each) for each in events.errors] == [str(error)]
    assert str(call.state.error) == str(error)
    assert not call.state.isStarting
    assert not call.state.isStarted
    assert not call.state.isReconnecting
    assert not call.state.isMicStarted
    await call.stop()
    assert (mic.opened, mic.closed) == (1, 1)
    return error


@pytest.mark.parametrize(("close_code", "code"), CLOSE_CODES)
async def test_a_close_code_before_the_call_is_ready_fails_the_start(close_code: int, code: str) -> None:
    connections = 0

    async def script(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await connection.close(close_code, "because")

    async with scripted(script) as url:
        error = await assert_start_fails(*ready_client(url, reconnect={"delay_ms": 1}), code)
    assert f"close code {close_code}, it said “because”" in error.message
    assert REMEDIES[code] in error.remedy
    assert connections == 1, "a refused call must not turn into a retry loop"


@pytest.mark.parametrize(("close_code", "code"), CLOSE_CODES)
async def test_a_close_code_in_a_call_without_reconnect_ends_it_with_one_error(close_code: int, code: str) -> None:
    ended = asyncio.Event()

    async def script(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await ended.wait()
        await connection.close(close_code)

    async with scripted(script) as url:
        call, mic, events = ready_client(url, reconnect=Reconnect(max_attempts=0))
        await call.start()
        ended.set()
        state = await call.until(isStarted=False, timeout=5)
        assert state.error is not None
        assert state.error.code.value == code
        assert len(events.errors) == 1
        assert REMEDIES[code] in state.error.remedy
        assert not state.isMicStarted
        await call.stop()
        assert mic.closed == 1


@pytest.mark.parametrize("script", [closing(1000), closing_without_code], ids=["1000", "1005"])
async def test_a_normal_close_before_the_call_is_ready_fails_the_start(script: Any) -> None:
    async with scripted(script) as url:
        error = await assert_start_fails(*ready_client(url), "Connection")
    assert "before the call was ready" in error.message


@pytest.mark.parametrize("script", [closing(1000), closing_without_code], ids=["1000", "1005"])
async def test_a_normal_close_of_a_call_ends_it_without_an_error(script: Any) -> None:
    async def greet(connection: ServerConnection) -> None:
        await connection.send("SkipAnswer")
        await script(connection)

    async with scripted(greet) as url:
        call, _, events = ready_client(url)
        await call.start()
        state = await call.until(isStarted=False, timeout=5)
        assert state.error is None
        assert events.errors == []
        await call.stop()


async def test_an_aborted_connection_before_the_call_is_ready_fails_the_start() -> None:
    async with scripted(cutting) as url:
        error = await assert_start_fails(*ready_client(url), "Connection")
    assert "close code 1006" in error.message


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "BadRequest"),
        (401, "Unauthorized"),
        (403, "Unauthorized"),
        (404, "NotFound"),
        (500, "InternalServer"),
        (503, "InternalServer"),
        (418, "Connection"),
    ],
)
async def test_an_http_status_at_the_handshake_fails_the_start(status: int, code: str) -> None:
    async with scripted(hold, status=status) as url:
        error = await assert_start_fails(*ready_client(url), code)
    assert f"HTTP {status}" in error.message
    assert REMEDIES[code] in error.remedy


async def test_a_refused_port_says_that_nothing_listens_there() -> None:
    port = closed_port()
    error = await assert_start_fails(*ready_client(f"ws://127.0.0.1:{port}/call?token=x"), "Connection")
    assert error.message == (
        f"The server at ws://127.0.0.1:{port}/call?… refused the connection: nothing listens there."
    )
    assert error.remedy == "Start the server, or check the url."


async def test_a_name_with_several_addresses_that_all_refuse_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()

    async def two_addresses(*_: object, **__: object) -> list[Any]:
        stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*stream, ("127.0.0.1", port)), (*stream, ("127.0.0.2", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two_addresses)
    error = await assert_start_fails(*ready_client(f"ws://localhost:{port}"), "Connection")
    assert "nothing listens there" in error.message


async def test_an_unknown_host_says_so() -> None:
    error = await assert_start_fails(*ready_client("ws://nowhere.invalid:8081"), "Connection")
    assert error.message.startswith("The server at ws://nowhere.invalid:8081 cannot be reached (")


async def test_tls_to_a_plain_port_points_to_the_scheme() -> None:
    async with scripted(hold) as url:
        error = await assert_start_fails(*ready_client(url.replace("ws:", "wss:")), "Connection")
    assert "whether it begins with ws:// or wss://" in error.remedy


async def test_a_plain_connection_to_a_tls_port_points_to_the_scheme(tmp_path: Path) -> None:
    server_side, _ = self_signed(tmp_path)
    async with scripted(hold, tls=server_side) as url:
        error = await assert_start_fails(*ready_client(url.replace("wss:", "ws:")), "Connection")
    assert "whether it begins with ws:// or wss://" in error.remedy


async def test_a_certificate_nobody_signed_names_the_option_that_trusts_it(tmp_path: Path) -> None:
    server_side, _ = self_signed(tmp_path)
    async with scripted(answering_with("SkipAnswer"), tls=server_side) as url:
        error = await assert_start_fails(*ready_client(url), "Connection")
    assert "self-signed certificate" in error.message or "self signed certificate" in error.message
    assert "ssl=ssl.create_default_context(cafile=…)" in error.remedy


async def test_a_certificate_trusted_by_the_ssl_option_makes_a_call(tmp_path: Path) -> None:
    server_side, certificate = self_signed(tmp_path)
    async with scripted(answering_with("SkipAnswer"), tls=server_side) as url:
        call, _, events = ready_client(url, ssl=ssl.create_default_context(cafile=str(certificate)))
        async with call:
            await call.start()
            assert call.state.isStarted
        assert events.errors == []


async def test_a_server_that_never_answers_the_handshake_times_out() -> None:
    async with serve_tcp(silent_after_accept) as url:
        failing = ready_client(url, reconnect=Reconnect(connection_timeout_ms=150))
        error = await assert_start_fails(*failing, "Connection")
    assert "did not answer within 0.15 s" in error.message


@pytest.mark.parametrize("answer", [b"", b"220 mail.example SMTP\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_a_server_of_another_protocol_fails_the_start(answer: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with serve_tcp(script) as url:
        await assert_start_fails(*ready_client(url), "Connection")


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("ws://127.0.0.1:99999", {}),
        ("ws://a..b:1", {}),
        ("ws://127.0.0.1:1", {"headers": {"X-Name": "line\nbreak"}}),
        ("wss://127.0.0.1:1", {"ssl": "no context"}),
    ],
)
async def test_what_only_the_connection_finds_wrong_ends_the_start_too(url: str, options: dict[str, Any]) -> None:
    """The validation of options may come first; neither may leave the call waiting for ever."""
    try:
        failing = ready_client(url, **options)
    except (TypeError, ValueError):
        return
    await assert_start_fails(*failing, "Connection")


async def test_a_proxy_that_cannot_be_used_fails_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("WS_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    error = await assert_start_fails(*ready_client("ws://micdrop.invalid:1"), "Connection")
    assert "The proxy socks5://127.0.0.1:1 that the environment sets is a SOCKS proxy" in error.message
    assert "pip install python-socks" in error.remedy


async def test_a_missing_url_is_an_error_before_anything_is_opened() -> None:
    call, mic, events = ready_client(None)
    with pytest.raises(MicdropError, match="MissingUrl") as raised:
        await call.start()
    assert "Give the server's address" in raised.value.remedy
    assert [error.code.value for error in events.errors] == ["MissingUrl"]
    assert mic.opened == 0


async def test_a_missing_microphone_is_an_error_before_anything_is_connected() -> None:
    connected: list[ServerConnection] = []

    async def script(connection: ServerConnection) -> None:
        connected.append(connection)

    async with scripted(script) as url:
        call = MicdropClient(url, vad="volume")
        events = Events(call)
        with pytest.raises(MicdropError, match="Pass source=") as raised:
            await call.start()
    assert raised.value.code.value == "Mic"
    assert [error.code.value for error in events.errors] == ["Mic"]
    assert connected == []


async def test_a_failed_start_may_be_followed_by_one_that_succeeds() -> None:
    async with scripted(answering_with("SkipAnswer")) as url:
        call, mic, events = ready_client(f"ws://127.0.0.1:{closed_port()}")
        with pytest.raises(MicdropError):
            await call.start()
        await call.start(url=url)
        assert call.state.error is None
        assert call.state.isStarted
        await call.stop()
        await until(lambda: mic.closed == 2)
        assert len(events.errors) == 1
