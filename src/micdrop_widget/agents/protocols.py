"""The interfaces of the three parts of an agent."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from numpy.typing import NDArray

from micdrop_widget.agents.tools import Tool
from micdrop_widget.audio import Pcm
from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.responder import Responder

__all__ = [
    "Agent",
    "AgentAnswer",
    "CallAgent",
    "CallSettings",
    "ChatMessage",
    "Sound",
    "SpeechStream",
    "SpeechToText",
    "StreamingSpeechToText",
    "TextToSpeech",
]

ChatMessage: TypeAlias = dict[str, Any]
"""A message as chat APIs have it: `role` and `content`; `tool_calls` of an assistant; `tool_call_id` of a result."""

AgentAnswer: TypeAlias = Any
"""A text; or a `ToolCall`, `EndCall`, `SkipAnswer`, `CancelLastUserMessage`, `Classification` of
`micdrop_widget.agents`; or an assistant's message of a chat API, `{"role": "assistant", "content": …,
"tool_calls": …}`; or an iterable of them, asynchronous or not; or None, which is no answer."""

Sound: TypeAlias = NDArray[Any] | tuple[int, NDArray[Any]] | bytes
"""Samples at 16 kHz, `(sample_rate, samples)`, or bytes: int16 little-endian at 16 kHz."""


class SpeechToText(Protocol):
    """Speech recognition of a whole utterance."""

    def __call__(self, utterance: Pcm, /) -> str | Awaitable[str]:
        """Return what was said in these samples, int16 at 16 kHz; "" when nothing was.

        A plain function runs in a worker thread, an async one on the server's event loop. Cancelled by an interruption.
        """
        ...


class SpeechStream(Protocol):
    """Speech recognition of one utterance while it arrives, so that the text is there when the turn ends."""

    def push(self, pcm: Pcm, /) -> object:
        """Process the next samples, int16 at 16 kHz. Plain methods run in a worker thread, in order."""
        ...

    def finish(self) -> str | Awaitable[str]:
        """Return what was said; the utterance is over."""
        ...


class StreamingSpeechToText(Protocol):
    """Speech recognition that opens a stream for every utterance. A class with `push` and `finish` is one too."""

    def open(self) -> SpeechStream:
        """Return the stream for the next utterance, of any call; called when the user begins to speak."""
        ...


class Agent(Protocol):
    """The mind: from a conversation to an answer.

    It may ask for more by name: `call`, the `ServerCall`, and `tools`, the list of `Tool`.
    """

    def __call__(self, conversation: list[ChatMessage], /) -> AgentAnswer | Awaitable[AgentAnswer]:
        """Answer the last message of a conversation; a generator's pieces are spoken as they come.

        The list is a copy. What the user did not hear of an answer is not in it: an answer that was interrupted ends
        with `INTERRUPTED`.
        """
        ...


class TextToSpeech(Protocol):
    """The voice: from a sentence to sound."""

    def __call__(self, sentence: str, /) -> Sound | Iterable[Sound] | Awaitable[Sound] | AsyncIterable[Sound]:
        """Return the sound of a sentence, or its pieces as they come."""
        ...


@dataclass(frozen=True, slots=True)
class CallSettings:
    """The options of a server that concern a `CallAgent`."""

    tools: tuple[Tool, ...]
    greeting: str | None
    partial_messages: bool
    max_ahead_s: float | None


@runtime_checkable
class CallAgent(Protocol):
    """Ears, mind and voice in one, as `OpenAIRealtime` is: given to `MicdropServer` instead of a function."""

    def open_call(self, call: ServerCall, before: Responder | None, settings: CallSettings) -> Responder:
        """Return the responder of a call; on the server's event loop.

        Parameters
        ----------
        call
            The call that came in.
        before
            The responder until now, where the cell ran again; it is closed when its answer is over.
        settings
            The server's options.
        """
        ...
