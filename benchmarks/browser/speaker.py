"""A server that speaks when the benchmark says so, and what the page played of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.browser.harness import start_call
from benchmarks.speech import SENTENCE
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.page_clock import page_clock_offset
from tests.harness.taps import RENDERED_WITHIN_MS
from tests.harness.tones import find_gaps

__all__ = ["Answer", "open_speaker", "speak"]

_TONE_HZ = 440
_LATER_S = 0.5

_SERVER = """
import asyncio, random, time
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

orders, sent_ms, became_speaking = asyncio.Queue(), [], []

async def respond(server_call, utterance):
    global server_loop
    server_loop = asyncio.get_running_loop()
    while True:
        seconds, chunk_ms, jitter_ms, pause_ms = await orders.get()
        t = np.arange(int(seconds * 16000)) / 16000
        tone = (8000 * np.sin(2 * np.pi * {tone_hz} * t)).astype(np.int16)
        began = server_loop.time()
        sent_ms.append(time.monotonic() * 1000)
        size, paused, due = 16 * (chunk_ms or 100), 0.0, began
        for start in range(0, len(tone), size):
            if chunk_ms is not None:
                if start > 0 and start // size == len(tone) // size // 2:
                    paused = pause_ms / 1000
                late = random.uniform(0, jitter_ms / 1000)
                due = max(due, began + start / 16000 + paused + late)
                await asyncio.sleep(max(0, due - server_loop.time()))
            await server_call.send_audio(tone[start : start + size])

server = MicdropServer(respond).start()
call = MicdropWidget(server.url)
call.observe(lambda change: became_speaking.append(1) if change.new else None, "isAssistantSpeaking")
call
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one answer was played.

    Attributes
    ----------
    rendered_ms, heard_ms
        From the first audio sent to its first sample: as the page's audio graph gives it out, and as it leaves the
        loudspeaker.
    gaps_ms
        Each silence of 2 ms and more within it.
    became_speaking
        How often `isAssistantSpeaking` became true.
    uncertainty_ms
        Of the two times.
    """

    rendered_ms: float
    heard_ms: float
    gaps_ms: tuple[float, ...]
    became_speaking: int
    uncertainty_ms: float


def open_speaker(open_notebook: NotebookOpener) -> Notebook:
    """Open a call whose user has said one sentence; from here on it is the server's."""
    notebook = open_notebook([_SERVER.format(tone_hz=_TONE_HZ)], microphone=SENTENCE)
    notebook.run_cell(0)
    start_call(notebook)
    notebook.kernel.until("'server_loop' in globals()", timeout=30)
    return notebook


def speak(
    notebook: Notebook, seconds: float, *, chunk_ms: int | None, jitter_ms: float = 0, pause_ms: float = 0
) -> Answer:
    """Let the server speak a tone.

    Parameters
    ----------
    notebook
        Of `open_speaker`.
    seconds
        Of the tone.
    chunk_ms
        In chunks of so many milliseconds, in time; None: in one burst.
    jitter_ms
        Each chunk is late by as much at most.
    pause_ms
        Of the server, in the middle of the answer.
    """
    before = notebook.kernel.eval("len(became_speaking)")
    notebook.page.evaluate("() => window.__taps.forget()")
    # Later, and nobody is asked meanwhile: for each question JupyterLab paints the kernel busy and idle.
    later = f"server_loop.call_later, {_LATER_S}, orders.put_nowait, {(seconds, chunk_ms, jitter_ms, pause_ms)}"
    notebook.kernel.execute(f"server_loop.call_soon_threadsafe({later})")
    time.sleep(_LATER_S + seconds + (jitter_ms + pause_ms) / 1000 + 1)
    notebook.kernel.until("not call.isAssistantSpeaking")
    # Read at once: the clocks of sound and machine drift apart.
    (tap,) = notebook.taps()
    first = int(np.flatnonzero(np.abs(tap.samples) > 0.01)[0])
    offset = page_clock_offset(notebook.page)
    sent_ms: float = notebook.kernel.eval("sent_ms[-1]")
    gaps = find_gaps(tap.samples, tap.sample_rate, _TONE_HZ)
    return Answer(
        offset.monotonic_ms(tap.rendered_ms(first)) - sent_ms,
        offset.monotonic_ms(tap.heard_ms(first)) - sent_ms,
        tuple(1000 * (end - start) / tap.sample_rate for start, end in gaps),
        notebook.kernel.eval("len(became_speaking)") - before,
        offset.uncertainty_ms + RENDERED_WITHIN_MS,
    )
