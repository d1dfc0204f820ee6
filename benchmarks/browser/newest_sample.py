"""Row `newest-sample`: how old the newest sample of the microphone is when the server gets it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.browser.harness import notebooks, start_call
from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import SENTENCE, sentence
from tests.harness.correlation import align
from tests.harness.page_clock import ClockOffset, page_clock_offset
from tests.harness.taps import RENDERED_WITHIN_MS, Tap

__all__ = ["measure"]

_RENDERED_AHEAD_MS = 64
"""How far ahead of its clock a page renders, which it does in batches of quanta."""

_SERVER = """
import time
from micdrop_widget import MicdropServer, MicdropWidget

arrivals, utterances = [], []

async def respond(server_call, utterance):
    utterances.append((utterance, list(arrivals)))
    arrivals.clear()
    await server_call.skip_answer()

def note(server_call, frame):
    if isinstance(frame, bytes):
        arrivals.append((time.monotonic() * 1000, len(frame) // 2))

server = MicdropServer(respond, on_frame=note).start()
call = MicdropWidget(server.url)
call
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Let the user say a sentence again and again; look where the newest sample of each frame is in the microphone."""
    count = 2 if quick else 15
    with notebooks() as open_notebook:
        notebook = open_notebook([_SERVER], microphone=SENTENCE, microphone_loops=True, tap_microphone=True)
        notebook.run_cell(0)
        start_call(notebook)
        # Nobody is asked meanwhile: questions would be load.
        time.sleep(count * len(sentence()) / 16000)
        (tap,) = notebook.taps("microphone")
        offset = page_clock_offset(notebook.page)
        ages_ms: list[float] = []
        for pcm, arrivals in notebook.kernel.eval("[(pcm.tolist(), arrivals) for pcm, arrivals in utterances]"):
            ages_ms += _ages_ms(tap, offset, np.array(pcm, np.int16), arrivals)
    yield Figure(
        "a frame of speech on arrival",
        "ms",
        Distribution.of(ages_ms),
        Aim("p50", 80),
        uncertainty=offset.uncertainty_ms + RENDERED_WITHIN_MS,
        least=-_RENDERED_AHEAD_MS,
    )


def _ages_ms(
    tap: Tap, offset: ClockOffset, utterance: NDArray[np.int16], arrivals: list[tuple[float, int]]
) -> Iterator[float]:
    """Yield for each frame of one utterance the time since its last sample came out of the microphone."""
    found = align(utterance, tap.samples)
    if found.correlation < 0.9999:
        return  # a loss on the way: the row `frames-spin` is about those
    position = found.lag
    for arrived_ms, samples in arrivals:
        position += samples
        yield arrived_ms - offset.monotonic_ms(tap.rendered_ms(position))
