"""The call goes on while a cell computes, in JupyterLab and Notebook 7 with ipykernel 7."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.calls import CALL, press, utterances, wait_for_state
from tests.e2e.notebook import Interface, Notebook
from tests.e2e.opening import NotebookOpener
from tests.e2e.other_kernels import start_lab_without_subshells
from tests.harness.browsers import Browsers
from tests.harness.listen import align
from tests.harness.spoken import say_at, spoken
from tests.harness.tones import find_gaps

TONE_HZ = 440
TONE_S = 12

SERVER = f"""
import numpy as np
from micdrop_widget import MicdropServer, MicdropWidget

frames, utterances, is_over = [], [], False
tone = (8000 * np.sin(2 * np.pi * {TONE_HZ} * np.arange({TONE_S} * 16000) / 16000)).astype(np.int16)

def note(call, frame):
    frames.append(frame if isinstance(frame, str) else len(frame))

async def respond(call, utterance):
    utterances.append(utterance)
    if len(utterances) == 1:
        await call.send_audio(tone)  # until the second sentence interrupts it

server = MicdropServer(respond, on_frame=note).start()
"""

SECOND_S = 6.5
"""When the second sentence begins."""

SLEEP = "import time\nwhile not is_over: time.sleep(0.5)"
SPIN = "while not is_over: sum(range(1000))"
SAID = (spoken("stop").pcm_of(0), spoken("sentence").pcm_of(0))

TOUCH = "call.mute()\ncall.unmute()\ncall.observe(print, 'isPaused')\ncall.layout = {}\ndisplay(call)\n"


@pytest.mark.parametrize(
    ("interface", "busy"),
    [("lab", SLEEP), ("lab", TOUCH + SPIN), ("notebook", SPIN)],
    ids=["sleep", "touch and spin", "spin in Notebook 7"],
)
def test_a_call_goes_on_while_a_cell_is_busy(
    open_notebook: NotebookOpener, microphone: Path, interface: Interface, busy: str
) -> None:
    assert_the_call_goes_on(open_notebook, microphone, busy, interface)


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Say two sentences, the second into the answer to the first."""
    return say_at(tmp_path_factory.mktemp("said") / "two.wav", {1: SAID[0], SECOND_S: SAID[1]})


@pytest.fixture
def open_without_subshells(tmp_path_factory: pytest.TempPathFactory, browsers: Browsers) -> Generator[NotebookOpener]:
    running = start_lab_without_subshells(tmp_path_factory.mktemp("disabled"))
    opener = NotebookOpener(running, browsers)
    yield opener
    opener.close()
    running.stop()


def test_a_call_goes_on_also_where_jupyterlab_asks_for_the_thread_of_the_cells(
    open_without_subshells: NotebookOpener, microphone: Path
) -> None:
    assert_the_call_goes_on(open_without_subshells, microphone, SLEEP)


def assert_the_call_goes_on(
    open_notebook: NotebookOpener, microphone: Path, busy: str, interface: Interface = "lab"
) -> None:
    notebook = open_notebook([SERVER, CALL, busy], microphone=microphone, tap_microphone=True, interface=interface)
    notebook.errors.allow("notebook_core")  # Notebook 7's own code, which misses parts of JupyterLab now and then
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    notebook.run_cell(2, wait=False)
    notebook.until("() => window.__notebook.kernelStatus() === 'busy'")
    notebook.page.wait_for_timeout(1500)  # without a question to the kernel, which would be answered as one more cell
    assert notebook.page.evaluate("() => window.__notebook.kernelStatus()") == "busy"
    notebook.kernel.until("call.isAssistantSpeaking", timeout=10)
    notebook.kernel.until("len(utterances) == 2 and not call.isAssistantSpeaking", timeout=15)
    assert notebook.is_running(2)
    notebook.kernel.eval("globals().update(is_over=True)")
    assert_both_sentences_arrived_whole(notebook)
    assert_the_answer_was_whole_until_it_was_interrupted(notebook)
    notebook.wait_for_cell(2, timeout=30)


def assert_both_sentences_arrived_whole(notebook: Notebook) -> None:
    (microphone,) = notebook.taps("microphone")
    captured = np.floor(microphone.samples * 32768 + 0.5).clip(-32768, 32767).astype(np.int16)
    for number, utterance in enumerate(utterances(notebook)):
        lag = align(utterance, captured).lag
        assert np.array_equal(captured[lag : lag + len(utterance)], utterance)
        assert align(SAID[number], utterance).lag >= 0
    commands = notebook.kernel.eval("[frame for frame in frames if isinstance(frame, str)]")
    assert commands == ["StartSpeaking", "StopSpeaking"] * 2


def assert_the_answer_was_whole_until_it_was_interrupted(notebook: Notebook) -> None:
    (tap,) = notebook.taps()
    assert find_gaps(tap.samples, tap.sample_rate, TONE_HZ) == []
    loud = np.flatnonzero(np.abs(tap.samples) > 0.01)
    heard_s = (loud[-1] - loud[0]) / tap.sample_rate
    assert 2 < heard_s < TONE_S - 1, f"the tone was heard for {heard_s:.1f} s: the second sentence did not stop it"


PLOT = """
import time
import matplotlib.pyplot as plt
%matplotlib inline
plt.plot([1, 2, 3])
time.sleep(1.5)
plt.title("whole")
lines = len(plt.gca().lines)
"""


def test_a_figure_that_a_cell_draws_during_a_call_is_shown_once_and_whole(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, PLOT])
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    notebook.run_cell(2)
    assert notebook.kernel.eval("lines") == 1, "the figure was shown and closed while the cell drew it"
    assert [sorted(output["data"]) for output in notebook.outputs(2) if "data" in output] == [
        ["image/png", "text/plain"]
    ]
