"""One answer of a Realtime model: the parts that arrived, were sent, and were heard."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from micdrop_widget.agents.endpoint_errors import EndpointError
from micdrop_widget.agents.pieces import ToolRequest
from micdrop_widget.agents.playback import INTERRUPTED, Playback
from micdrop_widget.agents.realtime.wire import Event
from micdrop_widget.agents.stage_times import StageTimes
from micdrop_widget.audio import SAMPLE_RATE, Pcm, Resampler, pcm_from_bytes

__all__ = ["Item", "RealtimeAnswer"]

_MAX_EVENTS = 64
"""How many events may wait for the answer; the connection waits with the next one."""


@dataclass(slots=True)
class Item:
    """What the assistant says in one go: an item of the conversation at the endpoint."""

    id: str
    rate: int
    begin: int
    """Where its audio is among all that was sent in the call, in samples at 16 kHz."""
    text: str = ""
    content_index: int = 0
    sent: int = 0
    received_ms: float = 0.0
    _odd: bytes = b""
    _resampler: Resampler = field(init=False)

    def __post_init__(self) -> None:
        self._resampler = Resampler(self.rate)

    def push(self, event: Event) -> Pcm:
        """Return samples at 16 kHz for a piece of its audio.

        Raises
        ------
        EndpointError
            It is no base64.
        """
        try:
            received = self._odd + base64.b64decode(event.get("delta") or "", validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise EndpointError("sent audio that is no base64") from None
        self.content_index = event.get("content_index") or 0
        whole = len(received) & ~1
        self._odd = received[whole:]
        self.received_ms += whole / 2 * 1000 / self.rate
        return self._resampler.push(pcm_from_bytes(received[:whole]))

    def finish(self) -> Pcm:
        """Return what waits in the filter: its audio is whole."""
        rest = self._resampler.finish()
        self._resampler = Resampler(SAMPLE_RATE)
        return rest

    def heard_ms(self, heard_samples: int) -> int:
        """Return how much of it was heard, when so many samples of the call were."""
        heard = min(max(0, heard_samples - self.begin), self.sent)
        return int(min(heard * 1000 / SAMPLE_RATE, self.received_ms))

    def heard_text(self, heard_samples: int) -> str:
        """Return the words of it that were heard, judged by how much of its audio was."""
        if not self.received_ms:
            return ""
        words = self.text.split()
        return " ".join(words[: int(len(words) * self.heard_ms(heard_samples) / self.received_ms)])


class RealtimeAnswer:
    """An answer that is being made.

    Parameters
    ----------
    playback
        The playback of the call.
    rate
        Rate of the endpoint's audio, in Hz.
    began_s
        When the turn of the user was over, on the monotonic clock; None for an unprompted answer.

    Attributes
    ----------
    user_item
        The item at the endpoint that the utterance became; None until that is known.
    transcribed
        Set when it is known what the user said, or that it will not be.
    """

    def __init__(self, playback: Playback, rate: int, began_s: float | None) -> None:
        self._playback = playback
        self._rate = rate
        self._events: asyncio.Queue[Event] = asyncio.Queue(_MAX_EVENTS)
        self._over = False
        self.items: dict[str, Item] = {}
        self.requests: dict[str, ToolRequest] = {}
        self.stages = StageTimes(began_s)
        self.user_item: str | None = None
        self.complete = False
        """The endpoint has made it, and all of it was sent."""
        self.transcribed = False
        self.transcript = ""

    # Events

    async def put(self, event: Event) -> None:
        """Hand an event over; waits while many wait already."""
        if not self._over:
            await self._events.put(event)

    async def next(self) -> Event:
        """Return the next event."""
        return await self._events.get()

    def end(self) -> None:
        """Accept no more events, and release a `put` that waits."""
        self._over = True
        while not self._events.empty():
            self._events.get_nowait()

    # What it consists of

    def item(self, event: Event) -> Item:
        """Return the item that an event is about."""
        item_id = str(event.get("item_id"))
        if item_id not in self.items:
            self.items[item_id] = Item(item_id, self._rate, self._playback.sent_samples)
        return self.items[item_id]

    def request_tool(self, item: Any) -> None:  # noqa: ANN401 - JSON
        """Note a function call, if an item of the endpoint is one that is complete."""
        if isinstance(item, dict) and item.get("type") == "function_call" and item.get("call_id"):
            self.requests[item["call_id"]] = ToolRequest(item["call_id"], item["name"], item.get("arguments") or "{}")

    @property
    def text(self) -> str:
        """All that was said."""
        return " ".join(filter(None, (item.text.strip() for item in self.items.values())))

    @property
    def has_audio(self) -> bool:
        """Whether anything was sent to be heard."""
        return any(item.sent for item in self.items.values())

    def is_heard(self, heard_samples: int) -> bool:
        """Return whether it is complete, and was heard to its end."""
        return self.complete and all(heard_samples >= item.begin + item.sent for item in self.items.values())

    def heard_text(self, heard_samples: int, mark: str = INTERRUPTED) -> str:
        """Return what was heard, marked; "" if nothing was."""
        heard = " ".join(filter(None, (item.heard_text(heard_samples) for item in self.items.values())))
        return heard + mark if heard else ""
