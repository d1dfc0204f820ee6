"""Row `answer-gaps`: what is missing in five minutes of answers."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.browser.harness import notebooks
from benchmarks.browser.speaker import open_speaker, speak
from benchmarks.figures import Aim, Distribution, Figure

__all__ = ["measure"]

_ANSWER_S = 15


def measure(quick: bool) -> Iterator[Figure]:
    """Measure answers of a quarter minute, half of them in bursts, half of them paced."""
    seconds, count = (3, 1) if quick else (_ANSWER_S, 10)
    with notebooks() as open_notebook:
        notebook = open_speaker(open_notebook)
        for chunk_ms, how in ((None, "in bursts"), (100, "paced, 100 ms chunks")):
            answers = [speak(notebook, seconds, chunk_ms=chunk_ms) for _ in range(count)]
            gaps_ms = [gap_ms for answer in answers for gap_ms in answer.gaps_ms]
            note = f"{len(gaps_ms)} in {seconds * count} s, {sum(gaps_ms):.0f} ms of silence"
            counts = Distribution.of(len(answer.gaps_ms) for answer in answers)
            yield Figure(f"{how}: gaps an answer of {seconds} s", "", counts, Aim("max", 0), note)
            flips = Distribution.of(answer.became_speaking for answer in answers)
            yield Figure(f"{how}: isAssistantSpeaking on", "", flips, Aim("max", 1))
