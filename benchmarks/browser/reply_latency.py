"""Row `reply-latency`: `reply_latency_ms` of each turn against the same, measured in the page's own audio."""

from __future__ import annotations

import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

from benchmarks.browser.harness import CALL, notebooks, start_call
from benchmarks.figures import Aim, Distribution, Figure
from tests.harness.page_replies import ANSWERING, page_reply_latencies_ms, say_questions

__all__ = ["measure"]

_CALL = ANSWERING + CALL.replace("MicdropServer()", "MicdropServer(respond)")


def measure(quick: bool) -> Iterator[Figure]:
    """Let the user ask question after question, and look when all are answered."""
    count = 2 if quick else 20
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-") as folder, notebooks() as open_notebook:
        questions = say_questions(Path(folder, "questions.wav"), count)
        notebook = open_notebook([_CALL], microphone=questions, tap_microphone=True)
        notebook.run_cell(0)
        start_call(notebook)
        time.sleep(_duration_s(questions))  # nobody is asked meanwhile: questions would be load
        (loudspeaker,), (microphone,) = notebook.taps(), notebook.taps("microphone")
        reported: list[float] = notebook.kernel.eval("[turn.reply_latency_ms for turn in call.turns]")
    measured = page_reply_latencies_ms(loudspeaker, microphone)
    if not len(reported) == len(measured) == count:
        raise RuntimeError(f"expected {count} turns, got {len(reported)}, and {len(measured)} answers in the page")
    apart = [in_turn - in_page for in_turn, in_page in zip(reported, measured, strict=True)]
    signed = Distribution.of(apart)
    note = f"reported less measured: median {signed.p50:+.1f} ms, {signed.min:+.1f} to {signed.max:+.1f}"
    yield Figure("apart", "ms", Distribution.of(map(abs, apart)), Aim("p50", 25), note)
    yield Figure("reply_latency_ms", "ms", Distribution.of(reported))
    yield Figure("the same in the page's audio", "ms", Distribution.of(measured))


def _duration_s(path: Path) -> float:
    with wave.open(str(path)) as file:
        return float(file.getnframes() / file.getframerate())
