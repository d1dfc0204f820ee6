"""A call that a Realtime endpoint answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

from micdrop_widget import protocol as wire
from micdrop_widget.agents.endpoint_errors import EndpointError, in_time
from micdrop_widget.agents.playback import Playback
from micdrop_widget.agents.protocols import CallSettings, ChatMessage
from micdrop_widget.agents.realtime.answer import Item, RealtimeAnswer
from micdrop_widget.agents.realtime.responses import Responses
from micdrop_widget.agents.realtime.session import Address, Session
from micdrop_widget.agents.realtime.uplink import Uplink
from micdrop_widget.agents.realtime.wire import Event, SessionSettings, create_message, is_beta, session_update
from micdrop_widget.agents.tool_use import use_tool
from micdrop_widget.audio import SAMPLE_RATE, Pcm
from micdrop_widget.server.call import ServerCall
from micdrop_widget.server.cells import CellContext

__all__ = ["RealtimeResponder"]

_log = logging.getLogger("micdrop_widget.agents")

_MAX_ROUNDS = 8
"""So often a model may call tools within one answer."""

_MAX_RECENT = 4
"""Answers that may still be heard when the user interrupts."""

_CHUNK_SAMPLES = SAMPLE_RATE // 10

_TRANSCRIPT_LIMIT_S = 3.0
"""How long the assistant's message waits for the transcript of what the user said before it."""

_SAY = "Say this, word for word, and nothing else: "


