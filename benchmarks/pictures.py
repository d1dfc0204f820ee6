"""Row `pictures`: what the pictures of an hour take, from the call to a PNG in a cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import sentence
from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.history.event_log import EventLog
from micdrop_widget.history.recording import Recording
from micdrop_widget.history.tracks import FixedTracks
from micdrop_widget.history.turns import Turn, Turns

__all__ = ["measure"]

_HOUR = Aim("p95", 2.0)
_TURN_S = 8


def measure(quick: bool) -> Iterator[Figure]:
    """Measure by the clock on the wall: what who waits for the cell notices."""
    minutes, rounds = (1, 2) if quick else (60, 10)
    recording = _recording(minutes)
    recording.plot()._repr_png_()  # type: ignore[attr-defined]  # what is loaded once is no cost of an hour
    turns = recording.turns
    what = f"of {minutes} min"
    yield Figure(f"recording.plot() {what}", "s", _seconds(recording.plot, rounds), _HOUR)
    yield Figure(f"the same, shown in a cell {what}", "s", _seconds(lambda: _shown(recording.plot()), rounds))
    yield Figure(f"turns.plot() of {len(turns)} turns, shown", "s", _seconds(lambda: _shown(turns.plot()), rounds))


def _shown(figure: Any) -> object:  # noqa: ANN401 - a picture of ours
    return figure._repr_mimebundle_()


def _seconds(draw: Callable[[], object], rounds: int) -> Distribution:
    taken: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        draw()
        taken.append(time.perf_counter() - began)
    return Distribution.of(taken)


def _recording(minutes: int) -> Recording:
    """Return a call in which both speak in turns, every eight seconds, with all that is known of it."""
    voice = sentence()[: 3 * SAMPLE_RATE]
    count = minutes * 60 // _TURN_S
    once = np.zeros((_TURN_S * SAMPLE_RATE, 2), np.int16)
    once[: len(voice), 0] = voice
    once[4 * SAMPLE_RATE :][: len(voice), 1] = voice
    tracks = FixedTracks(np.tile(once, (count, 1)))
    events, turns = EventLog(), []
    events.add(0.0, 0, "StateChange", {"isStarted": True})
    for number in range(count):
        begin_ms = number * _TURN_S * 1000.0
        for window in range(_TURN_S * SAMPLE_RATE // 512):
            tracks.speech.set(round(begin_ms) * 16 + window * 512, 0.9 if window < 94 else 0.05)
        for offset_ms, field, value in ((200, "isUserSpeaking", True), (3500, "isUserSpeaking", False)):
            events.add(begin_ms + offset_ms, round(begin_ms + offset_ms) * 16, "StateChange", {field: value})
        times_ms = (begin_ms + offset_ms for offset_ms in (0.0, 3000.0, 3500.0, 3900.0, 3960.0, 4000.0 + number % 50))
        start, end, stopped, first_audio, heard, voiced = times_ms
        turns.append(
            Turn(
                speech_start_ms=start,
                speech_end_ms=end,
                stopped_ms=stopped,
                first_audio_ms=first_audio,
                heard_ms=heard,
                voiced_ms=voiced,
            )
        )
    return Recording(None, tracks, events, lambda: Turns(turns))
