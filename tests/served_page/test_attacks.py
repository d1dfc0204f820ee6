"""Who must not come in, and what must not harm the call: each attack on a page that is served on this machine."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import threading
from collections.abc import Generator

import pytest
from websockets.exceptions import InvalidStatus

from micdrop_widget import CallPage, MicdropPage
from tests.harness.leaks import until
from tests.served_page.visitor import Visitor, close_code, serve

FILES = ["/", "/icon.svg", "/page.js", "/page.css", "/widget.css", "/capture-processor.js", "/playback-processor.js"]


@pytest.fixture
def call() -> Generator[MicdropPage]:
    with serve() as call:
        yield call


@pytest.fixture
def visitor(call: MicdropPage) -> Visitor:
    return Visitor(call.page)


# Without the token


@pytest.mark.parametrize(
    "first",
    [
        json.dumps({"type": "enter", "token": ""}),
        json.dumps({"type": "enter", "token": "A" * 43}),
        json.dumps({"type": "enter", "token": None}),
        json.dumps({"type": "enter", "token": ["x"]}),
        json.dumps({"type": "enter", "token": "\ud800"}),
        json.dumps({"type": "enter"}),
        json.dumps({"type": "hello", "from": "p1"}),
        json.dumps(["enter"]),
        "[" * 100_000,
        "",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
    ],
    ids=lambda first: repr(first)[:40],
)
async def test_without_the_token_nobody_comes_in(call: MicdropPage, visitor: Visitor, first: str | bytes) -> None:
    async with visitor.socket() as connection:
        await connection.send(first)
        assert await close_code(connection) == 4401
    assert call._call.pages.shown == ()


async def test_a_beginning_of_the_token_is_not_the_token(visitor: Visitor) -> None:
    async with visitor.socket() as connection:
        await connection.send(json.dumps({"type": "enter", "token": visitor.token[:-1]}))
        assert await close_code(connection) == 4401


async def test_who_shows_no_token_is_sent_away_in_time() -> None:
    with serve(token_s=0.05) as call:
        async with Visitor(call.page).socket() as connection:
            assert await close_code(connection) == 4401


async def test_the_token_of_an_ended_page_opens_no_other(call: MicdropPage, visitor: Visitor) -> None:
    port = visitor.port
    call.page.close()
    with serve() as other:
        other.page.close()
        other.page = CallPage(other._call, other._lease.thread)
        other.page.open(port)
        assert Visitor(other.page).token != visitor.token
        async with visitor.socket() as connection:
            await connection.send(json.dumps({"type": "enter", "token": visitor.token}))
            assert await close_code(connection) == 4401


def test_the_token_is_in_nothing_that_is_served(call: MicdropPage, visitor: Visitor) -> None:
    for path in FILES:
        answer = visitor.get(path)
        assert visitor.token.encode() not in answer.body
        assert visitor.token not in str(answer.headers)
    assert visitor.token not in repr(call)
    assert visitor.token not in repr(call.page)
    assert len(visitor.token) == 43  # 256 bits


async def test_the_token_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "websockets.client")  # the visitor's own
    with serve() as call:
        visitor = Visitor(call.page)
        visitor.get()
        async with visitor.page():
            await until(lambda: call._call.pages.shown)
        async with visitor.socket() as connection:
            await connection.send(json.dumps({"type": "enter", "token": f"{visitor.token}x"}))
            assert await close_code(connection) == 4401
    assert "token" in caplog.text  # that one was refused is logged
    assert visitor.token not in caplog.text


# From elsewhere


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1.evil.example",
        "evil.localhost",
        "localhost@evil.example",
        "127.0.0.1:{port}:1",
        "127.0.0.1:x",
        "127.0.0.2",
        "0.0.0.0:{port}",
        "[::]:{port}",
        "localhost; script-src *",
    ],
)
async def test_a_name_that_was_bound_to_this_machine_gets_nothing(visitor: Visitor, host: str) -> None:
    name = host.format(port=visitor.port)
    for path in (*FILES, "/call"):
        answer = visitor.get(path, host=name)
        assert (answer.status, answer.body) == (403, b"Refused: the Host of this request is not localhost.\n")
        assert name not in str(answer.headers)


def test_two_hosts_and_none_are_refused(visitor: Visitor) -> None:
    for hosts in ([], [visitor.host, "evil.example"], [visitor.host, visitor.host]):
        with socket.create_connection(("127.0.0.1", visitor.port), 10) as stream:
            lines = ["GET / HTTP/1.1", *(f"Host: {host}" for host in hosts), "", ""]
            stream.sendall("\r\n".join(lines).encode())
            assert stream.recv(1000).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "http://evil.localhost:{port}",
        "http://127.0.0.1",
        "http://localhost:{port}",  # the page was asked for as 127.0.0.1
        "http://127.0.0.1:{port}@evil.example",
        "file://",
        "vscode-webview://abc",
    ],
)
async def test_a_page_of_another_site_cannot_connect(visitor: Visitor, origin: str | None) -> None:
    where = None if origin is None else origin.format(port=visitor.port)
    with pytest.raises(InvalidStatus) as refused:
        async with visitor.socket(origin=where):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("host", ["localhost:9999", "127.0.0.1:1", "[::1]:8080", "LOCALHOST:81", "localhost"])
async def test_a_tunnel_shows_the_page_under_any_port_of_this_machine(visitor: Visitor, host: str) -> None:
    answer = visitor.get(host=host)
    assert answer.status == 200
    assert f"connect-src 'self' ws://{host} wss://{host};" in answer.headers["Content-Security-Policy"]
    async with visitor.page(host=host.lower()):
        pass


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_a_form_of_another_site_changes_nothing(visitor: Visitor, method: str) -> None:
    headers = {"Origin": "https://evil.example", "Content-Length": "0"}
    try:
        answer = visitor.get("/call", method=method, headers=headers)
    except http.client.RemoteDisconnected:  # so websockets 16 refuses it
        pass
    else:
        assert answer.status in (400, 405)
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert visitor.get().status == 200


def test_an_image_or_a_frame_of_another_site_shows_nothing_of_it(visitor: Visitor) -> None:
    for path in FILES:
        headers = visitor.get(path, headers={"Referer": "https://evil.example/", "Sec-Fetch-Dest": "image"}).headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in headers if name.lower().startswith("access-control")]


def test_what_is_served_allows_no_more_than_it_needs_and_is_kept_nowhere(visitor: Visitor) -> None:
    host = visitor.host
    for path in (*FILES, "/nothing"):
        headers = visitor.get(path).headers
        assert headers["Content-Security-Policy"] == (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"connect-src 'self' ws://{host} wss://{host}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/..%2f..%2fpage/server.py",
        "/static/page.js",
        "/page.js/",
        "//page.js",
        "/page.js%00",
        "/page.js?x",
        "/PAGE.JS",
        "/./page.js",
        "/page.js#",
        "/C:/Windows/win.ini",
        "http://127.0.0.1/page.js",
        "*",
    ],
)
def test_there_is_no_way_to_any_other_file(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert (answer.status, answer.body) == (404, b"There is nothing here.\n")


async def test_after_the_end_nothing_is_served(call: MicdropPage, visitor: Visitor) -> None:
    assert visitor.get().status == 200
    call.close()
    with pytest.raises(ConnectionRefusedError):
        visitor.get()
    assert not call.page.is_open


# Too much of it


async def test_a_second_browser_takes_over_and_the_first_is_notified(call: MicdropPage, visitor: Visitor) -> None:
    async with visitor.page("first") as first:
        await until(lambda: call._call.pages.shown == ("first",))
        async with visitor.page("second"):
            assert await close_code(first) == 4409
            await until(lambda: call._call.pages.shown == ("second",))


async def test_a_connection_is_of_one_page(call: MicdropPage, visitor: Visitor) -> None:
    async with visitor.page("one") as connection:
        await connection.send(json.dumps({"type": "hello", "from": "other"}))
        assert await close_code(connection) == 1008
    await until(lambda: call._call.pages.shown == ())


async def test_a_huge_frame_ends_its_connection_and_nothing_else(call: MicdropPage, visitor: Visitor) -> None:
    async with visitor.page() as connection:
        await connection.send(b"\0" * (2 << 20))
        assert await close_code(connection) == 1009
    async with visitor.page():
        await until(lambda: call._call.pages.shown == ("p1",))


async def test_what_cannot_be_read_is_left_out(
    call: MicdropPage, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    async with visitor.page() as connection:
        for frame in ("[" * 100_000, "{}", b"", b"\0\0\xff\xff{}", json.dumps({"type": "sing", "from": "p1"})):
            await connection.send(frame)
        await connection.send(json.dumps({"type": "command", "from": "p1", "name": "mute"}))
        await until(lambda: call.state.isMuted)
    assert caplog.text.count("cannot be read") == 5


async def test_a_page_that_sends_too_fast_is_read_no_faster() -> None:
    with serve(frames_per_s=20) as call:
        async with Visitor(call.page).page() as connection:
            began_s = asyncio.get_running_loop().time()
            for _ in range(29):
                await connection.send(json.dumps({"type": "alive", "from": "p1", "request": 0}))
            await connection.send(json.dumps({"type": "command", "from": "p1", "name": "mute"}))
            await until(lambda: call.state.isMuted)
            # a second's worth comes at once, and the other ten take half a second
            assert asyncio.get_running_loop().time() - began_s > 0.4


async def test_a_page_that_reads_nothing_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    with serve(unsent_bytes=1 << 16) as call:
        async with Visitor(call.page).page() as connection:
            connection.transport.pause_reading()
            await until(lambda: call._call.pages.shown == ("p1",))
            server = call.page._server
            while server.has_page:
                call._lease.thread.call(server.send, {"type": "details", "to": None, "fields": {}}, [b"x" * (1 << 18)])
                await asyncio.sleep(0.01)
            await until(lambda: call._call.pages.shown == ())
            connection.transport.abort()  # which has not read that it is closed
    assert "reads nothing any more" in caplog.text


async def test_a_thousand_connections_keep_nobody_out(call: MicdropPage, visitor: Visitor) -> None:
    threads = threading.active_count()
    streams = []
    try:
        for number in range(1000):
            stream = socket.create_connection(("127.0.0.1", visitor.port), 10)
            if number % 2:
                stream.sendall(b"GET / HTTP/1.1\r\n")  # and never the rest
            streams.append(stream)
        assert visitor.get().status == 200
        async with visitor.page():
            await until(lambda: call._call.pages.shown == ("p1",))
            assert len(call.page._server._pending) <= 32
            assert threading.active_count() <= threads  # those of the test before may end meanwhile
    finally:
        for stream in streams:
            stream.close()
