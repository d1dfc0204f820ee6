"""How long each part of the browser's room waits for what: one value, given to all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True, slots=True)
class Timing:
    """Times and limits of a call in a page. What both sides know stands in `tests/comm_messages.json` too."""

    clock_s: Callable[[], float] = time.monotonic
    """The clock of the event loop; called from any thread."""

    short_delay_s: float = 0.2
    """A deferred message waits for audio no longer than this."""
    long_delay_s: float = 0.4
    """Nor one that has time."""
    piggyback_after_s: float = 0.05
    """What has waited less is not sent behind audio yet: chunks may be smaller than a frame of the microphone."""
    batch_s: float = 0.2
    """The rest of an answer waits no longer than this for more that goes in the same message."""

    heartbeat_s: float = 1.0
    """The page releases the microphone when nothing comes for 4 s: no page listens for a kernel that is gone."""
    unanswered_beats: int = 10
    """So many beats without an answer tell that the page is gone, where a running cell does not keep answers away."""
    unanswered_beats_while_busy: int = 600
    """The same, where answers wait for the end of the running cell: a cell is given ten minutes."""
    rejoin_s: float = 30.0
    """How long a call waits for a page that is being reloaded."""

    panel_s: float = 10.0
    """How long a panel may take to be shown."""
    request_s: float = 10.0
    """How long a page may take to say that it got a request for the microphone."""
    permission_s: float = 120.0
    """How long the user may take to allow the microphone."""

    hold_ms: float = 2000.0
    """Silence on the way from the browser that is a hold; the browser takes as long to see it."""
    late_ms: float = 60.0
    """Audio that is later is acknowledged sooner: the page then sends larger messages (its own figure is the same)."""
    streaming_ms: float = 500.0
    """Audio that has arrived since then says that the page lives, and its acknowledgement that the kernel does."""
    beats_without_audio: int = 4
    """A page on hold waits for its audio to be acknowledged; what a broken connection has lost never is."""
