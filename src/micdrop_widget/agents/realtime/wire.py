"""OpenAI's Realtime protocol: the settings of a session, and events by one name each.

The protocol has two versions: since September 2025 the audio's settings are nested, and some events have other names.
The session in a server's first event shows which one it speaks.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from micdrop_widget.agents.protocols import ChatMessage
from micdrop_widget.agents.tools import Tool
from micdrop_widget.audio import Pcm, pcm_to_bytes

__all__ = ["Event", "SessionSettings", "append_audio", "create_message", "is_beta", "modern_name", "session_update"]

Event = dict[str, Any]
"""An event, either way: a JSON object with a `type`."""

_BETA_NAMES = {
    "response.audio.": "response.output_audio.",
    "response.audio_transcript.": "response.output_audio_transcript.",
    "response.text.": "response.output_text.",
}


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The settings of a session."""

    model: str
    instructions: str | None
    voice: str | None
    transcription: Mapping[str, str] | None
    """Model and language of the user's transcripts; None: none are asked for."""
    input_rate: int
    output_rate: int
    options: Mapping[str, Any]
    """Further fields of the session."""


def is_beta(created: Event) -> bool:
    """Return whether the session in a server's first event is of the protocol's first version."""
    session = created.get("session") or {}
    return "modalities" in session or "input_audio_format" in session


def modern_name(name: str) -> str:
    """Return the name of an event since September 2025."""
    for old, new in _BETA_NAMES.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def session_update(settings: SessionSettings, tools: Sequence[Tool], *, beta: bool) -> Event:
    """Return the event that sets a session up: audio both ways, and no turn detection of the endpoint's."""
    session: dict[str, Any] = {"tools": [_described(tool) for tool in tools]}
    if settings.instructions is not None:
        session["instructions"] = settings.instructions
    if beta:
        session |= {"modalities": ["text", "audio"], "turn_detection": None}
        session |= {"input_audio_format": "pcm16", "output_audio_format": "pcm16"}
        session |= {"input_audio_transcription": settings.transcription}
        session |= {} if settings.voice is None else {"voice": settings.voice}
    else:
        heard: dict[str, Any] = {"format": {"type": "audio/pcm", "rate": settings.input_rate}, "turn_detection": None}
        heard["transcription"] = settings.transcription
        spoken: dict[str, Any] = {"format": {"type": "audio/pcm", "rate": settings.output_rate}}
        spoken |= {} if settings.voice is None else {"voice": settings.voice}
        session |= {"type": "realtime", "output_modalities": ["audio"], "audio": {"input": heard, "output": spoken}}
    return {"type": "session.update", "session": {**session, **settings.options}}


def append_audio(pcm: Pcm) -> Event:
    """Return samples, at the rate of the session, as the user's speech."""
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm_to_bytes(pcm)).decode("ascii")}


def create_message(message: ChatMessage, *, beta: bool) -> Iterable[Event]:
    """Yield a message of an earlier conversation as an item; nothing for one without a text, or of a tool."""
    text, role = message.get("content"), message["role"]
    if text and role in ("user", "assistant", "system"):
        kind = "input_text" if role != "assistant" else "text" if beta else "output_text"
        item = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
        yield {"type": "conversation.item.create", "item": item}


def _described(tool: Tool) -> dict[str, Any]:
    return {"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters}
