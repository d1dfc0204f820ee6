"""Answering with one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from micdrop_widget.audio import Pcm
from micdrop_widget.server.call import ServerCall

__all__ = ["FunctionResponder", "Greet", "Respond"]

Respond: TypeAlias = Callable[[ServerCall, Pcm], Awaitable[Any]]
"""Answers an utterance: gets the call and int16 samples at 16 kHz; cancelled by an interruption.

What it returns is sent too: a text as the assistant's message, samples as its voice."""

Greet: TypeAlias = Callable[[ServerCall], Awaitable[Any]]
"""What a server says first."""


class FunctionResponder:
    """Answers with one function for each utterance.

    Parameters
    ----------
    call
        The call to answer.
    respond
        The function.
    greeting
        What to say first: a text, a function, or nothing.
    """

    def __init__(self, call: ServerCall, respond: Respond, greeting: str | Greet | None) -> None:
        self._call = call
        self._respond = respond
        self._greeting = greeting

    async def greet(self) -> None:
        """Send the greeting."""
        if callable(self._greeting):
            await self._call.send_answer(await self._greeting(self._call))
        elif self._greeting is not None:
            await self._call.send_message("assistant", self._greeting)

    def start_utterance(self) -> None:
        """Do nothing before the utterance is whole."""

    def push_audio(self, pcm: Pcm) -> None:
        """Do nothing before the utterance is whole."""

    def drop_utterance(self) -> None:
        """Do nothing: nothing was begun."""

    async def respond(self, utterance: Pcm) -> None:
        """Call the function."""
        await self._call.send_answer(await self._respond(self._call, utterance))

    async def say(self, text: str) -> None:
        """Send a text, since there is no voice."""
        await self._call.send_message("assistant", text)

    def close(self) -> None:
        """Do nothing: nothing is held."""
