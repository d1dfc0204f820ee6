"""Where a busy cell keeps the kernel from hearing the browser: a bounded hold, shown, and live again after it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.calls import CALL, SERVER, press, timed_call, utterances, wait_for_state, wait_for_words
from tests.e2e.lab import Lab
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.e2e.other_kernels import start_lab_with_ipykernel_6
from tests.harness.browsers import Browsers
from tests.harness.listen import align
from tests.harness.spoken import spoken, write_wav

NOTE_OPENING = """
import time
opened = []
call.observe(lambda change: opened.append(time.monotonic()) if change.new else None, "isMicStarted")
"""

# The microphone speaks from 1.0 s to 2.2 s and from 9.2 s to 12.0 s after it was opened: what is on its way when the
# kernel is back, up to two seconds old and so live, is silence.
SPEAKS_S = 1.2
PAUSE_S = 7
SLEEP = "frames.append('busy')\ntime.sleep(opened[0] + 8.2 - time.monotonic())\nframes.append('free')"


@pytest.fixture(scope="module")
def lab_with_ipykernel_6(tmp_path_factory: pytest.TempPathFactory) -> Generator[Lab]:
    running = start_lab_with_ipykernel_6(tmp_path_factory.mktemp("older"))
    yield running
    running.stop()


@pytest.fixture
def open_with_ipykernel_6(lab_with_ipykernel_6: Lab, browsers: Browsers) -> Generator[NotebookOpener]:
    opener = NotebookOpener(lab_with_ipykernel_6, browsers)
    yield opener
    opener.close()


def hold(open_notebook: NotebookOpener, busy: str, scratch: Path) -> Notebook:
    """Hold a call whose first sentence meets a busy kernel, and whose second one comes a second after it is free."""
    speech = spoken("two_sentences")
    first, second = speech.pcm_of(0)[: round(16_000 * SPEAKS_S)], speech.pcm_of(1)
    silence = np.zeros(16_000, dtype=np.int16)
    says = np.concatenate([silence, first, *[silence] * PAUSE_S, second, *[silence] * 4])
    microphone = write_wav(scratch / "pause.wav", says)
    notebook = open_notebook([SERVER, CALL, NOTE_OPENING, busy], microphone=microphone, tap_microphone=True)
    for cell in range(3):
        notebook.run_cell(cell)
    notebook.kernel.eval("opened")  # the first question to a kernel without subshells takes 5 s
    press(notebook, "start")
    wait_for_state(notebook, isUserSpeaking=True)
    notebook.run_cell(3, wait=False)
    wait_for_words(notebook, "On hold")
    wait_for_words(notebook, "goes on by itself", "note")
    notebook.wait_for_cell(3)
    notebook.until("() => document.querySelector('[data-testid=state]').textContent !== 'On hold: the kernel is busy'")
    notebook.kernel.until("len(utterances) == 2", timeout=20)
    return notebook


def assert_only_live_speech_arrived(notebook: Notebook) -> None:
    first, second = utterances(notebook)
    (microphone,) = notebook.taps("microphone")
    captured = np.floor(microphone.samples * 32768 + 0.5).clip(-32768, 32767).astype(np.int16)
    for utterance in (first, second):  # both as they were captured: no sample was left out within, or came again
        lag = align(utterance, captured).lag
        differs = np.flatnonzero(captured[lag : lag + len(utterance)] != utterance)
        # where samples are missing, the last frame is filled up with silence
        assert not len(differs) or (differs[0] > len(utterance) - 512 and not utterance[differs[0] :].any())
    assert align(spoken("two_sentences").pcm_of(1), second).lag >= 0  # the second sentence is there from its head
    assert len(first) < (SPEAKS_S + 1) * 16_000


def assert_the_hold_is_sent(notebook: Notebook) -> None:
    link = notebook.kernel.eval("__import__('dataclasses').asdict(call.link)")
    assert (link["is_on_hold"], link["lost_messages"]) == (False, 0)
    # Two stretches are missing where the end of what the browser sent is still live: before it, and behind it.
    assert link["holds"] in (1, 2)
    assert link["stale_ms"] <= 2500  # what the browser sends unheard is bounded: two seconds, and the last messages
    assert link["dropped_ms"] > 200
    assert link["held_ms"] == pytest.approx(link["stale_ms"] + link["dropped_ms"])


def commands(notebook: Notebook) -> list[str]:
    """Return what was sent to the server, and when the cell was busy, in order."""
    return list(notebook.kernel.eval("[frame for frame in frames if isinstance(frame, str)]"))


def test_with_ipykernel_6_the_call_is_on_hold_and_comes_back(
    open_with_ipykernel_6: NotebookOpener, tmp_path: Path
) -> None:
    notebook = hold(open_with_ipykernel_6, SLEEP, tmp_path)
    # The utterance ends while the cell still runs: the kernel's own loop notices.
    assert commands(notebook) == ["StartSpeaking", "busy", "StopSpeaking", "free", "StartSpeaking", "StopSpeaking"]
    assert_only_live_speech_arrived(notebook)
    assert_the_hold_is_sent(notebook)
    assert notebook.page.evaluate("() => window.__notebook.unfinished()") < 100, "the page keeps what it has sent"


AWAIT = """
from micdrop_widget import MicdropError
try:
    await call.start()
except MicdropError as error:
    print(error)
"""


def test_awaiting_with_ipykernel_6_ends_with_words_that_say_what_to_do(open_with_ipykernel_6: NotebookOpener) -> None:
    notebook = open_with_ipykernel_6([SERVER, timed_call(request_s=2), AWAIT, "call.start()\nNone"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    wait_for_words(notebook, "Not started")
    notebook.run_cell(2)
    assert "call.start() without await" in notebook.text(2)
    notebook.run_cell(3)
    wait_for_state(notebook, isStarted=True)
