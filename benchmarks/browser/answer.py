"""Row `answer-heard`: from the server's first audio to the loudspeaker, and whether the answer is whole."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.browser.harness import notebooks
from benchmarks.browser.speaker import open_speaker, speak
from benchmarks.figures import Aim, Distribution, Figure

__all__ = ["measure"]

_ANSWER_S = 2


def measure(quick: bool) -> Iterator[Figure]:
    """Measure answers of one call: one after the other in bursts, then paced as a voice is made."""
    count = 2 if quick else 25
    with notebooks() as open_notebook:
        notebook = open_speaker(open_notebook)
        for chunk_ms, how in ((None, "in one burst"), (100, "paced, 100 ms chunks")):
            answers = [speak(notebook, _ANSWER_S, chunk_ms=chunk_ms) for _ in range(count)]
            rendered = Distribution.of(answer.rendered_ms for answer in answers)
            heard = Distribution.of(answer.heard_ms for answer in answers)
            uncertainty_ms = max(answer.uncertainty_ms for answer in answers)
            yield Figure(f"{how}: to the page's output", "ms", rendered, uncertainty=uncertainty_ms)
            yield Figure(how, "ms", heard, Aim("p95", 80), uncertainty=uncertainty_ms)
            gaps = [len(answer.gaps_ms) for answer in answers]
            silence_ms = sum(sum(answer.gaps_ms) for answer in answers) / count
            note = f"{silence_ms:.0f} ms of silence an answer"
            yield Figure(f"{how}: gaps an answer", "", Distribution.of(gaps), Aim("max", 0), note)
            flips = Distribution.of(answer.became_speaking for answer in answers)
            yield Figure(f"{how}: isAssistantSpeaking on", "", flips, Aim("max", 1))
