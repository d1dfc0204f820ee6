"""Row `barge-in`: confirmed speech of the user -> the assistant is silent."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.browser.harness import notebooks, page_clock_ahead_ms, start_call
from benchmarks.figures import Aim, Distribution, Figure
from tests.browser.notebook import Notebook
from tests.browser.spoken import spoken, write_wav

__all__ = ["measure"]

_SILENCE_S = 2.5

_UTTERANCE_SAMPLES = 16000

_SERVER = """
import time
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(30 * 16000) / 16000)).astype(np.int16)
confirmed_ms, answers = [], []

async def respond(server_call, utterance):
    answers.append(1)
    await server_call.send_audio(tone)

def note(server_call, frame):
    if frame == "StartSpeaking":
        confirmed_ms.append(time.time() * 1000)

server = MicdropServer(respond, on_frame=note).start()
call = MicdropWidget(server.url)
call.vad.on("ConfirmSpeaking", lambda: confirmed_ms.append(time.time() * 1000))
call
"""
"""Answers every utterance with half a minute in one burst. The event and the command both tell when speech was
confirmed, each a thread later than it was: the earlier one counts."""


def measure(quick: bool) -> Iterator[Figure]:
    """Let the user speak into the answer to what was said before, again and again."""
    count = 2 if quick else 25
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-") as folder, notebooks() as open_notebook:
        pause = np.zeros(int(_SILENCE_S * 16000), np.int16)
        wav = write_wav(Path(folder) / "loop.wav", np.concatenate([spoken("sentence").pcm_of(0), pause]))
        notebook = open_notebook([_SERVER], microphone=wav, microphone_loops=True)
        notebook.run_cell(0)
        start_call(notebook)
        notebook.kernel.until("call.isAssistantSpeaking", timeout=30)
        delays = [_interruption_ms(notebook) for _ in range(count)]
        rendered, heard = zip(*delays, strict=True)
        yield Figure("to the page's output", "ms", Distribution.of(rendered), Aim("p95", 40))
        yield Figure("to the loudspeaker", "ms", Distribution.of(heard), note="the browser's output latency included")


def _interruption_ms(notebook: Notebook) -> tuple[float, float]:
    """Wait for the next interruption; return when the page's output and the loudspeaker were silent after it."""
    while True:
        notebook.page.evaluate("() => window.__taps.forget()")
        notebook.kernel.execute("confirmed_ms.clear(); answers.clear()")
        notebook.kernel.until("confirmed_ms and answers and call.isAssistantSpeaking", timeout=30)
        time.sleep(0.2)
        ahead_ms = page_clock_ahead_ms(notebook)
        (tap,) = notebook.taps()
        confirmed_ms = notebook.kernel.eval("min(confirmed_ms)")
        audible = np.flatnonzero(tap.samples)
        # The utterance lies between the answer it cut off and the answer to it.
        silences = np.flatnonzero(np.diff(audible) > _UTTERANCE_SAMPLES)
        if len(silences) == 1:
            last = int(audible[silences[0]])
            return tap.rendered_ms(last + 1) - confirmed_ms, tap.epoch_ms(last + 1) - ahead_ms - confirmed_ms
