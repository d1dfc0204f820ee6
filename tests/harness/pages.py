"""The other end of the browser's room, without a browser: a carrier that keeps what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from micdrop_widget.audio import Pcm, pcm_from_bytes
from micdrop_widget.browser import Pages, Timing
from micdrop_widget.browser.messages import Content

__all__ = ["RecordingCarrier", "pages_with", "virtual_timing"]


class RecordingCarrier:
    """Keeps every message."""

    def __init__(self) -> None:
        self.messages: list[Content] = []
        """As they were sent; of several in one the bundle."""
        self.contents: list[dict[str, Any]] = []
        """The same, bundles opened."""
        self.samples: list[Pcm] = []
        self.urgent: list[bool] = []
        """Whether each message was."""
        self.times_s: list[float] = []
        """When each was sent, by the clock of the loop."""
        self.batches = 0
        """How often deferred messages were sent."""

    def send(self, content: Content, buffers: Sequence[bytes] = (), *, urgent: bool = False) -> None:
        """Keep a message."""
        self.messages.append(content)
        self.contents += content["contents"] if content["type"] == "bundle" else [content]
        self.urgent.append(urgent)
        self.samples += [pcm_from_bytes(buffer) for buffer in buffers]
        self.times_s.append(asyncio.get_running_loop().time())

    def deferred_sent(self) -> None:
        """Count a batch."""
        self.batches += 1

    def types(self) -> list[object]:
        """Return the type of each message; of a bundle the types of what is in it."""
        return [
            [each["type"] for each in content["contents"]] if content["type"] == "bundle" else content["type"]
            for content in self.messages
        ]

    def times_of(self, kind: str) -> list[float]:
        """Return when messages of a type were sent, alone or in a bundle."""
        pairs = zip(self.messages, self.times_s, strict=True)
        return [time_s for content, time_s in pairs if kind in str(content)]


def virtual_timing(**changes: Any) -> Timing:
    """Return the usual times, by the clock of the running loop."""
    return Timing(clock_s=asyncio.get_running_loop().time, **changes)


def pages_with(*page_ids: str, timing: Timing | None = None, owner: str | None = None) -> Pages:
    """Return pages that show the panel."""
    pages = Pages(timing or virtual_timing())
    for page_id in page_ids:
        pages.add(page_id)
    pages.owner = owner
    return pages
