"""The embedded server's own life: on a loop, in a thread, on a port that is taken."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import sys
import threading
import time
import types
from collections.abc import Callable

import pytest
from websockets.sync.client import connect

from micdrop_widget import MicdropServer
from micdrop_widget.audio import Pcm
from micdrop_widget.server import Limits, ServerCall
from tests.harness.callers import ready_client
from tests.harness.servers import closed_port


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "micdrop-server"]


def wait_for(condition: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)


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


def test_a_taken_port_says_who_has_it_and_leaves_no_thread() -> None:
    server = MicdropServer().start()
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(
        OSError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(.*\): <MicdropServer ws://.*:{port}>"
    ) as caught:
        MicdropServer(port=port).start()
    assert re.search(
        r"started in .*test_life\.py, line \d+, has it: call its stop\(\), or choose another", str(caught.value)
    )
    server.stop()
    assert threads() == []


def test_a_port_that_another_program_has_says_so() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match=r"cannot listen on 127\.0\.0\.1:\d+ \(.*\): choose another port"):
            MicdropServer(port=other.getsockname()[1]).start()
    assert threads() == []


# Bounded lives


def listens(url: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 1):
            return True
    except OSError:
        return False


def test_a_with_statement_bounds_a_servers_life_without_an_event_loop() -> None:
    with MicdropServer() as server:
        url = server.url
        assert listens(url)
        assert MicdropServer.running() == [server]
        with pytest.raises(RuntimeError, match="started already"), server:
            pass
    assert not listens(url)
    assert MicdropServer.running() == []
    assert threads() == []


def test_a_server_that_nobody_holds_ends_with_its_thread_and_its_calls() -> None:
    server = MicdropServer().start()
    url = server.url
    with connect(url) as connection:
        connection.recv()
        connection.recv()
        del server
        gc.collect()
        for _ in connection:
            pass
        assert connection.protocol.close_code == 1001
    wait_for(lambda: threads() == [] and not listens(url))


def test_the_port_of_a_server_that_nobody_holds_is_free_for_the_next_one() -> None:
    port = closed_port()
    for _ in range(5):
        assert MicdropServer(port=port).start().url == f"ws://127.0.0.1:{port}"
    gc.collect()
    wait_for(lambda: threads() == [])


# Cells that are run again


def run_cell(source: str, namespace: dict[str, object]) -> None:
    exec(compile(source, "a cell", "exec"), namespace)


def test_a_line_that_is_run_again_with_the_same_port_takes_over_with_the_calls_that_are_up() -> None:
    async def yes(call: ServerCall, utterance: Pcm) -> str:
        return "yes"

    async def no(call: ServerCall, utterance: Pcm) -> str:
        return "no"

    port = closed_port()
    space: dict[str, object] = {"MicdropServer": MicdropServer, "answer": yes}
    cell = f"server = MicdropServer(answer, port={port}, greeting=None).start()"
    run_cell(cell, space)
    first = space["server"]
    assert isinstance(first, MicdropServer)
    with connect(f"ws://127.0.0.1:{port}") as connection:
        assert connection.recv() == "SkipAnswer"
        for answer in (yes, no):
            space["answer"] = answer
            run_cell(cell, space)
            for frame in ("StartSpeaking", bytes(320), "StopSpeaking"):
                connection.send(frame)
            assert connection.recv() == f'Message {{"role": "assistant", "content": "{answer.__name__}"}}'
            assert connection.recv() == "SkipAnswer"
        assert threads() == ["micdrop-server"]
        first.stop()  # it has nothing any more that it could stop
        with pytest.raises(RuntimeError, match="not started"):
            _ = first.url
        server = space["server"]
        assert isinstance(server, MicdropServer)
        assert MicdropServer.running() == [server]
        assert [call.turns for call in server.calls] == [2]
    server.stop()
    assert threads() == []


def test_a_program_that_makes_many_servers_on_one_line_gets_many() -> None:
    servers = [MicdropServer().start() for _ in range(3)]
    assert len({server.url for server in servers}) == 3
    for server in servers:
        server.stop()


class Cells:
    """A notebook as far as a server asks for it: which cell runs, and which run of it this is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.execution_count = 0
        self._cell_id: str | None = None
        ipython = types.ModuleType("IPython")
        ipython.get_ipython = lambda: self  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", ipython)

    def get_parent(self) -> dict[str, object]:
        metadata = {} if self._cell_id is None else {"cellId": self._cell_id}
        return {"header": {"msg_id": f"run {self.execution_count}"}, "metadata": metadata}

    def run(self, cell_id: str | None, source: str, namespace: dict[str, object]) -> None:
        self._cell_id = cell_id
        self.execution_count += 1
        exec(compile(source, f"cell with {hash(source)}", "exec"), namespace)


def test_a_cell_that_is_changed_and_run_again_keeps_its_address_and_leaves_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cells = Cells(monkeypatch)
    space: dict[str, object] = {"MicdropServer": MicdropServer}
    urls = set()
    for times in range(20):
        cells.run("first", f"server = MicdropServer(greeting='{times}').start(); url = server.url", space)
        urls.add(space["url"])
    assert len(urls) == 1
    assert threads() == ["micdrop-server"]
    with connect(str(space["url"])) as connection:
        assert connection.recv() == 'Message {"role": "assistant", "content": "19"}'
    cells.run("second", "other = MicdropServer().start()", space)
    assert threads() == ["micdrop-server"] * 2, "another cell has a server of its own"
    space.clear()
    gc.collect()
    wait_for(lambda: threads() == [])


def test_several_servers_of_one_cell_are_taken_over_each_by_its_like(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = Cells(monkeypatch)
    space: dict[str, object] = {"MicdropServer": MicdropServer}
    source = "servers = [MicdropServer().start() for _ in range(3)]; urls = [server.url for server in servers]"
    cells.run("cell", source, space)
    urls = space["urls"]
    cells.run("cell", source, space)
    assert space["urls"] == urls
    cells.run(None, source, space)
    cells.run(None, source, space)  # a front end that does not say which cell it is: the same code is
    assert space["urls"] != urls
    space.clear()
    gc.collect()
    wait_for(lambda: threads() == [])


def test_a_rerun_with_other_limits_or_another_host_is_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = Cells(monkeypatch)
    space: dict[str, object] = {"MicdropServer": MicdropServer, "Limits": Limits}
    cells.run("cell", "server = MicdropServer().start(); url = server.url", space)
    before = space["url"]
    cells.run("cell", "server = MicdropServer(limits=Limits(calls=1)).start(); url = server.url", space)
    assert space["url"] != before
    space.clear()
    gc.collect()
    wait_for(lambda: threads() == [])


# What it shows


def test_a_server_shows_itself_as_a_table_with_the_calls_that_are_up() -> None:
    server = MicdropServer()
    assert "not started" in server._repr_html_()
    assert list(server.calls) == []
    with server, connect(server.url) as connection:
        for _ in range(2):
            connection.recv()
        call = server.calls[0]
        table = server._repr_html_()
        for text in (server.url, "programs of this machine and no web page", call.peer, f"{call.since:%H:%M:%S}"):
            assert text in table
        assert call.peer.startswith("127.0.0.1:")
        assert call.turns == 0


@pytest.mark.usefixtures("clean_loop")
async def test_a_taken_port_says_so_on_a_loop_too() -> None:
    async with MicdropServer() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match=r"has it: call its stop\(\), or choose another port"):
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
