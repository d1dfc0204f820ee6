"""`MicdropServer`: the embedded server, with the parts that answer its calls."""

from __future__ import annotations

import inspect
import logging
import ssl as tls
from collections.abc import Callable, Sequence
from typing import Any, Literal

from micdrop_widget.agents.parts import Parts, checked_ahead_s
from micdrop_widget.agents.pipeline import Pipeline
from micdrop_widget.agents.protocols import (
    Agent,
    CallAgent,
    CallSettings,
    SpeechStream,
    SpeechToText,
    StreamingSpeechToText,
    TextToSpeech,
)
from micdrop_widget.agents.sentences import CutSentences, cut_sentences
from micdrop_widget.agents.tools import Tool, as_tools
from micdrop_widget.protocol import SkipAnswer
from micdrop_widget.server.call import MakeResponder, ServerCall
from micdrop_widget.server.cells import CellContext
from micdrop_widget.server.echo import echo
from micdrop_widget.server.function import FunctionResponder, Respond
from micdrop_widget.server.handshake import Limits
from micdrop_widget.server.listener import CheckParams, OnFrame
from micdrop_widget.server.responder import Responder
from micdrop_widget.server.server import CallServer

__all__ = ["MicdropServer"]

_log = logging.getLogger("micdrop_widget.server")

_ECHO_GREETING = "Say something: I answer with your own voice."


