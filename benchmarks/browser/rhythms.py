"""Row `answer-rhythms`: gaps and first sample of answers, by the size of their chunks and by how late those come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from benchmarks.browser.harness import notebooks
from benchmarks.browser.speaker import Answer, open_speaker, speak
from benchmarks.figures import Aim, Distribution, Figure

__all__ = ["measure"]

_ANSWER_S = 2
_CHUNKS_MS = (10, 20, 40, 60, 100, 200, 500)
_JITTER_MS = 60
_PAUSE_MS = 400


def measure(quick: bool) -> Iterator[Figure]:
    """Measure answers of one call for each rhythm: several in time, then several late, then one with a pause."""
    chunks_ms, count = ((20, 100), 1) if quick else (_CHUNKS_MS, 8)
    for chunk_ms in chunks_ms:
        with notebooks() as open_notebook:
            notebook = open_speaker(open_notebook)
            answers: defaultdict[str, list[Answer]] = defaultdict(list)
            for _ in range(count):
                answers["in time"].append(speak(notebook, _ANSWER_S, chunk_ms=chunk_ms))
            for _ in range(count):
                late = speak(notebook, _ANSWER_S, chunk_ms=chunk_ms, jitter_ms=_JITTER_MS)
                answers[f"up to {_JITTER_MS} ms late"].append(late)
            paused = speak(notebook, _ANSWER_S, chunk_ms=chunk_ms, pause_ms=_PAUSE_MS)
            answers[f"a pause of {_PAUSE_MS} ms"].append(paused)
        for how, of_rhythm in answers.items():
            yield from _figures(f"{chunk_ms} ms, {how}", of_rhythm, own_gaps=int(how.startswith("a pause")))


def _figures(rhythm: str, answers: list[Answer], own_gaps: int) -> Iterator[Figure]:
    rendered = Distribution.of(answer.rendered_ms for answer in answers)
    uncertainty_ms = max(answer.uncertainty_ms for answer in answers)
    yield Figure(f"{rhythm}: to the page's output", "ms", rendered, uncertainty=uncertainty_ms)
    gaps = Distribution.of(len(answer.gaps_ms) for answer in answers)
    with_gaps = sum(len(answer.gaps_ms) > own_gaps for answer in answers)
    note = f"{with_gaps} of {len(answers)} with a gap that is not the server's"
    yield Figure(f"{rhythm}: gaps an answer", "", gaps, Aim("max", own_gaps), note)
