"""Row `answer-rhythms`: gaps and first sample of answers, by the size of their chunks and by how late those come."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.browser.harness import notebooks
from benchmarks.browser.speaker import Answer, open_speaker, speak
from benchmarks.figures import Aim, Distribution, Figure
from tests.e2e.notebook import Notebook

__all__ = ["measure"]

_ANSWER_S = 2
_CHUNKS_MS = (10, 20, 40, 60, 100, 200, 500)
_JITTER_MS = 60
_PAUSE_MS = 400


def measure(quick: bool) -> Iterator[Figure]:
    """Measure two calls for each rhythm: the answers of one come in time and then late, all those of the other late."""
    chunks_ms, count = ((20, 100), 1) if quick else (_CHUNKS_MS, 8)
    late = f"up to {_JITTER_MS} ms late"
    for chunk_ms in chunks_ms:
        with notebooks() as open_notebook:
            notebook = open_speaker(open_notebook)
            yield from _figures(f"{chunk_ms} ms, in time", _answers(notebook, count, chunk_ms))
            yield from _figures(
                f"{chunk_ms} ms, then {late}", _answers(notebook, count, chunk_ms, jitter_ms=_JITTER_MS), gaps=1
            )
            paused = _answers(notebook, 1, chunk_ms, pause_ms=_PAUSE_MS)
            yield from _figures(f"{chunk_ms} ms, a pause of {_PAUSE_MS} ms", paused, gaps=1)
        with notebooks() as open_notebook:
            notebook = open_speaker(open_notebook)
            yield from _figures(
                f"{chunk_ms} ms, {late} from the first on", _answers(notebook, count, chunk_ms, jitter_ms=_JITTER_MS)
            )


def _answers(
    notebook: Notebook, count: int, chunk_ms: int, *, jitter_ms: float = 0, pause_ms: float = 0
) -> list[Answer]:
    return [speak(notebook, _ANSWER_S, chunk_ms=chunk_ms, jitter_ms=jitter_ms, pause_ms=pause_ms) for _ in range(count)]


def _figures(rhythm: str, answers: list[Answer], *, gaps: int = 0) -> Iterator[Figure]:
    """Give first sample and gaps of a rhythm that may cost so many gaps in all."""
    rendered = Distribution.of(answer.rendered_ms for answer in answers)
    uncertainty_ms = max(answer.uncertainty_ms for answer in answers)
    yield Figure(f"{rhythm}: to the page's output", "ms", rendered, uncertainty=uncertainty_ms)
    found_ms = [gap_ms for answer in answers for gap_ms in answer.gaps_ms]
    note = "of " + ", ".join(f"{gap_ms:.0f}" for gap_ms in found_ms) + " ms" if found_ms else ""
    yield Figure(
        f"{rhythm}: gaps in {len(answers)} answers", "", Distribution.of([len(found_ms)]), Aim("max", gaps), note
    )
