"""What answers a call, as the call sees it."""

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
    """The cell that the coroutines run in, so that their prints appear there; None: they see to it themselves."""

    async def greet(self) -> None:
        """Say what comes first, or that there is nothing: the client waits for a first frame."""
        ...

    def start_utterance(self) -> None:
        """Note that the user begins to speak."""
        ...

    def push_audio(self, pcm: Pcm) -> None:
        """Hear more of the utterance; returns at once."""
        ...

    def drop_utterance(self) -> None:
        """Forget the utterance: it is not to be answered."""
        ...

    def flush(self) -> None:
        """Note that the client plays no more of what was sent: the user interrupts, or pauses."""
        ...

    async def respond(self, utterance: Pcm) -> None:
        """Answer the utterance that was started; it is whole now."""
        ...

    async def say(self, text: str) -> None:
        """Say something that nobody asked for."""
        ...

    def close(self) -> None:
        """Let go of everything: the call has ended."""
        ...
