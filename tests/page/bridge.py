"""The carrier of the tests: comms of this process, whose other ends are pages of a browser, over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from comm.base_comm import BaseComm
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from micdrop_widget._threads import LoopThread

__all__ = ["Bridge", "bridged"]

_FOLDER = Path(__file__).parent
_FILES = {"/": ("page.html", "text/html"), "/page.js": ("page.js", "text/javascript")}


class PageComm(BaseComm):
    """A comm whose messages go to the pages that are connected to a bridge."""

    def __init__(self, bridge: Bridge, **arguments: Any) -> None:
        self._bridge = bridge
        super().__init__(**arguments)

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        self._bridge.publish(self, msg_type, data or {}, buffers or [])


@dataclass(slots=True)
class _Model:
    comm: PageComm
    state: dict[str, Any]


class Bridge:
    """Serves the page, and carries messages between each page and each anywidget of this process.

    Every page is told of every widget, and gets every message to one, as in Jupyter. What pages send is handed over
    on the bridge's own thread, in order.
    """

    def __init__(self) -> None:
        self._thread = LoopThread("bridge")
        self._models: dict[str, _Model] = {}
        self._pages: dict[ServerConnection, asyncio.Queue[bytes]] = {}
        self._received: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self._stalled: list[tuple[PageComm, dict[str, Any], list[memoryview]]] | None = None
        self._server = self._thread.submit(self._serve()).result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def create_comm(self, *_: Any, **arguments: Any) -> PageComm:
        """Open a comm, in the place of ``comm.create_comm``."""
        return PageComm(self, **arguments)

    def publish(self, comm: PageComm, kind: str, data: dict[str, Any], buffers: Sequence[Any]) -> None:
        """Send a message of a comm to every page; from any thread."""
        self._thread.call(self._publish, comm, kind, data, [bytes(buffer) for buffer in buffers])

    @contextlib.contextmanager
    def stalled(self) -> Generator[None]:
        """Keep what the pages send until the end of the block, as a kernel does whose only thread runs a cell."""
        self._thread.call(self._stall)
        try:
            yield
        finally:
            self._thread.call(self._deliver_stalled)

    def received(self, model: str, kind: str) -> list[dict[str, Any]]:
        """Return the list that grows by every message of this type that a page sends to a widget."""
        return self._received[model, kind]

    def stop(self) -> None:
        """Disconnect every page."""
        self._thread.submit(self._close()).result()
        self._thread.stop()

    async def _serve(self) -> Server:
        server: Server = await serve(
            self._connect,
            "127.0.0.1",
            0,
            process_request=_answer,
            compression=None,
            max_size=None,
            ping_interval=None,
            close_timeout=1,
        )
        return server

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _connect(self, page: ServerConnection) -> None:
        outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        for model_id, model in self._models.items():
            outgoing.put_nowait(_encode({"type": "open", "model": model_id, "state": model.state}))
        self._pages[page] = outgoing
        sending = asyncio.create_task(self._send(page, outgoing))
        try:
            with contextlib.suppress(ConnectionClosed):  # a relay does not say goodbye
                async for frame in page:
                    assert isinstance(frame, bytes)
                    self._receive(frame)
        finally:
            del self._pages[page]
            sending.cancel()

    async def _send(self, page: ServerConnection, outgoing: asyncio.Queue[bytes]) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await page.send(await outgoing.get())

    def _publish(self, comm: PageComm, kind: str, data: dict[str, Any], buffers: list[bytes]) -> None:
        model = self._models.get(comm.comm_id)
        header: dict[str, Any] = {"model": comm.comm_id}
        if kind == "comm_open" and "_esm" in data["state"]:
            self._models[comm.comm_id] = _Model(comm, dict(data["state"]))
            header |= {"type": "open", "state": data["state"]}
        elif model is None:
            return  # of something that is no anywidget, as its layout
        elif kind == "comm_close":
            del self._models[comm.comm_id]
            header |= {"type": "close"}
        elif data["method"] == "update":
            model.state.update(data["state"])
            header |= {"type": "update", "state": data["state"]}
        elif data["method"] == "custom":
            header |= {"type": "custom", "content": data["content"]}
        else:
            return
        frame = _encode(header, buffers)
        for outgoing in self._pages.values():
            outgoing.put_nowait(frame)

    def _receive(self, frame: bytes) -> None:
        header, buffers = _decode(frame)
        model = self._models.get(header["model"])
        if model is None:  # closed meanwhile
            return
        content = header["content"]
        for each in content["contents"] if content["type"] == "bundle" else [content]:
            self._received[header["model"], each["type"]].append(each)
        data = {"method": "custom", "content": content}
        if self._stalled is None:
            self._deliver(model.comm, data, buffers)
        else:
            self._stalled.append((model.comm, data, buffers))

    def _deliver(self, comm: PageComm, data: dict[str, Any], buffers: list[memoryview]) -> None:
        comm.handle_msg({"content": {"data": data}, "buffers": buffers})

    def _stall(self) -> None:
        self._stalled = []

    def _deliver_stalled(self) -> None:
        stalled, self._stalled = self._stalled or [], None
        for message in stalled:
            self._deliver(*message)


@contextlib.contextmanager
def bridged() -> Generator[Bridge]:
    """Give every comm that is made within the block to a bridge."""
    bridge = Bridge()
    try:
        with mock.patch("comm.create_comm", bridge.create_comm):
            yield bridge
    finally:
        bridge.stop()


def _answer(page: ServerConnection, request: Request) -> Response | None:
    """Serve the page's files; its ``permissions_policy`` in the address becomes a header."""
    address = urlsplit(request.path)
    if address.path == "/comm":
        return None
    if address.path not in _FILES:
        return page.respond(HTTPStatus.NO_CONTENT, "")  # of the icon, for example
    name, kind = _FILES[address.path]
    body = (_FOLDER / name).read_bytes()
    headers = Headers({"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))})
    for policy in parse_qs(address.query).get("permissions_policy", ()):
        headers["Permissions-Policy"] = policy
    return Response(HTTPStatus.OK, "OK", headers, body)


def _encode(header: dict[str, Any], buffers: Sequence[bytes] = ()) -> bytes:
    head = json.dumps({**header, "buffers": [len(buffer) for buffer in buffers]}).encode()
    return b"".join([struct.pack(">I", len(head)), head, *buffers])


def _decode(frame: bytes) -> tuple[dict[str, Any], list[memoryview]]:
    (length,) = struct.unpack_from(">I", frame)
    header = json.loads(frame[4 : 4 + length])
    view, start = memoryview(frame), 4 + length
    buffers: list[memoryview] = []
    for size in header["buffers"]:
        buffers.append(view[start : start + size])
        start += size
    return header, buffers
