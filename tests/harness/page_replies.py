"""How long a page's user waited for each answer, measured in the page's own audio.

The sound that the page captured and the sound that it played are searched by the rule that turns are measured with,
so that what differs is when a call dates its samples: a page's one clock dates both taps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.history.voiced import Loudness
from tests.harness.spoken import say_at, spoken
from tests.harness.taps import Tap

__all__ = ["ANSWERING", "page_reply_latencies_ms", "say_questions"]

ANSWERING = """
import asyncio, random
import numpy as np

chance = random.Random(1)

async def respond(server_call, utterance):
    await asyncio.sleep(chance.uniform(0.1, 0.6))
    silence = np.zeros(chance.randrange(4800), np.int16)
    await server_call.send_audio(np.concatenate([silence, utterance[:16_000]]))
"""
"""Defines `respond`: after a while and up to 300 ms of silence the assistant repeats the first second."""

_QUESTIONS = (1, 3)
"""Short ones among the sentences of ``questions.wav``."""
_PAUSE_S = 3.0
"""In which a question is answered to the end."""
_SILENCE_SAMPLES = SAMPLE_RATE // 2
"""So much at least lies between two answers."""


def say_questions(path: Path, count: int, *, after_s: float = 0.6) -> Path:
    """Write questions, each with time to answer it, at places that no frame divides evenly; a page's microphone."""
    questions = spoken("questions")
    said, at_s = {}, after_s
    for number in range(count):
        pcm = questions.pcm_of(_QUESTIONS[number % len(_QUESTIONS)])
        said[at_s] = pcm
        at_s += len(pcm) / SAMPLE_RATE + _PAUSE_S + 0.007 * number
    return say_at(path, said, then_s=_PAUSE_S)


def page_reply_latencies_ms(loudspeaker: Tap, microphone: Tap) -> list[float]:
    """Return for each answer that was played how long after the user's last voiced sound its first one was heard.

    The taps have the rate of calls. What the user has said between two answers is what the later one is about.

    Raises
    ------
    ValueError
        An answer has nothing voiced, or nothing voiced before it.
    """
    assert loudspeaker.sample_rate == microphone.sample_rate == SAMPLE_RATE
    latencies, before = [], 0
    for first, end in _answers(loudspeaker):
        spoken_from, spoken_until = (_sample_at(microphone, loudspeaker.rendered_ms(at)) for at in (before, first))
        _, speech_end = _voiced(microphone, spoken_from, spoken_until)
        voiced, _ = _voiced(loudspeaker, max(before, first - _SILENCE_SAMPLES), end)
        heard_ms = loudspeaker.rendered_ms(voiced) + loudspeaker.output_ms
        latencies.append(heard_ms - microphone.rendered_ms(speech_end))
        before = end
    return latencies


def _answers(tap: Tap) -> Iterator[tuple[int, int]]:
    """Yield the first sample of each answer, and the one after its last."""
    audible = np.flatnonzero(tap.samples)
    if len(audible):
        for part in np.split(audible, np.flatnonzero(np.diff(audible) > _SILENCE_SAMPLES) + 1):
            yield int(part[0]), int(part[-1]) + 1


def _sample_at(tap: Tap, page_ms: float) -> int:
    """Return which sample passed the page's audio graph at a time of the page's clock."""
    return bisect_left(range(len(tap.samples)), page_ms, key=tap.rendered_ms)


def _voiced(tap: Tap, begin: int, end: int) -> tuple[int, int]:
    """Return the first voiced sample of a stretch, and the one after the last."""
    loudness = Loudness()
    loudness.push(tap.pcm[begin:end])
    span = loudness.voiced_span()
    if span is None:
        raise ValueError(f"nothing is voiced in samples {begin} to {end} of the {tap.kind}")
    return begin + span[0], begin + span[1]
