"""The wire protocol of a Micdrop call: the frames of both directions, and how they are read and written.

Source: the Micdrop server's protocol (micdrop.dev). One WebSocket per call; text frames are commands, binary
frames are audio (signed 16-bit little-endian PCM, mono, 16 kHz).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = [
    "MIN_AUDIO_BYTES",
    "Audio",
    "CancelLastUserMessage",
    "Classification",
    "ClientFrame",
    "ConversationItem",
    "EndCall",
    "EventName",
    "Malformed",
    "Message",
    "MuteCommand",
    "PartialAssistantMessage",
    "ServerFrame",
    "SkipAnswer",
    "StartSpeaking",
    "StopSpeaking",
    "TextMessage",
    "ToolCall",
    "ToolCallMessage",
    "ToolResultMessage",
    "Unknown",
    "container_of",
    "encode_client_frame",
    "encode_server_frame",
    "item_from_json",
    "item_to_json",
    "parse_client_frame",
    "parse_server_frame",
]

MIN_AUDIO_BYTES = 16
"""The shortest audio frame a client may send: the server takes every frame under 15 bytes for a command."""


EventName: TypeAlias = Literal[
    "StateChange",
    "Error",
    "EndCall",
    "Message",
    "PartialAssistantMessage",
    "ToolCall",
    "Classification",
    "Turn",
    "Levels",
]
"""The events of a call, by Micdrop's names; `Turn` and `Levels` are ours alone."""


_CONTAINERS = {
    b"RIFF": "a WAV file (RIFF)",
    b"RIFX": "a WAV file (RIFX)",
    b"ID3": "an MP3 file (ID3)",
    b"OggS": "an Ogg file",
    b"\x1a\x45\xdf\xa3": "a WebM or Matroska file (EBML)",
    b"fLaC": "a FLAC file",
    b"FORM": "an AIFF file",
    b"caff": "a CAF file",
}


def container_of(audio: bytes) -> str | None:
    """Return what container an audio frame begins like, in words, or None: samples have no header."""
    # one lookup first, since nearly every frame begins like none
    if audio[:3] not in _CONTAINER_STARTS:
        return None
    return next((name for magic, name in _CONTAINERS.items() if audio.startswith(magic)), None)


_CONTAINER_STARTS = frozenset(magic[:3] for magic in _CONTAINERS)


# The conversation


@dataclass(frozen=True, slots=True)
class TextMessage:
    """Something said or written: by the user, the assistant or the system."""

    role: Literal["system", "user", "assistant"]
    content: str
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolCallMessage:
    """The assistant called a tool; `parameters` is a JSON string."""

    toolCallId: str
    toolName: str
    parameters: str
    role: Literal["tool_call"] = field(default="tool_call", init=False)


@dataclass(frozen=True, slots=True)
class ToolResultMessage:
    """A tool answered; `output` is a JSON string."""

    toolCallId: str
    toolName: str
    output: str
    role: Literal["tool_result"] = field(default="tool_result", init=False)


ConversationItem: TypeAlias = TextMessage | ToolCallMessage | ToolResultMessage


def item_to_json(item: ConversationItem) -> dict[str, Any]:
    """Return a conversation item as the wire's JSON object; an absent `metadata` is left out."""
    return {key: value for key, value in asdict(item).items() if value is not None}


def item_from_json(value: Mapping[str, Any]) -> ConversationItem:
    """Return the conversation item of a JSON object: the inverse of `item_to_json`.

    Raises
    ------
    ValueError
        It is none; the message says what was expected.
    """
    match value.get("role"):
        case "system" | "user" | "assistant" as role:
            metadata = value.get("metadata")
            if metadata is not None and not isinstance(metadata, dict):
                raise ValueError("expected a JSON object in 'metadata'")
            return TextMessage(role, _text(value, "content"), metadata)
        case "tool_call":
            return ToolCallMessage(_text(value, "toolCallId"), _text(value, "toolName"), _text(value, "parameters"))
        case "tool_result":
            return ToolResultMessage(_text(value, "toolCallId"), _text(value, "toolName"), _text(value, "output"))
        case role:
            raise ValueError(f"unknown role {role!r}")


# Server to client

_MAX_NAME = 80
_MAX_REASON = 200
"""How much of an unusable frame is logged: a server may send megabytes of nonsense."""


@dataclass(frozen=True, slots=True)
class Message:
    """A conversation item was settled."""

    item: ConversationItem


@dataclass(frozen=True, slots=True)
class CancelLastUserMessage:
    """The last user message is taken back."""


@dataclass(frozen=True, slots=True)
class SkipAnswer:
    """There will be no answer now: the client listens again."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """The assistant wants the call to end; its goodbye normally follows."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool was called on the server; `parameters` and `output` are JSON values."""

    name: str
    parameters: Any = None
    output: Any = None


