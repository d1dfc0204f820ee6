"""Mute and pause, from the button in the panel to the capture callback and the server."""

from __future__ import annotations

import time

import numpy as np

from tests.e2e.calls import CALL, SERVER, press, utterances, wait_for_state, wait_for_turns, wait_for_words
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.listen import align
from tests.harness.spoken import spoken

COUNT = """
from micdrop_widget.browser.messages import AudioFrame
arrived = []
take = call._microphone.receive

def count(message):
    if isinstance(message, AudioFrame):
        arrived.append(message.position)
    take(message)

call._microphone.receive = count
"""
"""Notes the position of every frame that reaches the kernel."""


def wait_until_recorded(notebook: Notebook, kind: str, seconds: float) -> None:
    """Wait until a tap of the page holds this much."""
    deadline = time.monotonic() + 30
    while len(notebook.taps(kind)[0].samples) < seconds * 16000:
        assert time.monotonic() < deadline, f"the {kind} tap stands still"
        notebook.page.wait_for_timeout(200)


def test_a_muted_microphone_sends_nothing_from_the_capture_on(open_notebook: NotebookOpener) -> None:
    speech = spoken("two_sentences")
    notebook = open_notebook([SERVER, CALL, COUNT], microphone=speech.path, tap_microphone=True)
    notebook.run_all()
    notebook.kernel.execute("call.mute()")  # before the call: it starts muted
    press(notebook, "start")
    wait_for_state(notebook, isStarted=True)
    wait_for_words(notebook, "Muted")
    # The first sentence is over 4 s after the microphone was opened, and the second begins at 9.4 s.
    wait_until_recorded(notebook, "microphone", 5.5)
    assert notebook.kernel.eval("[arrived, frames]") == [[], []]
    press(notebook, "mute")
    wait_for_turns(notebook, 1)
    (utterance,) = utterances(notebook)
    (microphone,) = notebook.taps("microphone")
    start = align(utterance, microphone.samples).lag
    lag = align(speech.pcm_of(1), microphone.samples).lag
    assert start <= lag
    assert lag + len(speech.pcm_of(1)) <= start + len(utterance)
    assert notebook.kernel.eval("arrived[0]") > 5 * 16000


def test_mute_in_the_middle_of_a_sentence_ends_the_utterance(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL, COUNT], microphone=spoken("sentence").path)
    notebook.run_all()
    press(notebook, "start")
    wait_for_state(notebook, isUserSpeaking=True)
    press(notebook, "mute")
    wait_for_state(notebook, isMicMuted=True, isUserSpeaking=False)
    notebook.kernel.until("'StopSpeaking' in frames")
    before = notebook.kernel.eval("len(arrived)")
    wait_for_turns(notebook, 1)  # the answer goes on playing
    assert notebook.kernel.eval("len(arrived)") <= before + 4  # those that were on the way
    frames = notebook.kernel.eval("frames")
    assert [frame for frame in frames if isinstance(frame, str)] == ["StartSpeaking", "StopSpeaking"]


def test_pause_silences_the_answer_and_tells_the_server(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook([SERVER, CALL], microphone=spoken("sentence").path)
    notebook.run_all()
    press(notebook, "start")
    wait_for_state(notebook, isAssistantSpeaking=True, timeout=20)
    press(notebook, "pause")
    wait_for_state(notebook, isPaused=True, isAssistantSpeaking=False)
    wait_for_words(notebook, "Paused")
    notebook.kernel.until("'Mute' in frames")
    # what is played from a moment after the pause is silence
    end = len(notebook.taps()[0].samples) + 1600
    wait_until_recorded(notebook, "playback", end / 16000 + 0.5)
    assert not np.any(notebook.taps()[0].samples[end:])
    press(notebook, "pause")
    wait_for_state(notebook, isPaused=False, isListening=True)
