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
import asyncio, time
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

orders, sent_ms, became_speaking = asyncio.Queue(), [], []

async def respond(server_call, utterance):
    global server_loop
    server_loop = asyncio.get_running_loop()
    while True:
        seconds, paced = await orders.get()
        t = np.arange(int(seconds * 16000)) / 16000
        tone = (8000 * np.sin(2 * np.pi * {tone_hz} * t)).astype(np.int16)
        began = server_loop.time()
        sent_ms.append(time.monotonic() * 1000)
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


def speak(notebook: Notebook, seconds: float, *, paced: bool) -> Answer:
    """Let the server speak a tone: in one burst, or in chunks of 100 ms exactly in time."""
    before = notebook.kernel.eval("len(became_speaking)")
    notebook.page.evaluate("() => window.__taps.forget()")
    # Later, and nobody is asked meanwhile: for each question JupyterLab paints the kernel busy and idle.
    later = f"server_loop.call_later, {_LATER_S}, orders.put_nowait, ({seconds}, {paced})"
    notebook.kernel.execute(f"server_loop.call_soon_threadsafe({later})")
    time.sleep(_LATER_S + seconds + 1)
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