@dataclass(frozen=True, slots=True)
class PartialAssistantMessage:
    """The whole answer as far as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Classification:
    """The server classified what was said."""

    input: Any
    result: Any
    duration: float
    """Milliseconds."""


@dataclass(frozen=True, slots=True)
class Audio:
    """PCM bytes of any length; an odd byte belongs to the next frame."""

    pcm_bytes: bytes

    def __repr__(self) -> str:
        return f"Audio({len(self.pcm_bytes)} bytes)"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command this protocol does not know: to be ignored."""

    name: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A known command whose payload cannot be read: to be reported, never fatal."""

    name: str
    reason: str


ServerFrame: TypeAlias = (
    Message
    | CancelLastUserMessage
    | SkipAnswer
    | EndCall
    | ToolCall
    | PartialAssistantMessage
    | Classification
    | Audio
    | Unknown
    | Malformed
)


def parse_server_frame(frame: str | bytes) -> ServerFrame:
    """Return what a frame from the server means; no input raises."""
    if isinstance(frame, bytes):
        return Audio(frame)
    name, _, payload = frame.partition(" ")
    match name:
        case "CancelLastUserMessage":
            return CancelLastUserMessage()
        case "SkipAnswer":
            return SkipAnswer()
        case "EndCall":
            return EndCall()
        case "Message" | "ToolCall" | "PartialAssistantMessage" | "Classification":
            try:
                return _parse_payload(name, _parse_json(payload))
            except (ValueError, RecursionError) as error:
                return Malformed(name, str(error)[:_MAX_REASON])
        case _:
            return Unknown(name[:_MAX_NAME])


def _parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value that can be written as JSON again, whoever reads it: finite numbers, whole characters."""
    value = json.loads(text)
    written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        written.encode()
    except UnicodeEncodeError:  # half an emoji: a server in JavaScript may cut a partial answer there
        value = json.loads(written.encode(errors="replace"))
    return value


def _parse_payload(name: str, value: Any) -> ServerFrame:  # noqa: ANN401 - any JSON value
    if name == "PartialAssistantMessage":
        if not isinstance(value, str):
            raise ValueError(f"expected a JSON string, got {type(value).__name__}")
        return PartialAssistantMessage(value)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    if name == "Message":
        return Message(item_from_json(value))
    if name == "ToolCall":
        return ToolCall(_text(value, "name"), value.get("parameters"), value.get("output"))
    duration = value.get("duration", 0)
    if isinstance(duration, bool) or not isinstance(duration, int | float):
        raise ValueError("expected a number in 'duration'")
    return Classification(value.get("input"), value.get("result"), duration)


def _text(value: Mapping[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str):
        raise ValueError(f"expected a string in {key!r}, got {type(text).__name__}")
    return text


def encode_server_frame(frame: ServerFrame) -> str | bytes:
    """Return a server frame as it travels: the inverse of `parse_server_frame`.

    Raises
    ------
    TypeError
        `Unknown` and `Malformed` are readings, not frames to be written.
    """
    match frame:
        case Audio(pcm_bytes):
            return pcm_bytes
        case Message(item):
            return f"Message {json.dumps(item_to_json(item))}"
        case PartialAssistantMessage(text):
            return f"PartialAssistantMessage {json.dumps(text)}"
        case ToolCall() | Classification():
            return f"{type(frame).__name__} {json.dumps(asdict(frame))}"
        case CancelLastUserMessage() | SkipAnswer() | EndCall():
            return type(frame).__name__
        case _:
            raise TypeError(f"{frame!r} cannot be sent")


# Client to server


@dataclass(frozen=True, slots=True)
class StartSpeaking:
    """The user's speech is confirmed: an utterance begins, a running answer is cancelled."""


@dataclass(frozen=True, slots=True)
class StopSpeaking:
    """The user's turn is over."""


@dataclass(frozen=True, slots=True)
class MuteCommand:
    """The call was paused: the open utterance ends, a running answer is cancelled. Wire name `Mute`."""


ClientFrame: TypeAlias = StartSpeaking | StopSpeaking | MuteCommand | Audio | Unknown

_CLIENT_COMMANDS: dict[str, ClientFrame] = {
    "StartSpeaking": StartSpeaking(),
    "StopSpeaking": StopSpeaking(),
    "Mute": MuteCommand(),
}


def parse_client_frame(frame: str | bytes) -> ClientFrame:
    """Return what a frame from a client means to a Micdrop server.

    The server looks at the length alone: every frame under 15 bytes is a command, whether it came as text or
    binary, and every longer one is audio.
    """
    frame_bytes = frame.encode() if isinstance(frame, str) else frame
    if len(frame_bytes) >= MIN_AUDIO_BYTES - 1:
        return Audio(frame_bytes)
    name = frame_bytes.decode("ascii", errors="replace")
    return _CLIENT_COMMANDS.get(name, Unknown(name))


def encode_client_frame(frame: StartSpeaking | StopSpeaking | MuteCommand) -> str:
    """Return a command of the client as it travels."""
    return "Mute" if isinstance(frame, MuteCommand) else type(frame).__name__
