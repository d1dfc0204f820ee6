"""Who may connect, and how much a client may send."""

from __future__ import annotations

import asyncio
import json
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from micdrop_widget import MicdropServer
from micdrop_widget.server import Limits
from micdrop_widget.server.handshake import HandshakePolicy
from tests.harness.leaks import until
from tests.harness.plain_client import AUDIO, answer, caller, closes_with, ready
from tests.harness.servers import self_signed

pytestmark = pytest.mark.usefixtures("clean_loop")


async def refused_with(server: MicdropServer, **headers: str) -> tuple[int, str]:
    """Try to connect with these headers; give status and text of the refusal, or 101."""
    port = server.url.rpartition(":")[2]
    lines = {"Host": f"127.0.0.1:{port}", **headers}
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    try:
        writer.write(b"GET / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode())
        writer.write(b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
        writer.write(b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        head, _, body = (await asyncio.wait_for(reader.read(4096), 5)).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body.decode(errors="replace")
    finally:
        writer.close()
        await writer.wait_closed()


# Origin


@pytest.mark.parametrize(
    "origin", ["https://somewhere.example", "http://localhost:8888", "http://127.0.0.1", "null", "x"]
)
async def test_a_page_of_any_site_is_refused_unless_it_is_named(origin: str) -> None:
    async with MicdropServer() as server:
        status, text = await refused_with(server, Origin=origin)
        assert status == 403
        assert "MicdropServer(origins=[…])" in text
        assert "somewhere" not in text
        assert server.calls == ()


@pytest.mark.parametrize(
    ("origins", "origin", "status"),
    [
        (["https://somewhere.example"], "https://somewhere.example", 101),
        (["https://somewhere.example/"], "https://SOMEWHERE.example", 101),
        (["https://somewhere.example"], "http://somewhere.example", 403),
        (["https://somewhere.example"], "https://somewhere.example.evil", 403),
        (["https://somewhere.example"], "https://somewhere.example:444", 403),
        (["https://a.example", "null"], "null", 101),
        (["*"], "https://anything.example", 101),
    ],
)
async def test_the_pages_that_are_named_may_call_and_no_others(origins: list[str], origin: str, status: int) -> None:
    async with MicdropServer(origins=origins) as server:
        assert (await refused_with(server, Origin=origin))[0] == status


async def test_a_program_sends_no_origin_and_may_call_whatever_origins_are_named() -> None:
    async with MicdropServer(origins=["https://somewhere.example"]) as server, caller(server) as connection:
        await ready(connection)


@pytest.mark.parametrize("origins", ["https://somewhere.example", [1]])
def test_origins_are_a_list_of_texts(origins: Any) -> None:
    with pytest.raises(TypeError, match="origins: expected a list of texts"):
        MicdropServer(origins=origins)


@pytest.mark.parametrize("origin", ["somewhere.example", "https://somewhere.example/page", ""])
def test_an_origin_that_no_browser_sends_is_a_value_error(origin: str) -> None:
    with pytest.raises(ValueError, match=r"expected the like of 'https://example\.org'"):
        MicdropServer(origins=[origin])


# Host


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 101),
        ("LOCALHOST", 101),
        ("127.0.0.1:9999", 101),  # the near end of a tunnel has another port
        ("[::1]:80", 101),
        ("127.0.0.2", 101),
        ("rebound.example:8081", 403),
        ("localhost.rebound.example", 403),
        ("127.0.0.1.rebound.example", 403),
        ("", 403),
        ("[", 403),
    ],
)
async def test_the_host_has_to_be_a_name_of_the_server(host: str, status: int) -> None:
    async with MicdropServer() as server:
        found, text = await refused_with(server, Host=host)
        assert found == status
        if status == 403:
            assert "MicdropServer(hosts=[…])" in text


async def test_a_proxys_name_may_be_allowed() -> None:
    async with MicdropServer(hosts=["Voice.example"]) as server:
        assert (await refused_with(server, Host="voice.example:443"))[0] == 101
        assert (await refused_with(server, Host="other.example"))[0] == 403


@pytest.mark.parametrize("hosts", [[], ["localhost", "rebound.example"]])
def test_a_request_has_one_host(hosts: list[str]) -> None:
    assert "no name of this server" in (HandshakePolicy("127.0.0.1", [], []).refusal(hosts, []) or "")


