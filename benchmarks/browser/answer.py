"""Row `answer-heard`: from the server's first audio to the loudspeaker, and whether the answer is whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.browser.harness import notebooks, page_clock_ahead_ms, start_call
from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import SENTENCE
from tests.browser.notebook import Notebook
from tests.browser.tones import find_gaps

__all__ = ["measure"]

_TONE_HZ = 440
_ANSWER_S = 2

_SERVER = f"""
import asyncio, time
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

tone = (8000 * np.sin(2 * np.pi * {_TONE_HZ} * np.arange({_ANSWER_S} * 16000) / 16000)).astype(np.int16)
orders, sent_ms, became_speaking = asyncio.Queue(), [], []

async def respond(server_call, utterance):
    global server_loop
    server_loop = asyncio.get_running_loop()
    while True:
        paced = await orders.get()
        began = server_loop.time()
        sent_ms.append(time.time() * 1000)
        for start in range(0, len(tone), 1600):
            if paced:
                await asyncio.sleep(max(0, began + start / 16000 - server_loop.time()))
            await server_call.send_audio(tone[start : start + 1600])

server = MicdropServer(respond).start()
call = MicdropWidget(server.url)
call.observe(lambda change: became_speaking.append(1) if change.new else None, "isAssistantSpeaking")
call
"""


@dataclass(frozen=True, slots=True)
class _Answer:
    delay_ms: float
    gaps_ms: tuple[float, ...]
    became_speaking: int


def measure(quick: bool) -> Iterator[Figure]:
    """Measure answers of one call: one after the other in bursts, then paced as a voice is made."""
    count = 2 if quick else 25
    with notebooks() as open_notebook:
        notebook = open_notebook([_SERVER], microphone=SENTENCE)
        notebook.run_cell(0)
        start_call(notebook)
        notebook.kernel.until("'server_loop' in globals()", timeout=30)  # the sentence is over: it is all ours
        for paced, how in ((False, "in one burst"), (True, "paced, 100 ms chunks")):
            answers = [_answer(notebook, paced) for _ in range(count)]
            yield Figure(how, "ms", Distribution.of(answer.delay_ms for answer in answers), Aim("p95", 80))
            gaps = [len(answer.gaps_ms) for answer in answers]
            silence_ms = sum(sum(answer.gaps_ms) for answer in answers) / count
            note = f"{silence_ms:.0f} ms of silence an answer"
            yield Figure(f"{how}: gaps an answer", "", Distribution.of(gaps), Aim("max", 0), note)
            flips = Distribution.of(answer.became_speaking for answer in answers)
            yield Figure(f"{how}: isAssistantSpeaking on", "", flips, Aim("max", 1))


def _answer(notebook: Notebook, paced: bool) -> _Answer:
    before = notebook.kernel.eval("len(became_speaking)")
    notebook.page.evaluate("() => window.__taps.forget()")
    notebook.kernel.execute(f"server_loop.call_soon_threadsafe(orders.put_nowait, {paced})")
    # Nobody is asked meanwhile: questions would be load.
    time.sleep(_ANSWER_S + 1)
    notebook.kernel.until("not call.isAssistantSpeaking")
    # Read at once: the clocks of sound and machine drift apart.
    (tap,) = notebook.taps()
    first = int(np.flatnonzero(np.abs(tap.samples) > 0.01)[0])
    sent_ms = notebook.kernel.eval("sent_ms[-1]")
    gaps = find_gaps(tap.samples, tap.sample_rate, _TONE_HZ)
    return _Answer(
        tap.epoch_ms(first) - page_clock_ahead_ms(notebook) - sent_ms,
        tuple(1000 * (end - start) / tap.sample_rate for start, end in gaps),
        notebook.kernel.eval("len(became_speaking)") - before,
    )
