"""A short call that was written by hand, to be drawn."""

from __future__ import annotations

import numpy as np

from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.tracks import FixedTracks
from micdrop_widget.history.turns import Turn, Turns

__all__ = ["recording_of", "turn"]


def turn(end_ms: float, *parts_ms: float, kind: str = "user") -> Turn:
    """Return a turn whose speech ended then, and the four parts of its reply latency."""
    endpointing, server, playout, lead_in = parts_ms
    stopped = end_ms + endpointing
    return Turn(
        kind=kind,  # type: ignore[arg-type]
        speech_start_ms=end_ms - 1000,
        speech_end_ms=end_ms,
        stopped_ms=stopped,
        first_audio_ms=stopped + server,
        heard_ms=stopped + server + playout,
        voiced_ms=stopped + server + playout + lead_in,
        answer_end_ms=stopped + server + playout + lead_in + 1000,
    )


def recording_of(seconds: float, *turns: Turn, start_s: float = 0, with_events: bool = True) -> Recording:
    """Return a recording of silence with a click at its first second, and a call that was muted from 2 s to 3 s."""
    samples = np.zeros((round(seconds * 16_000), 2), np.int16)
    samples[16_000:16_001] = (20_000, -10_000)
    tracks = FixedTracks(samples, round(start_s * 16_000))
    events = EventLog()
    if with_events:
        tracks.speech.set(tracks.begin + 512, 0.5)
        events.add(0.0, 0, "Start", {"isStarted": False, "isMuted": False})
        events.add(500.0, 8000, "StateChange", {"isStarted": True})
        events.add(2000.0, 32_000, "StateChange", {"isMuted": True})
        events.add(3000.0, 48_000, "StateChange", {"isMuted": False})
    return Recording(None, tracks, events, lambda: Turns(turns))