class MicdropServer(CallServer):
    """A Micdrop server on loopback: it answers calls by the parts it is given, or by one function, or as an echo.

    Parameters
    ----------
    respond
        An async function that answers one utterance: `async def respond(call, utterance)`, with a `ServerCall` and
        int16 samples at 16 kHz. It is cancelled when the user interrupts. What it returns is sent: a text as the
        assistant's message, samples as its voice. Or who answers whole calls, as `micdrop_widget.agents.OpenAIRealtime`
        does. Without it and without parts, the server is an echo.
    stt
        Ears: `stt(utterance) -> str`, or a class with `push(pcm)` and `finish() -> str`, which hears as it arrives; see
        `micdrop_widget.agents.SpeechToText`.
    agent
        A mind: `agent(conversation)` returns a text or yields its pieces; see `micdrop_widget.agents.Agent`.
    tts
        A voice: `tts(sentence)` returns or yields samples; see `micdrop_widget.agents.TextToSpeech`. Parts may be
        plain functions, which run in worker threads, async ones, generators of both kinds, and objects that are
        called. Each may be missing: `stt` alone takes dictation, with `agent` it answers in text, with `tts` it is an
        echo of words.
    greeting
        What the server says first: a text; a function that returns or yields it, `greeting()` or `greeting(call)`;
        or None or `SkipAnswer`, which only says that the server is ready.
    tools
        Python functions with type hints and a docstring that the agent may call; see `micdrop_widget.agents.Tool`.
    cut_sentences
        Cuts what the agent writes into what the voice speaks; see `micdrop_widget.agents.cut_sentences`.
    partial_messages
        Whether the client is sent what the agent has written so far, while it writes (`PartialAssistantMessage`).
    max_ahead_s
        How far the voice is sent ahead of what the user has heard of it, in seconds; None: as fast as it goes.
    host, port
        Where to listen; port 0 takes a free one.
    check_params
        A function, async or not, that is given the client's params and raises `CallRefused` (4401 by default) or
        `ValueError` (4400) to refuse the call. With it the server waits 3 s for the params, as Micdrop's does.
    origins
        The web pages that may call, like `["https://example.org"]`. Programs send no origin: they always may.
    hosts
        Further names that this server is called by, of a proxy for example.
    ssl
        A server's `ssl.SSLContext`: the server is then a `wss://` one.
    limits
        How much clients may send, and how many calls there may be.
    on_frame
        Called with each `ServerCall` and raw frame (str or bytes) that comes from a client, in order.

    Attributes
    ----------
    stt, agent, tts, greeting, tools
        May be set while calls are up: the next answer is made by the new one.

    Raises
    ------
    TypeError
        A part has not the shape that is expected; the message says which.

    Examples
    --------
    In a program, on its own event loop, or in a thread of its own::

        async with MicdropServer() as server:
            print(server.url)

        with MicdropServer() as server:
            print(server.url)

    In a notebook cell; run again, the cell's new server takes over from its old one::

        server = MicdropServer(stt=ears, agent=agent, tts=voice).start()
    """

    def __init__(
        self,
        respond: Respond | CallAgent | None = None,
        *,
        stt: SpeechToText | StreamingSpeechToText | SpeechStream | type[SpeechStream] | None = None,
        agent: Agent | Callable[..., Any] | None = None,
        tts: TextToSpeech | None = None,
        greeting: str | Callable[..., Any] | SkipAnswer | Literal["default"] | None = "default",
        tools: Sequence[Tool | Callable[..., Any]] = (),
        cut_sentences: CutSentences = cut_sentences,
        partial_messages: bool = False,
        max_ahead_s: float | None = 2.0,
        host: str = "127.0.0.1",
        port: int = 0,
        check_params: CheckParams | None = None,
        origins: Sequence[str] = (),
        hosts: Sequence[str] = (),
        ssl: tls.SSLContext | None = None,
        limits: Limits | None = None,
        on_frame: OnFrame | None = None,
    ) -> None:
        self._parts: Parts | None = None
        self._answers_by = "respond"
        self._tools: tuple[Tool, ...] = ()
        if isinstance(respond, CallAgent) and stt is None and agent is None and tts is None:
            self._tools, self._answers_by = as_tools(tools), repr(respond)
            ahead_s = checked_ahead_s(max_ahead_s)
            first = _spoken_greeting(greeting)
            make_responder = _by_calls(respond, CallSettings(self._tools, first, partial_messages, ahead_s))
        elif stt is None and agent is None and tts is None:
            if tools:
                raise TypeError("tools: expected an agent that uses them, agent=…")
            assert not isinstance(respond, CallAgent)
            make_responder = _by_function(respond or echo, _ECHO_GREETING if greeting == "default" else greeting)
        else:
            if respond is not None:
                raise TypeError("respond: expected either respond or stt, agent and tts, not both")
            self._parts = parts = Parts(cut_sentences, partial_messages, max_ahead_s)
            parts.set_ears(stt)
            parts.set_agent(agent)
            parts.set_voice(tts)
            parts.set_greeting(None if greeting == "default" else greeting)
            parts.set_tools(tools)
            parts.check()
            make_responder = _by_parts(parts)
        super().__init__(
            make_responder,
            host=host,
            port=port,
            ssl=ssl,
            check_params=check_params,
            origins=origins,
            hosts=hosts,
            limits=limits or Limits(),
            on_frame=on_frame,
        )

    @property
    def parts(self) -> str:
        """The parts that answer, in words."""
        if self._parts is not None:
            return self._parts.words
        return ", ".join([self._answers_by, *(f"tool {tool.name}" for tool in self._tools)])

    @property
    def stt(self) -> Any:  # noqa: ANN401 - what the user gave
        """The ears."""
        ears = self._changeable.ears
        return None if ears is None else ears.function

    @stt.setter
    def stt(self, stt: object) -> None:
        if stt is None:
            raise TypeError("stt: expected ears; without them no call can be held")
        self._changeable.set_ears(stt)

    @property
    def agent(self) -> Any:  # noqa: ANN401 - what the user gave
        """The mind."""
        agent = self._changeable.agent
        return None if agent is None else agent.function

    @agent.setter
    def agent(self, agent: object) -> None:
        self._changeable.set_agent(agent)

    @property
    def tts(self) -> Any:  # noqa: ANN401 - what the user gave
        """The voice."""
        voice = self._changeable.voice
        return None if voice is None else voice.part.function

    @tts.setter
    def tts(self, tts: object) -> None:
        self._changeable.set_voice(tts)

    @property
    def greeting(self) -> Any:  # noqa: ANN401 - what the user gave
        """What the server says first."""
        greeting = self._changeable.greeting
        return greeting if greeting is None or isinstance(greeting, str) else greeting.function

    @greeting.setter
    def greeting(self, greeting: object) -> None:
        self._changeable.set_greeting(greeting)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools."""
        return self._changeable.tools

    @tools.setter
    def tools(self, tools: Sequence[Tool | Callable[..., Any]]) -> None:
        self._changeable.set_tools(tools)
        if self._listener is not None:
            self._announce(self._listener.url)

    @property
    def _changeable(self) -> Parts:
        if self._parts is None:
            raise AttributeError("this server answers by respond: it has no parts that could change")
        return self._parts

    def _announce(self, url: str) -> None:
        tools = self._tools if self._parts is None else self._parts.tools
        if tools:
            names = ", ".join(tool.name for tool in tools)
            _log.warning("%s can be called by %s; its agent may use %s", url, self.reachable_by, names)


def _by_function(respond: Respond, greeting: object) -> MakeResponder:
    if not _is_async(respond):
        raise TypeError("respond: expected an async function, async def respond(call, utterance)")
    first: Any = None if greeting is SkipAnswer or isinstance(greeting, SkipAnswer) else greeting
    if first is not None and not isinstance(first, str) and not _is_async(first):
        raise TypeError("greeting: expected a text or an async function, async def greet(call)")
    context = CellContext()

    def make_responder(call: ServerCall, _: Responder | None) -> Responder:
        return FunctionResponder(call, respond, first, context)

    return make_responder


def _by_calls(agent: CallAgent, settings: CallSettings) -> MakeResponder:
    def make_responder(call: ServerCall, before: Responder | None) -> Responder:
        return agent.open_call(call, before, settings)

    return make_responder


def _spoken_greeting(greeting: object) -> str | None:
    if greeting in (None, "default", SkipAnswer) or isinstance(greeting, SkipAnswer):
        return None
    if not isinstance(greeting, str):
        raise TypeError(f"greeting: expected a text, which the model says, got {type(greeting).__name__}")
    return greeting


def _by_parts(parts: Parts) -> MakeResponder:
    def make_responder(call: ServerCall, before: Responder | None) -> Responder:
        return Pipeline(call, parts, before)

    return make_responder


def _is_async(function: object) -> bool:
    """Return whether calling it gives a coroutine: an async function, method or callable object."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
