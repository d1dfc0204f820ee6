"""A stand-in for an endpoint with OpenAI's HTTP interface, written from its public reference: loopback, and scripted.

It answers each path by the replies that it was given, in order, and the last one again. A reply goes out piece by
piece, each as a chunk of its own, down to single bytes; it may be slow, stop, or be cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from types import TracebackType
from typing import Any

__all__ = ["CHAT", "CUT", "SPEECH", "STALL", "TRANSCRIPTION", "Endpoint", "Reply", "Request", "chat", "failure", "text"]

TRANSCRIPTION = "/v1/audio/transcriptions"
CHAT = "/v1/chat/completions"
SPEECH = "/v1/audio/speech"

CUT = "cut"
"""The connection is cut here."""
STALL = "stall"
"""Nothing more comes from here on, and the connection stays."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with."""

    pieces: Sequence[bytes | str]
    """What is sent, each as one chunk; CUT or STALL among them."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Request:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """The client closed the connection before the reply was whole."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, bytes]:
        """The fields of multipart/form-data."""
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        message: Any = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True).removesuffix(b"\r\n")
            for part in message.iter_parts()
        }


class Endpoint:
    """Listens on loopback as long as it is entered."""

    def __init__(self, **replies: Reply | Sequence[Reply]) -> None:
        self._replies: dict[str, list[Reply]] = {}
        for name, given in replies.items():
            self.script(name, given)
        self.requests: list[Request] = []
        self.base_url = ""
        self.connections = 0
        self.answering = 0
        """Replies that are under way."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Endpoint:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def script(self, name: str, replies: Reply | Sequence[Reply]) -> None:
        """Answer "transcription", "chat" or "speech" like this from now on."""
        path = {"transcription": TRANSCRIPTION, "chat": CHAT, "speech": SPEECH}[name]
        self._replies[path] = [replies] if isinstance(replies, Reply) else list(replies)

    def asked(self, path: str) -> list[Request]:
        """Return the requests of a path."""
        return [request for request in self.requests if request.path == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            # cancelled where the test is over: a stream's task that ends so is an error of the loop
            with contextlib.suppress(EOFError, ConnectionError, asyncio.CancelledError):
                while True:
                    request = await _read(reader)
                    self.requests.append(request)
                    self.answering += 1
                    try:
                        await self._reply(request, reader, writer)
                    finally:
                        self.answering -= 1
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _reply(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replies = self._replies.get(request.path) or [failure(404, "no such path")]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        headers = {"content-type": "application/json", "transfer-encoding": "chunked", **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} Reply", *(f"{name}: {value}" for name, value in headers.items())]
        watch = asyncio.ensure_future(reader.read(1))  # nothing comes but the end of the connection
        try:
            for number, piece in enumerate(reply.pieces):
                if piece == STALL:
                    await watch
                if watch.done():
                    raise ConnectionResetError
                if number == 0:
                    writer.write("\r\n".join([*lines, "", ""]).encode())
                if piece == CUT:
                    raise EOFError
                assert isinstance(piece, bytes)
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        except ConnectionError:
            request.left.set()
            raise
        finally:
            watch.cancel()
            await asyncio.wait([watch])


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    return Request(head[0].split(" ")[1], headers, await reader.readexactly(int(headers.get("content-length", 0))))


# What replies consist of


def text(spoken: str) -> Reply:
    """Answer a transcription."""
    return Reply([json.dumps({"text": spoken}).encode()])


def failure(status: int, message: str, **headers: str) -> Reply:
    """Refuse, as OpenAI does."""
    body = {"error": {"message": message, "type": "some_error", "param": None, "code": None}}
    return Reply([json.dumps(body).encode()], status, {name.replace("_", "-"): headers[name] for name in headers})


def chat(
    *deltas: dict[str, Any], finish: str | None = "stop", done: bool = True, also: Iterable[bytes | str] = ()
) -> Reply:
    """Answer a chat by server-sent events, byte by byte; `also` comes behind the deltas, before the end."""
    stream = b"".join(_event({"delta": {"role": "assistant", **delta}, "finish_reason": None}) for delta in deltas)
    end = _event({"delta": {}, "finish_reason": finish}) if finish else b""
    end += b"data: [DONE]\n\n" if done else b""
    pieces = [*_bytes(stream), *also, *_bytes(end)]
    return Reply(pieces, headers={"content-type": "text/event-stream"})


def _event(choice: dict[str, Any]) -> bytes:
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**chunk, "choices": [{"index": 0, **choice}]}, ensure_ascii=False).encode() + b"\n\n"


def _bytes(whole: bytes) -> list[bytes]:
    return [whole[at : at + 1] for at in range(len(whole))]
