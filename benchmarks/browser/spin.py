"""Row `frames-spin`: what is lost in ten minutes in which a cell computes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.browser.frame import SPIN
from benchmarks.browser.harness import notebooks, start_call
from benchmarks.figures import Aim, Distribution, Figure
from benchmarks.speech import SENTENCE
from tests.harness.listen import find_faults

__all__ = ["measure"]

_CALL = """
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget
from micdrop_widget.vad import VAD, build_vad

class Tee(VAD):
    '''Keeps what the default detectors hear.'''

    def __init__(self):
        self.inner, self.windows = build_vad(("volume", "silero")), []
        self.pre_roll_ms = self.inner.pre_roll_ms

    def load(self): self.inner.load()
    def reset(self): self.inner.reset()

    def update(self, window):
        self.windows.append(window.copy())
        return self.inner.update(window)

async def respond(server_call, utterance):
    await server_call.skip_answer()

server, tee = MicdropServer(respond).start(), Tee()
call = MicdropWidget(server.url, vad=tee)
call
"""

_LATEST_S = 3
"""How long is waited for what was captured before the end."""


def measure(quick: bool) -> Iterator[Figure]:
    """Compare what the detectors heard during the loop with what the microphone gave the page."""
    seconds = 10 if quick else 600
    with tempfile.TemporaryDirectory(prefix="micdrop-bench-") as folder, notebooks() as open_notebook:
        heard_file = Path(folder) / "heard.npy"
        save = f"np.save({str(heard_file)!r}, np.concatenate(tee.windows))"
        cells = [_CALL, "import time\ntee.windows.clear()\n" + SPIN.format(seconds=seconds), save]
        notebook = open_notebook(cells, microphone=SENTENCE, microphone_loops=True, tap_microphone=True)
        notebook.run_cell(0)
        start_call(notebook)
        notebook.run_cell(1, timeout=seconds + 60)
        time.sleep(_LATEST_S)
        notebook.run_cell(2)
        (tap,) = notebook.taps("microphone")
        heard = np.load(heard_file)
    whole = heard[: seconds * 16000]
    # What was heard is a stretch of what was captured. Captured and not heard between its ends was lost.
    faults = find_faults(whole, tap.pcm, quiet_db=60)
    lost = [fault.samples for fault in faults] or [0]
    note = f"{len(faults)} places, {len(whole) / 16000:.0f} s heard"
    yield Figure("samples lost at a place, a cell in a Python loop", "", Distribution.of(lost), Aim("max", 0), note)
