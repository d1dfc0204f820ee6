"""One call as the server sees it: utterances come in, answers go out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from micdrop_widget import protocol as wire
from micdrop_widget.audio import SAMPLE_RATE, pcm_from_bytes, pcm_to_bytes
from micdrop_widget.audio_input import AudioInput
from micdrop_widget.audio_samples import Channel, Samples
from micdrop_widget.server.answer_task import AnswerTask
from micdrop_widget.server.audio_frames import audio_frames
from micdrop_widget.server.call_loop import CallLoop
from micdrop_widget.server.handshake import LimitExceeded
from micdrop_widget.server.responder import Responder

__all__ = ["MakeResponder", "ServerCall"]

_log = logging.getLogger("micdrop_widget.server")

_MAX_WAITING_TEXTS = 16
"""How many texts of `say()` may wait for silence; then the oldest is dropped."""


class ServerCall:
    """A call that is under way.

    The coroutines belong to the server's event loop; `say` and `end_call` may be called from any thread.

    Attributes
    ----------
    params
        The params of the client; None when the server expects none.
    conversation
        The messages that were sent to the client so far.
    peer
        Address and port of the client.
    since
        When the call came in.
    turns
        The number of utterances so far.
    notes
        A dict for the code that answers: what it wants to remember of this call.
    """

    def __init__(
        self,
        connection: ServerConnection,
        params: Mapping[str, Any] | None,
        make_responder: MakeResponder,
        max_utterance_s: float,
    ) -> None:
        self.params = params
        self.conversation: list[wire.ConversationItem] = []
        host, port = (connection.remote_address or ("?", 0))[:2]
        self.peer = f"{host}:{port}"
        self.since = datetime.now().astimezone()
        self.turns = 0
        self.notes: dict[str, Any] = {}
        self._connection = connection
        self._max_utterance_bytes = 2 * round(max_utterance_s * SAMPLE_RATE)
        self._responder = make_responder(self, None)
        self._loop = CallLoop()
        self._utterance: bytearray | None = None
        self._answer = AnswerTask(self._answer_is_over)
        self._settled = True
        """The client does not wait for the answer any more: audio of it was sent, or that there is none."""
        self._replaced: list[Responder] = []
        """Responders whose answer may still be under way."""
        self._texts: deque[str] = deque(maxlen=_MAX_WAITING_TEXTS)
        self._ends = False
        self._unknown_logged = False

    def __repr__(self) -> str:
        return f"<ServerCall from {self.peer}, {self.turns} turns>"

    @property
    def close_code(self) -> int | None:
        """The WebSocket close code the call ended with; None while it is up."""
        return self._connection.close_code

    @property
    def is_user_speaking(self) -> bool:
        """Whether an utterance of the user is under way: StartSpeaking came, and StopSpeaking did not."""
        return self._utterance is not None

    @property
    def responder(self) -> Responder:
        """The responder that answers this call."""
        return self._responder

    async def send(self, frame: wire.ServerFrame) -> None:
        """Send a frame; when the client has gone, do nothing.

        Raises
        ------
        asyncio.CancelledError
            The answer that sends it was interrupted: it may still send its text, and nothing else.
        """
        answer = self._answer
        if answer.is_abandoned or (answer.is_interrupted and not isinstance(frame, wire.Message)):
            raise asyncio.CancelledError
        match frame:
            case wire.Message(item):
                self.conversation.append(item)
            case wire.CancelLastUserMessage():
                self._forget_last_user_message()
                self._settled = True
            case wire.SkipAnswer():
                self._settled = True
            case wire.Audio(pcm_bytes) if pcm_bytes:
                self._settled = True
        with contextlib.suppress(ConnectionClosed):
            await self._connection.send(wire.encode_server_frame(frame))

    async def send_message(
        self,
        role: Literal["system", "user", "assistant"],
        content: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a message: the user's words as they were understood, or the assistant's."""
        await self.send(wire.Message(wire.TextMessage(role, content, metadata)))

    async def send_audio(
        self,
        samples: AudioInput | Iterator[Samples] | AsyncIterable[Samples],
        sample_rate: float = SAMPLE_RATE,
        *,
        channel: Channel | None = None,
    ) -> None:
        """Send the assistant's voice, in frames of 100 ms, as fast as they go.

        Parameters
        ----------
        samples
            An array, or what is like one, of int16, int32, uint8, or floats in [-1, 1]; an audio file: its path,
            opened, or its bytes; or an iterator, async or not, of arrays, which are sent as they come. One that is not
            async runs in a worker thread.
        sample_rate
            Rate of the samples in Hz (a file says its own); other rates than 16 000 are resampled with soxr.
        channel
            Which of several channels, counted from 0, or "mean"; None refuses to guess.

        Raises
        ------
        TypeError, ValueError, OSError
            The samples or the file cannot be used; the message says why, and what to do.
        """
        async with contextlib.aclosing(audio_frames(samples, sample_rate, channel=channel)) as frames:
            async for pcm in frames:
                await self.send(wire.Audio(pcm_to_bytes(pcm)))
                await asyncio.sleep(0)  # sending may never wait: an interruption has to be read meanwhile

    async def send_answer(self, answer: Any) -> None:  # noqa: ANN401 - checked by send_audio
        """Send what a function returned: a text as the assistant's message, anything else by `send_audio`."""
        if isinstance(answer, str):
            await self.send_message("assistant", answer)
        elif answer is not None:
            await self.send_audio(answer)

    async def skip_answer(self) -> None:
        """Tell the client that there is no answer, so that it listens again."""
        await self.send(wire.SkipAnswer())

    def say(self, text: str) -> Awaitable[None]:
        """Let the assistant say a text unprompted, as soon as the user is silent and no answer is being made.

        From any thread. At most 16 texts wait; then the oldest is dropped.

        Returns
        -------
        Awaitable
            May be ignored.
        """
        if not isinstance(text, str):
            raise TypeError(f"say: expected a text, got {type(text).__name__}")
        return self._loop.run(self._queue_text, text)

    def end_call(self) -> Awaitable[None]:
        """Ask the client to end the call: after the answer that is being made, or at once. From any thread.

        An interruption of that answer cancels the request.

        Returns
        -------
        Awaitable
            May be ignored.
        """
        return self._loop.run(self._end_after_answer)

    async def receive(self, frame: wire.ClientFrame) -> None:
        """Receive a frame of the client, and act on it.

        Raises
        ------
        LimitExceeded
            The utterance is longer than it may be.
        """
        match frame:
            case wire.StartSpeaking():
                self._drop_utterance()
                await self.cancel_answer()
                self._responder.flush()
                self._utterance = bytearray()
                self._responder.start_utterance()
            case wire.Audio(pcm_bytes):
                self._add_audio(pcm_bytes)
            case wire.StopSpeaking():
                await self._end_utterance()
            case wire.MuteCommand():
                self._drop_utterance()
                await self.cancel_answer()
                self._responder.flush()
            case wire.Unknown(name):
                if not self._unknown_logged:
                    self._unknown_logged = True
                    # Its text is not logged: params that this server did not ask for may be as short as a command.
                    _log.warning("the client sent a command of %d characters that no Micdrop server knows", len(name))
            case _:
                raise TypeError(f"unknown client frame {frame!r}")

    def answer_with(self, answer: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Run a function in the background as the call's answer, until it returns or the user interrupts."""
        self._ends = False
        self._answer.interrupt()
        self._settled = False
        self._answer.start(self._make_answer(answer, *arguments), self._responder.context)

    async def cancel_answer(self) -> None:
        """Stop the answer that is being made, and wait until it has stopped: 1 s at most.

        An answer that does not stop can send nothing more.
        """
        self._ends = False
        await self._answer.stop()

    async def close(self) -> None:
        """Stop answering: the connection has ended."""
        self._texts.clear()
        self._drop_utterance()
        await self.cancel_answer()
        self._close_replaced()
        self._responder.close()

    def change_responder(self, make_responder: MakeResponder) -> None:
        """Let another responder answer from the next utterance on; the former one is closed after its answer."""
        before = self._responder
        self._responder = make_responder(self, before)
        self._replaced.append(before)
        self._close_replaced()

    def _add_audio(self, pcm_bytes: bytes) -> None:
        if self._utterance is None:
            return
        before = len(self._utterance) & ~1
        self._utterance += pcm_bytes
        if len(self._utterance) > self._max_utterance_bytes:
            raise LimitExceeded(1009, "the utterance is too long")
        whole = len(self._utterance) & ~1
        if whole > before:
            self._responder.push_audio(pcm_from_bytes(bytes(self._utterance[before:whole])))

    def _drop_utterance(self) -> None:
        if self._utterance is not None:
            self._utterance = None
            self._responder.drop_utterance()

    async def _end_utterance(self) -> None:
        if self._utterance is None:
            return
        utterance = bytes(self._utterance[: len(self._utterance) & ~1])
        if not utterance:
            self._drop_utterance()
            await self.skip_answer()
            self._say_next()
            return
        self._utterance = None
        self.turns += 1
        self.answer_with(self._responder.respond, np.ascontiguousarray(pcm_from_bytes(utterance)))

    def _forget_last_user_message(self) -> None:
        for index in reversed(range(len(self.conversation))):
            if self.conversation[index].role == "user":
                del self.conversation[index]
                return

    # Answers

    async def _make_answer(self, answer: Callable[..., Awaitable[None]], *arguments: object) -> None:
        failed = False
        try:
            await answer(*arguments)
        except asyncio.CancelledError:
            if self._answer.is_interrupted:
                raise
            failed = True  # something within it was cancelled, and not the answer
        except Exception:  # noqa: BLE001 - the border to the user's code
            failed = True
            _log.exception("the answer failed")
        if self._answer.is_interrupted:
            return
        if failed or not self._settled:
            await self.skip_answer()
        if self._ends:
            self._ends = False
            await self.send(wire.EndCall())

    def _answer_is_over(self, is_current: bool) -> None:
        if is_current:
            self._say_next()
        self._close_replaced()

    def _close_replaced(self) -> None:
        if not self._answer.is_under_way:
            for responder in self._replaced:
                responder.close()
            self._replaced.clear()

    def _queue_text(self, text: str) -> None:
        if self.close_code is None:
            self._texts.append(text)
            self._say_next()

    def _say_next(self) -> None:
        if self._texts and self._utterance is None and not self._answer.is_under_way:
            self.answer_with(self._responder.say, self._texts.popleft())

    def _end_after_answer(self) -> None:
        if self._answer.is_under_way:
            self._ends = True
        else:
            self.answer_with(self._end_now)

    async def _end_now(self) -> None:
        self._settled = True
        self._ends = True


MakeResponder: TypeAlias = Callable[[ServerCall, Responder | None], Responder]
"""Makes the responder of a call. It gets the former one when a later run of the same cell takes the call over."""
