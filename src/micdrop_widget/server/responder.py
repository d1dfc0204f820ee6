"""`Responder`: the interface of what answers a call."""

from __future__ import annotations

from typing import Protocol

from micdrop_widget.audio import Pcm
from micdrop_widget.server.cells import CellContext

__all__ = ["Responder"]


class Responder(Protocol):
    """Answers one call. Every method is called on the server's event loop.

    The coroutines run as the call's answer: one at a time, cancelled by an interruption.
    """

    context: CellContext | None
    """The context of a cell, in which the coroutines run, so that their prints appear there; None: in no cell's."""

    async def greet(self) -> None:
        """Send the greeting, or that there is none: the client waits for a first frame."""
        ...

    def start_utterance(self) -> None:
        """Note that the user begins to speak."""
        ...

    def push_audio(self, pcm: Pcm) -> None:
        """Receive the next samples of the utterance; returns at once."""
        ...

    def drop_utterance(self) -> None:
        """Forget the utterance: it is not to be answered."""
        ...

    def flush(self) -> None:
        """Note that the client drops all audio that was sent: the user interrupts, or pauses."""
        ...

    async def respond(self, utterance: Pcm) -> None:
        """Answer the utterance that was started; it is whole now."""
        ...

    async def say(self, text: str) -> None:
        """Say a text unprompted."""
        ...

    def close(self) -> None:
        """Release everything: the call has ended."""
        ...
