"""The embedded server's own life: on a loop, in a thread, on a port that is taken."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest
from websockets.sync.client import connect

from micdrop_widget import MicdropServer
from tests.harness.callers import ready_client
from tests.harness.servers import closed_port


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "micdrop-server"]


def test_a_server_in_a_thread_serves_from_start_to_stop() -> None:
    server = MicdropServer()
    assert repr(server) == "<MicdropServer, not started>"
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.url
    assert server.start() is server
    assert server.start() is server, "again is no error"
    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+", server.url)
    assert repr(server) == f"<MicdropServer {server.url}>"
    assert threads() == ["micdrop-server"]
    url = server.url
    with connect(url) as connection:
        assert str(connection.recv()).startswith("Message")
    server.stop()
    server.stop()
    assert threads() == []
    with pytest.raises(ConnectionRefusedError):
        connect(url)


def test_a_server_may_be_started_again_on_the_same_port() -> None:
    server = MicdropServer(port=closed_port())
    for _ in range(3):
        server.start()
        with connect(server.url) as connection:
            connection.recv()
        server.stop()
    assert threads() == []


def test_stop_ends_the_calls_that_are_up() -> None:
    server = MicdropServer().start()
    with connect(server.url) as connection:
        connection.recv()
        server.stop()
        for _ in connection:
            pass
        assert connection.protocol.close_code == 1001


def test_a_taken_port_says_so_and_leaves_no_thread() -> None:
    server = MicdropServer().start()
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(.*\): choose another port"):
        MicdropServer(port=port).start()
    server.stop()
    assert threads() == []


@pytest.mark.usefixtures("clean_loop")
async def test_a_taken_port_says_so_on_a_loop_too() -> None:
    async with MicdropServer() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="choose another port"):
            async with MicdropServer(port=port):
                pass
        with pytest.raises(RuntimeError, match="started already"):
            async with server:
                pass


@pytest.mark.usefixtures("clean_loop")
async def test_a_server_that_stops_in_a_call_is_a_lost_connection_to_its_client() -> None:
    server = MicdropServer()
    async with server:
        call, _, events = ready_client(server.url, reconnect={"max_attempts": 0})
        await call.start()
    await call.until(isStarted=False, timeout=5)
    assert [error.code.value for error in events.errors] == ["Connection"]
    await call.stop()


def test_respond_has_to_be_an_async_function() -> None:
    with pytest.raises(TypeError, match="expected an async function"):
        MicdropServer(lambda call, utterance: asyncio.sleep(0))
