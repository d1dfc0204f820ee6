"""The call goes on while a cell computes, in JupyterLab with ipykernel 7."""

from __future__ import annotations

import numpy as np
import pytest

from .calls import CALL, SERVER, press, utterances, wait_for_state
from .listen import align
from .opening import NotebookOpener
from .spoken import spoken

SLEEP = "import time\ntime.sleep(12)"
SPIN = "import time\nend = time.monotonic() + 12\nwhile time.monotonic() < end: sum(range(1000))"
TOUCH = "call.mute()\ncall.unmute()\ncall.observe(print, 'isPaused')\ndisplay(call)\n"


@pytest.mark.parametrize("busy", [SLEEP, SPIN, TOUCH + SPIN], ids=["sleep", "spin", "touch-and-spin"])
def test_a_turn_goes_its_way_while_a_cell_is_busy(open_notebook: NotebookOpener, busy: str) -> None:
    speech = spoken("sentence")
    notebook = open_notebook([SERVER, CALL, busy], microphone=speech.path, tap_microphone=True)
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    notebook.run_cell(2, wait=False)
    notebook.until("() => window.__notebook.kernelStatus() === 'busy'")
    notebook.kernel.until("len(utterances) == 1", timeout=11)
    notebook.kernel.until("call.isAssistantSpeaking", timeout=3)
    assert notebook.is_running(2)
    notebook.wait_for_cell(2, timeout=30)
    (utterance,) = utterances(notebook)
    (microphone,) = notebook.taps("microphone")
    lag = align(utterance, microphone.samples).lag
    heard = np.floor(microphone.samples[lag : lag + len(utterance)] * 32768 + 0.5).clip(-32768, 32767)
    assert np.array_equal(heard.astype(np.int16), utterance)
    frames = notebook.kernel.eval("[frame for frame in frames if isinstance(frame, str)]")
    assert frames == ["StartSpeaking", "StopSpeaking"]
