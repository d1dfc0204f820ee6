"""What an agent may say, and the forms in which it may say it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from micdrop_widget import protocol as wire

__all__ = ["Piece", "ToolRequest", "read_piece"]

_EXPECTED = (
    "expected a text, an iterator of texts, None, a ToolCall, EndCall, SkipAnswer, CancelLastUserMessage or "
    "Classification, or a chat message of the assistant"
)


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """The agent wants a tool to be used."""

    id: str
    name: str
    arguments: Any
    """A JSON object, or its text, as models write it."""

    def to_chat(self) -> dict[str, Any]:
        """Return it as chat APIs have it in an assistant's `tool_calls`."""
        function = {"name": self.name, "arguments": self.arguments_text}
        return {"id": self.id, "type": "function", "function": function}

    @property
    def arguments_text(self) -> str:
        """The arguments as JSON."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


Piece: TypeAlias = str | ToolRequest | wire.EndCall | wire.SkipAnswer | wire.CancelLastUserMessage | wire.Classification

_SIGNALS = (wire.EndCall, wire.SkipAnswer, wire.CancelLastUserMessage)


def read_piece(name: str, piece: object) -> Iterable[Piece]:
    """Return what an agent said as texts, tool requests and signals.

    Raises
    ------
    TypeError
        It is nothing that an agent may say.
    """
    match piece:
        case None:
            return ()
        case str():
            return (piece,) if piece else ()
        case wire.EndCall() | wire.SkipAnswer() | wire.CancelLastUserMessage() | wire.Classification():
            return (piece,)
        case type() if piece in _SIGNALS:  # the class instead of an object of it
            return (piece(),)
        case wire.ToolCall(tool, parameters, _):
            return (ToolRequest(_new_id(), tool, {} if parameters is None else parameters),)
        case {"role": "assistant"} | {"content": _} | {"tool_calls": _}:
            return tuple(_read_chat_message(name, piece))
        case tuple():
            return tuple(each for part in piece for each in read_piece(name, part))
        case _:
            raise TypeError(f"{name}: {_EXPECTED}; got {type(piece).__name__}")


def _read_chat_message(name: str, message: Any) -> Iterable[Piece]:  # noqa: ANN401 - a mapping, checked here
    content = message.get("content")
    if content is not None and not isinstance(content, str):
        raise TypeError(f"{name}: expected a text in 'content', got {type(content).__name__}")
    if content:
        yield content
    for request in message.get("tool_calls") or ():
        try:
            function = request["function"]
            yield ToolRequest(request.get("id") or _new_id(), function["name"], function.get("arguments") or {})
        except (KeyError, TypeError, AttributeError):
            raise TypeError(
                f"{name}: expected tool calls like {{'id': …, 'function': {{'name': …, 'arguments': …}}}}, "
                f"got {request!r}"
            ) from None


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex[:12]}"