def test_two_origins_are_refused_although_each_may_call() -> None:
    policy = HandshakePolicy("127.0.0.1", [], ["https://a.example"])
    assert policy.refusal(["localhost"], ["https://a.example"]) is None
    assert policy.refusal(["localhost"], ["https://a.example", "https://a.example"]) is not None


async def test_a_host_that_is_not_loopback_warns_unless_params_are_checked() -> None:
    with pytest.warns(UserWarning, match=r"host='0\.0\.0\.0'.* can be called by everybody .*check_params"):
        async with MicdropServer(host="0.0.0.0") as server:
            assert server.reachable_by == "whoever reaches this machine and no web page"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with MicdropServer(host="0.0.0.0", check_params=lambda params: None) as server:
            assert server.reachable_by.endswith("with params that check_params accepts")
        with MicdropServer(host="localhost") as server:
            assert server.reachable_by == "programs of this machine and no web page"


# TLS


async def test_with_a_certificate_the_server_is_a_wss_one(tmp_path: Path) -> None:
    context, certificate = self_signed(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with MicdropServer(ssl=context) as server:
        assert server.url.startswith("wss://127.0.0.1:")
        async with connect(server.url, ssl=trusting, proxy=None) as connection:
            await ready(connection)
        with pytest.raises(InvalidStatus) as caught:
            async with connect(server.url, ssl=trusting, proxy=None, origin="https://a.example"):  # type: ignore[arg-type]
                pass
        assert caught.value.response.status_code == 403


# Limits


async def test_an_utterance_that_is_too_long_closes_its_call_with_1009() -> None:
    async with MicdropServer(limits=Limits(utterance_s=0.1)) as server, caller(server) as other:
        async with caller(server) as connection:
            await ready(connection)
            await connection.send("StartSpeaking")
            await connection.send(bytes(3200))  # 0.1 s, and not a sample more
            await connection.send(bytes(16))
            assert await closes_with(connection) == (1009, "the utterance is too long")
        await ready(other)
        for frame in ("StartSpeaking", AUDIO[:3200], "StopSpeaking"):
            await other.send(frame)
        assert (await answer(other))[0] == AUDIO[:3200]


async def test_a_frame_that_is_too_long_closes_its_call_with_1009() -> None:
    async with (
        MicdropServer(limits=Limits(frame_bytes=1000, params_bytes=5000)) as server,
        caller(server) as connection,
    ):
        await ready(connection)
        await connection.send(bytes(1000))
        await connection.send(bytes(1001))
        assert await closes_with(connection) == (1009, "the frame is too long")
    async with MicdropServer(limits=Limits(frame_bytes=1000)) as server, caller(server) as connection:
        await ready(connection)
        await connection.send(bytes(2**20))
        assert (await closes_with(connection))[0] == 1009


async def test_params_that_are_too_long_or_too_deep_are_refused_with_4400() -> None:
    async with MicdropServer(check_params=lambda params: None, limits=Limits(params_bytes=100)) as server:
        async with caller(server) as connection:
            await connection.send(json.dumps({"k": "x" * 91}))  # 100 bytes
            await ready(connection)
        async with caller(server) as connection:
            await connection.send(json.dumps({"k": "x" * 92}))
            assert await closes_with(connection) == (4400, "params expected, of at most 100 bytes")
    async with MicdropServer(check_params=lambda params: None) as server, caller(server) as connection:
        await connection.send("[" * 60_000)
        assert await closes_with(connection) == (4400, "params expected, as a JSON object")


async def test_more_calls_than_the_limit_are_closed_with_1013_until_one_ends() -> None:
    async with MicdropServer(limits=Limits(calls=2)) as server:
        async with caller(server) as one, caller(server) as two:
            await asyncio.gather(ready(one), ready(two))
            async with caller(server) as three:
                assert await closes_with(three) == (1013, "this server takes 2 calls at once: try again later")
            assert len(server.calls) == 2
        await until(lambda: server.calls == ())
        async with caller(server) as connection:
            await ready(connection)


async def test_connections_that_still_owe_their_params_count_as_calls() -> None:
    async with MicdropServer(check_params=lambda params: None, limits=Limits(calls=1)) as server, caller(server) as one:
        async with caller(server) as two:
            assert (await closes_with(two))[0] == 1013
        await one.send("{}")
        await ready(one)


@pytest.mark.parametrize("limits", [{"calls": 0}, {"utterance_s": -1}, {"frame_bytes": "1"}, {"params_bytes": True}])
def test_a_limit_is_a_positive_number(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"Limits: expected a positive number in {next(iter(limits))}"):
        Limits(**limits)
