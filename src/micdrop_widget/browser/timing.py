"""All delays and limits of time of the browser's room, in one value that all its parts are given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Timing"]


@dataclass(frozen=True, slots=True)
class Timing:
    """Delays and limits of a call in pages. Those that both sides know stand in `tests/comm_messages.json` too."""

    clock_s: Callable[[], float] = time.monotonic
    """The clock of the event loop; called from any thread."""

    short_delay_s: float = 0.2
    """A deferred message waits for audio no longer than this."""
    long_delay_s: float = 0.4
    """A deferred message that is not needed soon waits for audio no longer than this."""
    piggyback_after_s: float = 0.05
    """A message deferred for less is not sent behind audio yet: chunks may be smaller than a frame."""
    together_s: float = 0.005
    """What comes so soon behind a message goes together: the frames of one chunk, or of an answer in one burst. Another
    thread of the same Python may keep the interpreter for as long, before the next frame is read."""
    batch_s: float = 0.2
    """The rest of an answer waits no longer than this for more that goes in the same message."""

    heartbeat_s: float = 1.0
    """Seconds from beat to beat. A page that receives nothing for 4 s releases the microphone: the kernel is gone."""
    unanswered_beats: int = 10
    """After so many beats without an answer the page is gone, where a running cell does not hold answers up."""
    unanswered_beats_while_busy: int = 600
    """The same, where answers wait for the end of the running cell: a cell is given ten minutes."""
    rejoin_s: float = 30.0
    """How long a call waits for a page that is being reloaded."""

    panel_s: float = 10.0
    """How long a panel may take to be shown."""
    request_s: float = 10.0
    """How long a page may take to confirm a request for the microphone."""
    permission_s: float = 120.0
    """How long the user may take to allow the microphone."""

    hold_ms: float = 2000.0
    """The call is on hold when no audio arrives for so long; the browser notices it after as long."""
    late_ms: float = 60.0
    """Audio that is later is acknowledged sooner; where all is, the page, which has this too, sends larger messages."""
    streaming_ms: float = 500.0
    """While audio has arrived within this time, audio and acknowledgements serve as the heartbeat."""
    beats_without_audio: int = 4
    """After so many answers without audio the microphone is opened again: a broken connection has lost some, which a
    page on hold would wait for in vain."""
