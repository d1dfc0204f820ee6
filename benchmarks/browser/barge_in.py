"""Row `barge-in`: confirmed speech of the user -> the assistant is silent."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.browser.harness import notebooks, start_call
from benchmarks.figures import Aim, Distribution, Figure
from tests.e2e.notebook import Notebook
from tests.harness.page_clock import ClockOffset, page_clock_offset
from tests.harness.spoken import spoken, write_wav
from tests.harness.taps import RENDERED_WITHIN_MS, Tap

__all__ = ["SERVER", "measure", "pauses", "write_loop"]

_SILENCE_S = 2.5

_UTTERANCE_SAMPLES = 16000

_NOTED_WITHIN_MS = 32
"""How much later than it was, on a busy machine, that speech was confirmed is noted: a thread further on."""

_LONGEST_MS = 1000
"""Between speech confirmed and silence; what is further apart does not belong together."""

SERVER = """
import time
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(30 * 16000) / 16000)).astype(np.int16)
confirmed_ms, sent_ms = [], []

async def respond(server_call, utterance):
    sent_ms.append(time.monotonic() * 1000)
    await server_call.send_audio(tone)

def note(server_call, frame):
    if frame == "StartSpeaking":
        confirmed_ms.append(time.monotonic() * 1000)

server = MicdropServer(respond, on_frame=note).start()
call = MicdropWidget(server.url)
call.vad.on("ConfirmSpeaking", lambda: confirmed_ms.append(time.monotonic() * 1000))
call
"""
"""Answers every utterance with half a minute in one burst. The event and the command both tell when speech was
confirmed, each a thread later than it was: the earlier one counts."""


def write_loop(path: Path) -> tuple[Path, float]:
    """Write a sentence that leaves time to be answered, and return it with its length in seconds."""
    loop = np.concatenate([spoken("sentence").pcm_of(0), np.zeros(int(_SILENCE_S * 16000), np.int16)])
    return write_wav(path, loop), len(loop) / 16000


def pauses(tap: Tap) -> list[tuple[int, int]]:
    """Return where the assistant fell silent for an utterance, and where it was heard again."""
    audible = np.flatnonzero(tap.samples)
    # The utterance lies between the answer it cut off and the answer to it.
    before = np.flatnonzero(np.diff(audible) > _UTTERANCE_SAMPLES)
    return [(int(audible[number]) + 1, int(audible[number + 1])) for number in before]


def measure(quick: bool) -> Iterator[Figure]:
    """Let the user speak into the answer to what was said before, again and again, and look when all is over."""
    count = 2 if quick else 25
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-") as folder, notebooks() as open_notebook:
        wav, loop_s = write_loop(Path(folder) / "loop.wav")
        notebook = open_notebook([SERVER], microphone=wav, microphone_loops=True)
        notebook.run_cell(0)
        start_call(notebook)
        # Nobody is asked meanwhile: questions would be load. The first sentence interrupts nothing.
        time.sleep((count + 1.5) * loop_s)
        offset = page_clock_offset(notebook.page)
        delays = _interruptions_ms(notebook, offset)
        if len(delays) < count:
            raise RuntimeError(f"the answer was interrupted {len(delays)} times, expected {count}")
        rendered, heard = zip(*delays, strict=True)
        figure = functools.partial(
            Figure, unit="ms", uncertainty=offset.uncertainty_ms + RENDERED_WITHIN_MS, least=-_NOTED_WITHIN_MS
        )
        yield figure("to the page's output", values=Distribution.of(rendered), aim=Aim("p95", 40))
        note = "the browser's output latency included"
        yield figure("to the loudspeaker", values=Distribution.of(heard), note=note)


def _interruptions_ms(notebook: Notebook, offset: ClockOffset) -> list[tuple[float, float]]:
    """Return for each interruption when the page's output and the loudspeaker were silent after it."""
    (tap,) = notebook.taps()
    confirmed_ms: list[float] = sorted(notebook.kernel.eval("confirmed_ms"))
    delays = []
    for end, _ in pauses(tap):
        rendered_ms, heard_ms = offset.monotonic_ms(tap.rendered_ms(end)), offset.monotonic_ms(tap.heard_ms(end))
        confirmed = next(at_ms for at_ms in confirmed_ms if abs(rendered_ms - at_ms) < _LONGEST_MS)
        delays.append((rendered_ms - confirmed, heard_ms - confirmed))
    return delays