class RealtimeResponder:
    """Answers a call by a session at a Realtime endpoint.

    Parameters
    ----------
    call
        The call to answer.
    address, session
        The endpoint, and the settings of its session.
    settings
        The server's options.
    context
        The cell under which errors are shown.
    earlier
        The conversation of the call until now.
    await_transcript
        See `OpenAIRealtime`.

    Attributes
    ----------
    conversation
        What was said, as chat APIs have it, without what the user did not hear.
    """

    def __init__(
        self,
        call: ServerCall,
        address: Address,
        session: SessionSettings,
        settings: CallSettings,
        *,
        context: CellContext,
        earlier: Sequence[ChatMessage],
        await_transcript: bool,
    ) -> None:
        self.context: CellContext | None = None
        self.conversation: list[ChatMessage] = [dict(message) for message in earlier]
        self._call = call
        self._address = address
        self._wanted = session
        self._settings = settings
        self._shown_in = context
        self._await_transcript = await_transcript
        self._playback = Playback()
        self._session: Session | None = None
        self._uplink = Uplink(session.input_rate)
        self._responses = Responses(address, self._on_late_transcript)
        self._recent: list[tuple[RealtimeAnswer, ChatMessage]] = []

    # What the call asks for

    async def greet(self) -> None:
        """Open the session, and say the greeting."""
        if self._settings.greeting is not None:
            await self.say(self._settings.greeting)
            return
        try:
            await self._open().ready()
        except EndpointError as error:
            self._shown_in.show("realtime", error)
        await self._call.skip_answer()

    async def say(self, text: str) -> None:
        """Say a text unprompted, by the endpoint's voice."""
        await self._make(None, None, {"instructions": _SAY + text, "tool_choice": "none"})

    def start_utterance(self) -> None:
        """Begin to send an utterance."""
        self._uplink.begin(self._open())

    def push_audio(self, pcm: Pcm) -> None:
        """Send the next samples of the utterance."""
        self._uplink.push(pcm)

    def drop_utterance(self) -> None:
        """Drop the utterance."""
        self._uplink.drop()

    def flush(self) -> None:
        """Remove the parts of the last answers that were not heard from the conversation, here and at the endpoint."""
        now_s = asyncio.get_running_loop().time()
        heard = self._playback.heard_samples(now_s)
        for answer, message in self._recent:
            for item in answer.items.values():
                self._truncate(item, heard)
            if message in self.conversation and not answer.is_heard(heard):
                message["content"] = answer.heard_text(heard)
        self.conversation = [message for message in self.conversation if message["content"]]
        self._recent.clear()
        self._playback.flush(now_s)

    async def respond(self, utterance: Pcm) -> None:
        """Answer an utterance."""
        await self._make(time.monotonic(), utterance, {})

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()

    # One answer

    async def _make(self, began_s: float | None, utterance: Pcm | None, request: dict[str, Any]) -> None:
        answer = RealtimeAnswer(self._playback, self._wanted.output_rate, began_s)
        self._responses.current = answer
        message: ChatMessage = {"role": "assistant", "content": ""}
        self._recent = [*self._recent[1 - _MAX_RECENT :], (answer, message)]
        session = self._open()
        failed = False
        try:
            await session.ready()
            if utterance is not None:
                self._uplink.commit(session, utterance)
            if utterance is None or await self._is_to_be_answered(answer):
                await self._speak(session, answer, request)
            if utterance is not None:
                await self._transcript(answer, _TRANSCRIPT_LIMIT_S)
        except asyncio.CancelledError:
            await self._interrupt(session, answer)
            raise
        except EndpointError as error:
            self._shown_in.show("realtime", self._named(error))
            self._responses.cancel(session, answer)
            answer.complete = failed = True
        finally:
            answer.end()
            self._responses.current = None
        text = answer.heard_text(self._playback.sent_samples, mark="") if failed else answer.text
        await self._settle(answer, message, text, failed=failed)

    async def _settle(self, answer: RealtimeAnswer, message: ChatMessage, text: str, *, failed: bool) -> None:
        answer.stages.mark("end")
        if text:
            message["content"] = text
            self.conversation.append(message)
            metadata = {**answer.stages.metadata, **({"failed": True} if failed else {})}
            await self._call.send_message("assistant", text, metadata or None)
        if failed or not answer.has_audio:
            await self._call.skip_answer()

    async def _interrupt(self, session: Session, answer: RealtimeAnswer) -> None:
        """Cancel the answer at the endpoint, and send the text of the part that was heard."""
        self._responses.cancel(session, answer)
        heard = self._playback.heard_samples(asyncio.get_running_loop().time())
        text = answer.text if answer.is_heard(heard) else answer.heard_text(heard)
        if text:
            self.conversation.append({"role": "assistant", "content": text})
            await self._call.send_message("assistant", text, {**answer.stages.metadata, "interrupted": True})

    async def _is_to_be_answered(self, answer: RealtimeAnswer) -> bool:
        if not self._await_transcript:
            return True
        await self._transcript(answer, self._address.timeout_s)
        if not answer.transcribed:
            raise EndpointError(f"sent no transcript for {self._address.timeout_s:g} s; timeout_s is the limit")
        return bool(answer.transcript)

    async def _transcript(self, answer: RealtimeAnswer, limit_s: float) -> None:
        """Wait for the transcript of the utterance, if the endpoint sends one."""
        if self._wanted.transcription is None:
            return
        end_s = time.monotonic() + limit_s
        while not answer.transcribed and (left_s := end_s - time.monotonic()) > 0:
            try:
                event = await in_time(answer.next(), left_s)
            except TimeoutError:
                return
            await self._receive_other(answer, event)

    async def _speak(self, session: Session, answer: RealtimeAnswer, request: dict[str, Any]) -> None:
        """Let the endpoint answer, with the tools that it asks for."""
        for _ in range(_MAX_ROUNDS):
            answer.requests.clear()
            await self._responses.ask(session, answer, request)
            await self._receive_response(answer)
            if not answer.requests:
                answer.complete = True
                return
            for tool in tuple(answer.requests.values()):
                use = await use_tool(self._settings.tools, tool, self._call)
                output = {"type": "function_call_output", "call_id": tool.id, "output": use.text}
                session.send({"type": "conversation.item.create", "item": output})
                for frame in use.frames:
                    await self._call.send(frame)
            request = {}
        raise EndpointError(f"called tools {_MAX_ROUNDS} times without an answer")

    async def _receive_response(self, answer: RealtimeAnswer) -> None:
        limit_s = self._address.timeout_s
        while True:
            try:
                event = await in_time(answer.next(), limit_s)
            except TimeoutError:
                raise EndpointError(f"was silent for {limit_s:g} s; timeout_s is the limit") from None
            match event["type"]:
                case "response.output_audio.delta":
                    item = answer.item(event)
                    await self._play(answer, item, item.push(event))
                case "response.output_audio.done":
                    item = answer.item(event)
                    await self._play(answer, item, item.finish())
                case "response.output_audio_transcript.delta" | "response.output_text.delta":
                    answer.stages.mark("first_text")
                    answer.item(event).text += str(event.get("delta") or "")
                    if self._settings.partial_messages:
                        await self._call.send(wire.PartialAssistantMessage(answer.text))
                case "response.output_item.done":
                    answer.request_tool(event.get("item"))
                case "response.done":
                    await self._finish(answer, event.get("response") or {})
                    return
                case _:
                    await self._receive_other(answer, event)

    async def _finish(self, answer: RealtimeAnswer, response: dict[str, Any]) -> None:
        for item in answer.items.values():
            await self._play(answer, item, item.finish())
        for output in response.get("output") or ():
            answer.request_tool(output)
        if response.get("status") == "failed":
            error = (response.get("status_details") or {}).get("error") or {}
            raise EndpointError(f"failed ({error.get('message') or error.get('code') or 'no reason given'})")

    async def _receive_other(self, answer: RealtimeAnswer, event: Event) -> None:
        """Receive an event that is no part of the response."""
        match event["type"]:
            case "input_audio_buffer.committed":
                answer.user_item = event.get("item_id")
            case "conversation.item.input_audio_transcription.completed":
                text = str(event.get("transcript") or "").strip()
                if answer.user_item in (None, event.get("item_id")):
                    answer.transcribed, answer.transcript = True, text
                    answer.stages.mark("stt")
                await self._send_transcript(text, answer.stages.metadata)
            case "conversation.item.input_audio_transcription.failed":
                answer.transcribed = True
                _log.warning("%s could not transcribe what was said", self._address.name)
            case "error":
                raise EndpointError(f"refused ({Session.reason(event)})")
            case "session.closed":
                raise event["error"]

    async def _on_late_transcript(self, event: Event) -> None:
        await self._send_transcript(str(event.get("transcript") or "").strip(), {})

    async def _send_transcript(self, text: str, metadata: dict[str, Any]) -> None:
        if text:
            self.conversation.append({"role": "user", "content": text})
            await self._call.send_message("user", text, metadata or None)

    async def _play(self, answer: RealtimeAnswer, item: Item, pcm: Pcm) -> None:
        """Send sound, at most `max_ahead_s` ahead of what is heard."""
        loop = asyncio.get_running_loop()
        limit_s = self._settings.max_ahead_s
        for start in range(0, len(pcm), _CHUNK_SAMPLES):
            chunk = pcm[start : start + _CHUNK_SAMPLES]
            if limit_s is not None and (wait_s := self._playback.ahead_s(loop.time()) - limit_s) > 0:
                await asyncio.sleep(wait_s)
            self._playback.send(loop.time(), len(chunk))
            item.sent += len(chunk)
            answer.stages.mark("first_audio")
            await self._call.send_audio(chunk)

    def _truncate(self, item: Item, heard_samples: int) -> None:
        heard_ms = item.heard_ms(heard_samples)
        if heard_ms < int(item.received_ms) and self._session is not None and self._session.is_up:
            cut = {"item_id": item.id, "content_index": item.content_index, "audio_end_ms": heard_ms}
            self._session.send({"type": "conversation.item.truncate", **cut})

    # The session

    def _open(self) -> Session:
        """Return the session, a new one if there is none or it has ended."""
        if self._session is None or not self._session.is_up:
            self._responses.forget()
            self._session = Session(self._address, self._set_up, self._responses.receive)
        return self._session

    def _set_up(self, created: Event) -> Iterable[Event]:
        beta = is_beta(created)
        yield session_update(self._wanted, self._settings.tools, beta=beta)
        for message in self.conversation:
            yield from create_message(message, beta=beta)

    def _named(self, error: EndpointError) -> EndpointError:
        text = str(error)
        return error if text.startswith("OpenAIRealtime: ") else self._address.error(text, error.status)
