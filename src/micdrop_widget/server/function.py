"""Answering with one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from micdrop_widget.audio import Pcm
from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.cells import CellContext

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
    context
        The cell that defined them.
    """

    def __init__(self, call: ServerCall, respond: Respond, greeting: str | Greet | None, context: CellContext) -> None:
        self._call = call
        self._respond = respond
        self._greeting = greeting
        self.context: CellContext | None = context
        self._shown_in = context

    async def greet(self) -> None:
        """Send the greeting."""
        if callable(self._greeting):
            await self._run("greeting", self._greeting, self._call)
        elif self._greeting is not None:
            await self._call.send_message("assistant", self._greeting)

    def start_utterance(self) -> None:
        """Do nothing before the utterance is whole."""

    def push_audio(self, pcm: Pcm) -> None:
        """Do nothing before the utterance is whole."""

    def drop_utterance(self) -> None:
        """Do nothing: nothing was begun."""

    def flush(self) -> None:
        """Do nothing: nothing was begun."""

    async def respond(self, utterance: Pcm) -> None:
        """Call the function."""
        await self._run("respond", self._respond, self._call, utterance)

    async def say(self, text: str) -> None:
        """Send a text, since there is no voice."""
        await self._call.send_message("assistant", text)

    def close(self) -> None:
        """Do nothing: nothing is held."""

    async def _run(self, name: str, function: Callable[..., Awaitable[Any]], *arguments: object) -> None:
        """Call an async function in its cell's context; send what it returns, or that there is no answer."""
        try:
            await self._call.send_answer(await function(*arguments))
        except Exception as error:  # noqa: BLE001 - the border to the user's code
            self._shown_in.show(name, error)
            await self._call.skip_answer()
