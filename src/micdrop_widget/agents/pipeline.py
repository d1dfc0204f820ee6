"""`Pipeline`: speech recognition, agent and speech synthesis of one call, all three at work at once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from micdrop_widget import protocol as wire
from micdrop_widget.agents.answer import Answer
from micdrop_widget.agents.ears import Ears
from micdrop_widget.agents.part import Part, PartFailed
from micdrop_widget.agents.parts import Parts
from micdrop_widget.agents.pieces import Piece, ToolRequest, read_piece
from micdrop_widget.agents.playback import Playback
from micdrop_widget.agents.protocols import ChatMessage
from micdrop_widget.agents.tool_use import use_tool
from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.cells import CellContext
from micdrop_widget.server.responder import Responder

__all__ = ["Pipeline"]

_MAX_SENTENCES = 8
"""How many sentences may wait for the voice; the agent waits with the next one."""

_MAX_SOUNDS = 32
"""How many chunks of sound may wait to be sent; the voice waits with the next one."""

_MAX_ROUNDS = 8
"""How often an agent may call tools within one answer."""

_CHUNK_SAMPLES = SAMPLE_RATE // 10

_CANCEL_LIMIT_S = 1.0
"""How long the parts of an answer that has failed may clean up."""

_MAX_RECENT = 4
"""How many answers may still be playing when the user interrupts."""


class Pipeline:
    """Answers a call by parts.

    Parameters
    ----------
    call
        The call to answer.
    parts
        The parts, which may change meanwhile.
    before
        The responder of the call until now, whose conversation is continued.

    Attributes
    ----------
    conversation
        The conversation as chat APIs have it, without what the user did not hear.
    """

    def __init__(self, call: ServerCall, parts: Parts, before: Responder | None = None) -> None:
        continued = before if isinstance(before, Pipeline) else None
        self.conversation: list[ChatMessage] = continued.conversation if continued else []
        self._playback: Playback = continued._playback if continued else Playback()
        self._recent: list[Answer] = continued._recent if continued else []
        self.context: CellContext | None = None
        self._call = call
        self._parts = parts
        self._ears: Ears | None = None

    # What the call asks for

    async def greet(self) -> None:
        """Say the greeting."""
        if self._parts.greeting is not None:
            await self._answer(None, self._parts.greeting)

    async def say(self, text: str) -> None:
        """Say a text unprompted."""
        await self._answer(None, text)

    def start_utterance(self) -> None:
        """Open the ears for an utterance; those of an utterance that was never answered are dropped."""
        self.drop_utterance()
        if self._parts.ears is not None:
            self._ears = self._parts.ears.open()

    def push_audio(self, pcm: Pcm) -> None:
        """Give the ears the next samples."""
        if self._ears is not None:
            self._ears.push(pcm)

    def drop_utterance(self) -> None:
        """Drop the utterance."""
        ears, self._ears = self._ears, None
        if ears is not None:
            ears.drop()

    def flush(self) -> None:
        """Remove the parts of the last answers that were not heard from the conversation."""
        now_s = asyncio.get_running_loop().time()
        for answer in self._recent:
            answer.interrupt(now_s, shown=self._parts.partial_messages)
        self._recent.clear()
        self._playback.flush(now_s)

    def close(self) -> None:
        """Close the ears."""
        self.drop_utterance()

    async def respond(self, utterance: Pcm) -> None:
        """Answer an utterance."""
        began_s = time.monotonic()
        ears, self._ears = self._ears, None
        if ears is None:  # the cell ran again while the user spoke
            assert self._parts.ears is not None
            ears = self._parts.ears.open()
            ears.push(utterance)
        try:
            text = await ears.finish(utterance)
        except PartFailed:
            await self._call.skip_answer()
            return
        finally:
            ears.drop()
        stt_ms = round((time.monotonic() - began_s) * 1000, 1)
        if not text:
            await self._call.skip_answer()
            return
        await self._call.send_message("user", text, {"stage_times_ms": {"stt": stt_ms}})
        self.conversation.append({"role": "user", "content": text})
        if self._parts.agent is not None:
            await self._answer(began_s, self._parts.agent, stt_ms)
        elif self._parts.voice is not None:
            await self._answer(began_s, text, stt_ms)
        else:
            await self._call.skip_answer()

    # One answer

    async def _answer(self, began_s: float | None, source: Part | str, stt_ms: float | None = None) -> None:
        """Write, speak and send an answer, all three at once."""
        answer = Answer(self.conversation, self._playback, began_s)
        if stt_ms is not None:
            answer.stages.times_ms["stt"] = stt_ms
        self._recent = [*self._recent[1 - _MAX_RECENT :], answer]
        sentences: asyncio.Queue[tuple[ChatMessage, str] | None] = asyncio.Queue(_MAX_SENTENCES)
        sounds: asyncio.Queue[tuple[ChatMessage, str, Pcm | None] | None] = asyncio.Queue(_MAX_SOUNDS)
        stages = _Stages(
            self._write(answer, source, sentences),
            self._speak(answer, sentences, sounds),
            self._send(answer, sounds),
        )
        failed = False
        try:
            await stages.run()
        except PartFailed:
            failed = True
            answer.dead = True
        except asyncio.CancelledError:
            heard = answer.interrupt(asyncio.get_running_loop().time(), shown=self._parts.partial_messages)
            if heard:
                await self._call.send_message("assistant", heard, {**answer.stages.metadata, "interrupted": True})
            raise
        finally:
            await stages.end()
        if failed:
            answer.fail()
        answer.stages.mark("end")
        answer.complete = True
        await self._settle(answer, failed)

    async def _settle(self, answer: Answer, failed: bool) -> None:
        if answer.text:
            metadata = {**answer.stages.metadata, **({"failed": True} if failed else {})}
            await self._call.send_message("assistant", answer.text, metadata or None)
        if failed or answer.skipped or not answer.is_voiced:
            await self._call.skip_answer()

    async def _write(
        self, answer: Answer, source: Part | str, sentences: asyncio.Queue[tuple[ChatMessage, str] | None]
    ) -> None:
        """Write the answer, with the tools it needs, and cut it into sentences."""
        for _ in range(_MAX_ROUNDS):
            message = answer.open_message()
            requests: list[ToolRequest] = []
            rest = ""
            async with contextlib.aclosing(self._pieces(source)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ToolRequest):
                        requests.append(piece)
                    elif isinstance(piece, str):
                        answer.stages.mark("first_text")
                        answer.write(message, piece)
                        rest = await self._cut(message, rest + piece, False, sentences)
                        if self._parts.partial_messages:
                            await self._send_alive(answer, wire.PartialAssistantMessage(answer.text))
                    elif await self._handle_control(answer, piece):
                        break
            await self._cut(message, rest, True, sentences)
            if not requests or answer.skipped:
                break
            answer.call_tools(message, [request.to_chat() for request in requests])
            for request in requests:
                await self._use_tool(answer, request)
        else:
            assert isinstance(source, Part)
            raise source.failed(RuntimeError(f"the agent called tools {_MAX_ROUNDS} times without an answer"))
        await sentences.put(None)

    async def _pieces(self, source: Part | str) -> AsyncGenerator[Piece, None]:
        if isinstance(source, str):
            yield source
            return
        offered = {"call": self._call, "tools": list(self._parts.tools)}
        arguments = [] if source.name == "greeting" else [[dict(message) for message in self.conversation]]
        async with contextlib.aclosing(source.pieces(*arguments, **offered)) as raw:
            async for piece in raw:
                try:
                    read = read_piece(source.name, piece)
                except (TypeError, ValueError) as error:
                    raise source.failed(error) from error
                for each in read:
                    yield each

    async def _cut(
        self,
        message: ChatMessage,
        text: str,
        complete: bool,
        sentences: asyncio.Queue[tuple[ChatMessage, str] | None],
    ) -> str:
        try:
            whole, rest = self._parts.cut_sentences(text, complete)
        except Exception as error:
            self._parts.context.show("cut_sentences", error)
            raise PartFailed("cut_sentences") from error
        for sentence in whole:
            await sentences.put((message, sentence))
        return rest

    async def _handle_control(self, answer: Answer, piece: Piece) -> bool:
        """Carry out a piece of the answer that is no text; return whether the answer ends with it."""
        match piece:
            case wire.EndCall():
                self._call.end_call()
            case wire.SkipAnswer():
                answer.skipped = True
                return True
            case wire.CancelLastUserMessage():
                self._forget_last_user_message()
                await self._send_alive(answer, piece)
            case wire.Classification():
                await self._send_alive(answer, piece)
        return False

    async def _use_tool(self, answer: Answer, request: ToolRequest) -> None:
        use = await use_tool(self._parts.tools, request, self._call)
        self.conversation.append({"role": "tool", "tool_call_id": request.id, "content": use.text})
        for frame in use.frames:
            await self._send_alive(answer, frame)

    async def _speak(
        self,
        answer: Answer,
        sentences: asyncio.Queue[tuple[ChatMessage, str] | None],
        sounds: asyncio.Queue[tuple[ChatMessage, str, Pcm | None] | None],
    ) -> None:
        """Turn sentences into sound; without a voice they are only counted."""
        while (item := await sentences.get()) is not None:
            message, sentence = item
            answer.stages.mark("first_sentence")
            voice = self._parts.voice
            if voice is None:
                continue
            answer.is_voiced = True
            await sounds.put((message, sentence, None))
            async with contextlib.aclosing(voice.speak(sentence)) as pieces:
                async for pcm in pieces:
                    await sounds.put((message, sentence, pcm))
        await sounds.put(None)

    async def _send(self, answer: Answer, sounds: asyncio.Queue[tuple[ChatMessage, str, Pcm | None] | None]) -> None:
        """Send the sound, at most `max_ahead_s` ahead of what is heard."""
        loop = asyncio.get_running_loop()
        spoken = None
        while (item := await sounds.get()) is not None:
            message, sentence, pcm = item
            if pcm is None:
                spoken = answer.speak(message, sentence)
                continue
            assert spoken is not None
            spoken.end += len(pcm)
            for start in range(0, len(pcm), _CHUNK_SAMPLES):
                chunk = pcm[start : start + _CHUNK_SAMPLES]
                limit_s = self._parts.max_ahead_s
                if limit_s is not None and (wait_s := self._playback.ahead_s(loop.time()) - limit_s) > 0:
                    await asyncio.sleep(wait_s)
                if answer.dead:
                    raise asyncio.CancelledError
                self._playback.send(loop.time(), len(chunk))
                answer.stages.mark("first_audio")
                await self._call.send_audio(chunk)

    async def _send_alive(self, answer: Answer, frame: wire.ServerFrame) -> None:
        if answer.dead:
            raise asyncio.CancelledError
        await self._call.send(frame)

    def _forget_last_user_message(self) -> None:
        for index in reversed(range(len(self.conversation))):
            if self.conversation[index]["role"] == "user":
                del self.conversation[index]
                return


class _Stages:
    """Concurrent tasks; the first that fails ends the others."""

    def __init__(self, *stages: Coroutine[Any, Any, None]) -> None:
        self._tasks = [asyncio.ensure_future(stage) for stage in stages]

    async def run(self) -> None:
        """Wait until all have ended; raise what one of them raises."""
        pending = set(self._tasks)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.cancelled():  # by the user's code: nobody else did
                    raise PartFailed("cancelled")
                task.result()

    async def end(self) -> None:
        """Cancel the tasks that still run, and wait a while for their end."""
        pending = [task for task in self._tasks if not task.done()]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending, timeout=_CANCEL_LIMIT_S)
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.exception()  # retrieved, so that asyncio does not log it: the cause is known already
