"""Assigns an endpoint's responses to our answers, and ignores those that are of none, or late."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from micdrop_widget.agents.endpoint_errors import in_time
from micdrop_widget.agents.realtime.answer import RealtimeAnswer
from micdrop_widget.agents.realtime.session import CLOSED, Address, Session
from micdrop_widget.agents.realtime.wire import Event

__all__ = ["Responses"]

_log = logging.getLogger("micdrop_widget.agents")

_CANCEL_LIMIT_S = 2.0
"""How long an answer that was cancelled may take to end before the next one is asked for."""

_HEARD = "conversation.item.input_audio_transcription.completed"
_NOT_HEARD = "conversation.item.input_audio_transcription.failed"
_COMMITTED = "input_audio_buffer.committed"

_HARMLESS = ("response_cancel_", "conversation_item_truncate_", "input_audio_buffer_clear_")
"""Requests of ours that may come too late, or that some endpoints do not know: their errors change nothing."""


class Responses:
    """Asks an endpoint for responses, and forwards their events to the answers.

    Parameters
    ----------
    address
        The endpoint's address, for the log.
    on_late_transcript
        Called with the transcript of an utterance whose answer is over.

    Attributes
    ----------
    current
        The answer that is being made; None while there is none.
    """

    def __init__(self, address: Address, on_late_transcript: Callable[[Event], Awaitable[None]]) -> None:
        self._address = address
        self._on_late_transcript = on_late_transcript
        self._asked: deque[tuple[str, RealtimeAnswer]] = deque()
        """Answers that were asked for, and of which nothing has come yet, with the id of the request."""
        self._made: dict[str, RealtimeAnswer] = {}
        """Answers that the endpoint is making, by its id; those that were cancelled among them."""
        self._idle = asyncio.Event()
        self.current: RealtimeAnswer | None = None

    def forget(self) -> None:
        """Begin anew: a new session has no responses."""
        self._asked.clear()
        self._made.clear()
        self._idle.set()

    async def ask(self, session: Session, answer: RealtimeAnswer, request: dict[str, Any]) -> None:
        """Ask for a response, as soon as none is being made: endpoints refuse a second one."""
        try:
            await in_time(self._idle.wait(), _CANCEL_LIMIT_S)
        except TimeoutError:
            _log.warning("%s does not end an answer that was cancelled", self._address.name)
        event: Event = {"type": "response.create", **({"response": request} if request else {})}
        self._asked.append((session.send(event), answer))

    def cancel(self, session: Session, answer: RealtimeAnswer) -> None:
        """Cancel the response at the endpoint, if it still makes this answer."""
        for response_id in [known for known, made in self._made.items() if made is answer]:
            session.send({"type": "response.cancel", "response_id": response_id})
        if any(asked is answer for _, asked in self._asked):
            session.send({"type": "response.cancel"})

    async def receive(self, event: Event) -> None:
        """Forward an event of the endpoint to the answer it belongs to."""
        name = event["type"]
        if name == "response.created":
            if self._asked:
                self._made[_response_id(event)] = self._asked.popleft()[1]
            self._idle.clear()
        elif name.startswith("response."):
            answer = self._made.get(_response_id(event))
            if name == "response.done":
                self._made.pop(_response_id(event), None)
                self._idle.set()
            if answer is not None and answer is self.current:
                await answer.put(event)
        elif name == "error":
            await self._receive_error(event)
        elif name in (_HEARD, _NOT_HEARD, _COMMITTED, CLOSED):
            if self.current is not None:
                await self.current.put(event)
            elif name == _HEARD:
                await self._on_late_transcript(event)

    async def _receive_error(self, event: Event) -> None:
        error = event.get("error")
        details = error if isinstance(error, dict) else {}
        about = str(details.get("event_id") or "")
        harmless = about.startswith(_HARMLESS) or details.get("code") == "response_cancel_not_active"
        if harmless or self.current is None:
            level = logging.INFO if harmless else logging.WARNING
            _log.log(level, "%s", self._address.error(Session.reason(event)))
            return
        self._asked = deque(each for each in self._asked if each[0] != about)
        await self.current.put(event)


def _response_id(event: Event) -> str:
    return str(event.get("response_id") or (event.get("response") or {}).get("id"))
