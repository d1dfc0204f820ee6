"""One call as the server sees it: utterances come in, answers go out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from micdrop_widget import protocol as wire
from micdrop_widget.audio import SAMPLE_RATE, Pcm, pcm_from_bytes, pcm_to_bytes

__all__ = ["ServerCall"]

_log = logging.getLogger("micdrop_widget.server")

_CHUNK_SAMPLES = SAMPLE_RATE // 10
"""Answers go out in frames of 100 ms."""


class ServerCall:
    """A call that is under way.

    Attributes
    ----------
    params
        The params of the client, or None when the server asks for none.
    conversation
        What was sent to the client as messages so far.
    """

    def __init__(
        self,
        connection: ServerConnection,
        params: Mapping[str, Any] | None,
        respond: Callable[[ServerCall, Pcm], Awaitable[None]],
    ) -> None:
        self.params = params
        self.conversation: list[wire.ConversationItem] = []
        self._connection = connection
        self._respond = respond
        self._utterance: bytearray | None = None
        self._answer: asyncio.Task[None] | None = None

    @property
    def close_code(self) -> int | None:
        """The WebSocket close code the call ended with; None while it is up."""
        return self._connection.close_code

    async def send(self, frame: wire.ServerFrame) -> None:
        """Send a frame; to a client that has gone, nothing happens."""
        if isinstance(frame, wire.Message):
            self.conversation.append(frame.item)
        with contextlib.suppress(ConnectionClosed):
            await self._connection.send(wire.encode_server_frame(frame))

    async def send_message(
        self,
        role: Literal["system", "user", "assistant"],
        content: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Send what the user said, as understood, or what the assistant says."""
        await self.send(wire.Message(wire.TextMessage(role, content, metadata)))

    async def send_audio(self, pcm: Pcm) -> None:
        """Send the assistant's voice, int16 at 16 kHz, in frames of 100 ms, as fast as they go."""
        for start in range(0, len(pcm), _CHUNK_SAMPLES):
            await self.send(wire.Audio(pcm_to_bytes(pcm[start : start + _CHUNK_SAMPLES])))

    async def skip_answer(self) -> None:
        """Tell the client that there is no answer, so that it listens again."""
        await self.send(wire.SkipAnswer())

    async def end_call(self) -> None:
        """Ask the client to end the call; a goodbye may follow."""
        await self.send(wire.EndCall())

    async def receive(self, frame: wire.ClientFrame) -> None:
        """Do what a frame of the client asks for."""
        match frame:
            case wire.StartSpeaking():
                await self._end_utterance()
                await self.cancel_answer()
                self._utterance = bytearray()
            case wire.Audio(pcm_bytes):
                if self._utterance is not None:
                    self._utterance += pcm_bytes
            case wire.StopSpeaking():
                await self._end_utterance()
            case wire.MuteCommand():
                self._utterance = None
                await self.cancel_answer()
            case wire.Unknown(name):
                # Its text is not logged: params that this server did not ask for may be as short as a command.
                _log.warning("the client sent a command of %d characters that no Micdrop server knows", len(name))
            case _:
                raise TypeError(f"unknown client frame {frame!r}")

    def answer_with(self, answer: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Speak in the background, with this function, until it is through or the user interrupts."""
        self._answer = asyncio.ensure_future(self._make_answer(answer, *arguments))

    async def cancel_answer(self) -> None:
        """Stop the answer that is being made, and wait until it has stopped."""
        if self._answer is not None:
            self._answer.cancel()
            await asyncio.wait([self._answer])
            self._answer = None

    async def _end_utterance(self) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance is None:
            return
        await self.cancel_answer()
        pcm = pcm_from_bytes(bytes(utterance[: len(utterance) & ~1]))
        if not len(pcm):
            await self.skip_answer()
            return
        self.answer_with(self._respond, self, np.ascontiguousarray(pcm))

    async def _make_answer(self, answer: Callable[..., Awaitable[None]], *arguments: object) -> None:
        try:
            await answer(*arguments)
        except Exception:  # noqa: BLE001 - the border to the user's code
            _log.exception("the answer failed")
            await self.skip_answer()
