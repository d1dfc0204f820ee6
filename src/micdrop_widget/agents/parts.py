"""The parts of an agent, checked when they are given, and changed while calls are up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from micdrop_widget.agents.ears import EarsPart, make_ears_part
from micdrop_widget.agents.part import Part
from micdrop_widget.agents.sentences import CutSentences
from micdrop_widget.agents.tools import Tool, as_tools
from micdrop_widget.agents.voice import Voice
from micdrop_widget.protocol import SkipAnswer
from micdrop_widget.server.cells import CellContext

__all__ = ["Parts", "checked_ahead_s"]


class Parts:
    """Ears, mind, voice, greeting and tools: each may be missing, and is looked up anew for every answer."""

    def __init__(self, cut_sentences: CutSentences, partial_messages: bool, max_ahead_s: float | None) -> None:
        if not callable(cut_sentences):
            raise TypeError("cut_sentences: expected a function, cut_sentences(text, complete) -> (sentences, rest)")
        self.context = CellContext()
        self.cut_sentences = cut_sentences
        self.partial_messages = partial_messages
        self.max_ahead_s = checked_ahead_s(max_ahead_s)
        self.ears: EarsPart | None = None
        self.agent: Part | None = None
        self.voice: Voice | None = None
        self.greeting: str | Part | None = None
        self.tools: tuple[Tool, ...] = ()

    def set_ears(self, stt: object) -> None:
        """Transcribe with this from the next utterance on."""
        self.ears = None if stt is None else make_ears_part(stt)

    def set_agent(self, agent: object) -> None:
        """Answer with this from the next answer on."""
        self.agent = None if agent is None else Part("agent", agent, "agent(conversation)", "call", "tools")

    def set_voice(self, tts: object) -> None:
        """Speak with this from the next answer on."""
        self.voice = None if tts is None else Voice(tts)

    def set_greeting(self, greeting: object) -> None:
        """Greet with this from the next call on."""
        if greeting is None or isinstance(greeting, SkipAnswer) or greeting is SkipAnswer:
            self.greeting = None
        elif isinstance(greeting, str):
            self.greeting = greeting
        else:
            self.greeting = Part("greeting", greeting, "greeting()", "call", "tools")

    def set_tools(self, tools: Sequence[Tool | Callable[..., Any]]) -> None:
        """Offer these from the next answer on."""
        self.tools = as_tools(tools)

    def check(self) -> None:
        """Refuse parts that can hold no call.

        Raises
        ------
        TypeError
            There is an agent or a voice, but no ears.
        """
        if self.ears is None:
            raise TypeError(
                "stt: expected ears, since there is an agent or a voice: stt(utterance) -> str. With stt alone the "
                "server takes dictation, with stt and tts it is an echo, with stt and agent it answers in text"
            )

    @property
    def words(self) -> str:
        """The parts there are, by name."""
        present = {"stt": self.ears, "agent": self.agent, "tts": self.voice}
        names = [name for name, part in present.items() if part is not None]
        return ", ".join([*names, *(f"tool {tool.name}" for tool in self.tools)])


def checked_ahead_s(max_ahead_s: float | None) -> float | None:
    """Return how far the voice may be ahead.

    Raises
    ------
    ValueError
        The number is not positive.
    """
    if max_ahead_s is not None and not max_ahead_s > 0:
        raise ValueError(f"max_ahead_s: expected a positive number of seconds or None, got {max_ahead_s!r}")
    return max_ahead_s
