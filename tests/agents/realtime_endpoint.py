"""A stand-in for an endpoint that speaks OpenAI's Realtime protocol, written from its public reference: loopback.

It keeps the rules that the reference states: a buffer that is empty or shorter than 100 ms is not committed, one
response is made at a time, an item is not truncated beyond its audio. A response is made of scripted steps.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from micdrop_widget._silent_logger import silent_logger
from micdrop_widget.audio import Pcm

_silent = silent_logger("tests.agents.realtime_endpoint")
"""What the stand-in logs holds the key that a test looks for in the client's log."""

__all__ = ["CUT", "STALL", "Call", "Endpoint", "Fail", "Raw", "Say", "Step"]


@dataclass(frozen=True, slots=True)
class Say:
    """A message of the assistant: its words, one by one, and its audio, in pieces of any number of bytes."""

    text: str
    audio: Pcm | None = None
    sizes: tuple[int, ...] = (4801, 2, 997)


@dataclass(frozen=True, slots=True)
class Call:
    """A function call."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The response fails."""

    message: str


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as it stands, but for RESPONSE, which is the id of this response."""

    text: str


STALL = "stall"
"""Nothing more comes of this response until it is cancelled."""
CUT = "cut"
"""The connection is closed with 1011."""

Step = Say | Call | Fail | Raw | str

_OLD_NAMES = {
    "response.output_audio.": "response.audio.",
    "response.output_audio_transcript.": "response.audio_transcript.",
    "conversation.item.added": "conversation.item.created",
}


class Endpoint:
    """Listens on loopback as long as it is entered.

    Parameters
    ----------
    responses
        The steps of each response, in order; the last ones are made again.
    transcripts
        What the user is understood to have said, each time; None: it could not be transcribed; the last one again.
    transcribes
        When: "first" before the response, "last" behind it, "never".
    beta
        Speak as before September 2025.
    refuse
        HTTP status that every handshake gets.
    first
        The first event instead of `session.created`.
    redirect
        Where every handshake is sent instead.
    tls
        Listen with this.
    """

    def __init__(
        self,
        *responses: Sequence[Step],
        transcripts: Sequence[str | None] = ("hello",),
        transcribes: str = "first",
        beta: bool = False,
        refuse: int | None = None,
        first: dict[str, Any] | str | None = None,
        redirect: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.responses = [list(steps) for steps in responses]
        self.transcripts = list(transcripts)
        self.transcribes = transcribes
        self.beta = beta
        self.refuse = refuse
        self.first = first
        self.redirect = redirect
        self._tls = tls
        self.refuse_update: str | None = None
        """Why no session can be as it is wanted; "" is silence."""
        self.sessions: list[Session] = []
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        return f"{'ws' if self._tls is None else 'wss'}://127.0.0.1:{self._port}/v1/realtime"

    @property
    def session(self) -> Session:
        """The last one."""
        return self.sessions[-1]

    async def __aenter__(self) -> Endpoint:
        options: dict[str, Any] = {
            "process_request": self._judge,
            "compression": None,
            "logger": _silent,
            "ssl": self._tls,
        }
        self._server = await serve(self._serve, "127.0.0.1", 0, **options)
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _judge(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if self.redirect is not None:
            response = connection.respond(307, "elsewhere")
            response.headers["Location"] = self.redirect
            return response
        return None if self.refuse is None else connection.respond(self.refuse, "go away sk-never-to-be-shown")

    async def _serve(self, connection: ServerConnection) -> None:
        session = Session(self, connection)
        self.sessions.append(session)
        with contextlib.suppress(ConnectionClosed):
            await session.run()

    def next_of(self, script: list[Any]) -> Any:
        """Return the next entry of a script; the last one stays."""
        return script.pop(0) if len(script) > 1 else script[0]


class Session:
    """One session, and what it received."""

    def __init__(self, endpoint: Endpoint, connection: ServerConnection) -> None:
        self._endpoint = endpoint
        self._connection = connection
        self._ids = itertools.count(1)
        self._durations_ms: dict[str, float] = {}
        self._response: asyncio.Task[None] | None = None
        self._response_id = ""
        self.received: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.buffer = b""
        self.committed: list[Pcm] = []

    def of(self, *types: str) -> list[dict[str, Any]]:
        """Return what was received of these types."""
        return [event for event in self.received if event["type"] in types]

    async def run(self) -> None:
        old = {"modalities": ["text", "audio"], "input_audio_format": "pcm16"}
        new = {"type": "realtime", "output_modalities": ["audio"], "audio": {}}
        created = {"type": "session.created", "session": {"id": "sess_1", **(old if self._endpoint.beta else new)}}
        if isinstance(self._endpoint.first, str):
            await self._connection.send(self._endpoint.first)
        else:
            await self.send(self._endpoint.first or created)
        try:
            async for message in self._connection:
                event = json.loads(message)
                self.received.append(event)
                await self._obey(event)
        finally:
            if self._response is not None:
                self._response.cancel()
                await asyncio.wait([self._response])

    async def send(self, event: dict[str, Any]) -> None:
        """Send an event, by the names of its age."""
        name = event["type"]
        if self._endpoint.beta:
            for new, old in _OLD_NAMES.items():
                if name.startswith(new):
                    name = old + name.removeprefix(new)
        await self._connection.send(json.dumps({"event_id": f"event_{next(self._ids)}", **event, "type": name}))

    async def refuse(self, event: dict[str, Any], message: str, code: str | None = None) -> None:
        """Answer an event with an error."""
        self.errors.append(message)
        about = {"type": "invalid_request_error", "code": code, "param": None, "event_id": event.get("event_id")}
        await self.send({"type": "error", "error": {"message": message, **about}})

    async def _obey(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "session.update" if self._endpoint.refuse_update:
                await self.refuse(event, self._endpoint.refuse_update)
            case "session.update" if self._endpoint.refuse_update is not None:
                pass
            case "session.update":
                await self.send({"type": "session.updated", "session": event["session"]})
            case "input_audio_buffer.append":
                self.buffer += base64.b64decode(event["audio"], validate=True)
            case "input_audio_buffer.clear":
                self.buffer = b""
                await self.send({"type": "input_audio_buffer.cleared"})
            case "input_audio_buffer.commit":
                await self._commit(event)
            case "conversation.item.create":
                item = {"id": f"item_{next(self._ids)}", **event["item"]}
                await self.send({"type": "conversation.item.added", "previous_item_id": None, "item": item})
            case "conversation.item.truncate":
                await self._truncate(event)
            case "response.create":
                if self._response is not None and not self._response.done():
                    code = "conversation_already_has_active_response"
                    await self.refuse(event, "Conversation already has an active response", code)
                    return
                self._response = asyncio.ensure_future(self._respond())
            case "response.cancel":
                await self._cancel(event)
            case unknown:
                await self.refuse(event, f"Invalid value: {unknown!r}")

    async def _commit(self, event: dict[str, Any]) -> None:
        if len(self.buffer) < 4800:
            await self.refuse(
                event, f"buffer too small: {len(self.buffer) / 48:.2f} ms", "input_audio_buffer_commit_empty"
            )
            return
        self.committed.append(np.frombuffer(self.buffer, dtype="<i2"))
        self.buffer = b""
        item_id = f"item_{next(self._ids)}"
        self._user_item = item_id
        await self.send({"type": "input_audio_buffer.committed", "previous_item_id": None, "item_id": item_id})
        if self._endpoint.transcribes == "first":
            await self.transcribe()

    async def transcribe(self) -> None:
        """Say what the user is understood to have said."""
        said = self._endpoint.next_of(self._endpoint.transcripts)
        name = "conversation.item.input_audio_transcription."
        about = {"item_id": self._user_item, "content_index": 0}
        if said is None:
            error = {"type": "transcription_error", "code": "audio_unintelligible", "message": "no", "param": None}
            await self.send({"type": name + "failed", **about, "error": error})
            return
        usage = {"type": "duration", "seconds": 1.0}
        await self.send({"type": name + "completed", **about, "transcript": said, "usage": usage})

    async def _truncate(self, event: dict[str, Any]) -> None:
        duration_ms = self._durations_ms.get(event["item_id"])
        if duration_ms is None:
            await self.refuse(event, f"no item {event['item_id']}")
        elif event["audio_end_ms"] > duration_ms:
            await self.refuse(
                event, f"audio content of {duration_ms} ms is already shorter than {event['audio_end_ms']} ms"
            )
        else:
            about = {key: event[key] for key in ("item_id", "content_index", "audio_end_ms")}
            await self.send({"type": "conversation.item.truncated", **about})

    async def _cancel(self, event: dict[str, Any]) -> None:
        if self._response is None or self._response.done():
            await self.refuse(event, "Cancellation failed: no active response found", "response_cancel_not_active")
            return
        self._response.cancel()
        await asyncio.wait([self._response])
        await self._done("cancelled", [], {"type": "cancelled", "reason": "client_cancelled"})

    # A response

    async def _respond(self) -> None:
        self._response_id = f"resp_{next(self._ids)}"
        response = {"id": self._response_id, "object": "realtime.response", "status": "in_progress", "output": []}
        await self.send({"type": "response.created", "response": response})
        output: list[dict[str, Any]] = []
        for index, step in enumerate(self._endpoint.next_of(self._endpoint.responses)):
            match step:
                case Say():
                    output.append(await self._say(step, index))
                case Call():
                    output.append(await self._call(step, index))
                case Raw(text):
                    await self._connection.send(text.replace("RESPONSE", self._response_id))
                case Fail(message):
                    error = {"type": "server_error", "code": "server_error", "message": message}
                    await self._done("failed", output, {"type": "failed", "error": error})
                    return
                case "cut":
                    await self._connection.close(1011, "keepalive")
                    return
                case _:
                    await asyncio.Event().wait()
        await self._done("completed", output, None)
        if self._endpoint.transcribes == "last":
            await self.transcribe()

    async def _done(self, status: str, output: list[dict[str, Any]], details: dict[str, Any] | None) -> None:
        about = {"id": self._response_id, "object": "realtime.response", "status": status, "status_details": details}
        await self.send({"type": "response.done", "response": {**about, "output": output}})

    async def _say(self, step: Say, index: int) -> dict[str, Any]:
        item_id = f"item_{next(self._ids)}"
        about = {"response_id": self._response_id, "item_id": item_id, "output_index": index, "content_index": 0}
        item = {"id": item_id, "object": "realtime.item", "type": "message", "role": "assistant", "content": []}
        await self.send(
            {"type": "response.output_item.added", **_item_of(about), "item": {**item, "status": "in_progress"}}
        )
        for word in _words(step.text):
            await self.send({"type": "response.output_audio_transcript.delta", **about, "delta": word})
        if step.audio is not None:
            self._durations_ms[item_id] = len(step.audio) / 24
            for piece in _cut(step.audio.astype("<i2").tobytes(), step.sizes):
                delta = base64.b64encode(piece).decode()
                await self.send({"type": "response.output_audio.delta", **about, "delta": delta})
            await self.send({"type": "response.output_audio.done", **about})
        await self.send({"type": "response.output_audio_transcript.done", **about, "transcript": step.text})
        done = {**item, "status": "completed", "content": [{"type": "output_audio", "transcript": step.text}]}
        await self.send({"type": "response.output_item.done", **_item_of(about), "item": done})
        return done

    async def _call(self, step: Call, index: int) -> dict[str, Any]:
        item_id = f"item_{next(self._ids)}"
        about = {"response_id": self._response_id, "item_id": item_id, "output_index": index, "call_id": step.id}
        for letter in step.arguments:
            await self.send({"type": "response.function_call_arguments.delta", **about, "delta": letter})
        done = {"type": "response.function_call_arguments.done", **about, "name": step.name}
        await self.send({**done, "arguments": step.arguments})
        item = {"id": item_id, "object": "realtime.item", "type": "function_call", "status": "completed"}
        item |= {"call_id": step.id, "name": step.name, "arguments": step.arguments}
        del about["call_id"]
        await self.send({"type": "response.output_item.done", **_item_of(about), "item": item})
        return item


def _item_of(about: dict[str, Any]) -> dict[str, Any]:
    return {key: about[key] for key in ("response_id", "output_index")}


def _words(text: str) -> list[str]:
    return [word if at == 0 else " " + word for at, word in enumerate(text.split(" "))]


def _cut(whole: bytes, sizes: tuple[int, ...]) -> Iterator[bytes]:
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(whole):
            return
        yield whole[at : at + size]
        at += size
