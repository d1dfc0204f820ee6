"""A whole call in a real JupyterLab and a real Chromium, whose microphone is a spoken WAV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.calls import CALL, SERVER, press, utterances, wait_for_state, wait_for_turns, wait_for_words
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.listen import align
from tests.harness.spoken import spoken
from tests.harness.taps import Tap, exactly_at

TEE = """
import numpy as np
from micdrop_widget.call.options import CallOptions
from micdrop_widget.vad import VAD, build_vad

class Tee(VAD):
    '''Keeps what the default detector hears.'''

    def __init__(self):
        self.inner, self.windows = build_vad(CallOptions().vad), []
        self.pre_roll_ms = self.inner.pre_roll_ms

    def load(self): self.inner.load()
    def reset(self): self.inner.reset()

    def update(self, window):
        self.windows.append(window.copy())
        return self.inner.update(window)

tee = Tee()
"""

AGAIN = """
from micdrop_widget import MicdropClient
from micdrop_widget.audio import float_to_pcm
from micdrop_widget.call.sinks import VirtualSpeaker
from micdrop_widget.call.sources import ArraySource

source = ArraySource(float_to_pcm(np.concatenate(tee.windows)), pace="fast")
async with MicdropClient(server.url, source=source, sink=VirtualSpeaker(pace="fast")) as again:
    await again.start()
    await again.until(isMicStarted=False, timeout=30)
"""

COUNT_FLICKERS = """async () => {
  let count = 0;
  const observer = new MutationObserver(() => count++);
  const sign = document.querySelector(".jp-Notebook-ExecutionIndicator");
  observer.observe(sign, { subtree: true, childList: true, attributes: true });
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  // The question before this was the kernel's to answer: that is painted first, later where the machine is busy.
  for (let before = -1, tries = 0; before !== count && tries < 10; tries++) {
    before = count;
    await wait(500);
  }
  count = 0;
  await wait(2000);
  observer.disconnect();
  return count;
}"""
"""How often JupyterLab paints its sign of a busy kernel anew in two seconds."""

POSITIONS = "[[t.start_sample, t.confirmed_sample, t.end_sample] for t in {}.turns]"

ORDER = [
    "isStarting",
    "isMicStarted",
    "isStarted",
    "isListening",
    "isUserSpeaking",
    "isProcessing",
    "isAssistantSpeaking",
    "isListening",
]


@dataclass(frozen=True, slots=True)
class FirstCall:
    """A call of two sentences that were echoed; it was stopped by the button.

    Attributes
    ----------
    flickers
        How often JupyterLab painted its sign of a busy kernel while the call listened.
    messages_meanwhile
        How many messages with audio arrived in that time.
    unfinished
        Messages that the page kept then because the kernel had not said idle of them.
    """

    notebook: Notebook
    flickers: int
    messages_meanwhile: int
    unfinished: int
    became_true: list[str]
    frames: list[str | int]
    received: list[NDArray[np.int16]]
    microphone: Tap
    playback: Tap


@pytest.fixture(scope="module")
def first_call(open_shared_notebook: NotebookOpener) -> FirstCall:
    call = TEE + CALL.replace("server.url", "server.url, vad=tee")
    microphone = spoken("two_sentences").path
    notebook = open_shared_notebook([SERVER, call, AGAIN], microphone=microphone, tap_microphone=True)
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_turns(notebook, 2)
    wait_for_words(notebook, "Listening")
    notebook.kernel.until("call.link.frame_ms == 64")  # a quiet line
    messages = notebook.kernel.eval("call.link.messages")
    flickers = notebook.page.evaluate(COUNT_FLICKERS)
    meanwhile = notebook.kernel.eval("call.link.messages") - messages
    unfinished = notebook.page.evaluate("() => window.__notebook.unfinished()")
    press(notebook, "start")
    wait_for_state(notebook, isStarted=False, isMicStarted=False)
    became_true, frames = notebook.kernel.eval("[became_true, frames]")
    (microphone_tap,), (playback,) = notebook.taps("microphone"), notebook.taps()
    return FirstCall(
        notebook,
        flickers,
        meanwhile,
        unfinished,
        became_true,
        frames,
        utterances(notebook),
        microphone_tap,
        playback,
    )


def test_the_states_come_in_the_order_of_the_diagram_once_a_turn(first_call: FirstCall) -> None:
    became_true = first_call.became_true
    first = became_true.index("isProcessing", became_true.index("isStarted"))
    talk = [name for name in became_true if name not in ("isProcessing", "isListening", "isMicMuted")]
    assert talk == [*ORDER[:3], "isUserSpeaking", "isAssistantSpeaking", "isUserSpeaking", "isAssistantSpeaking"]
    assert became_true.index("isUserSpeaking") < first < became_true.index("isAssistantSpeaking")


def test_the_wire_has_one_start_audio_and_one_stop_a_sentence(first_call: FirstCall) -> None:
    frames = first_call.frames
    assert [frame for frame in frames if isinstance(frame, str)] == ["StartSpeaking", "StopSpeaking"] * 2
    assert all(isinstance(frame, str) or frame >= 16 for frame in frames)
    assert isinstance(frames[0], str)
    assert isinstance(frames[-1], str)


@pytest.mark.parametrize("number", [0, 1])
def test_what_arrives_is_what_the_microphone_gave_and_holds_the_whole_sentence(
    first_call: FirstCall, number: int
) -> None:
    assert len(first_call.received) == 2
    said, utterance = spoken("two_sentences").pcm_of(number), first_call.received[number]
    start = exactly_at(first_call.microphone, utterance)
    lag = align(said, first_call.microphone.samples).lag
    assert start <= lag
    assert lag + len(said) <= start + len(utterance)


def test_what_is_played_is_what_the_server_sent(first_call: FirstCall) -> None:
    for utterance in first_call.received:
        exactly_at(first_call.playback, utterance)


def test_for_what_the_microphone_sends_jupyterlab_does_not_show_a_busy_kernel(first_call: FirstCall) -> None:
    assert first_call.messages_meanwhile > 10
    assert first_call.flickers == 0


def test_the_page_keeps_next_to_nothing_of_what_it_has_sent(first_call: FirstCall) -> None:
    assert first_call.unfinished < 50


def test_a_stopped_call_has_released_the_microphone_and_closed_the_connection(first_call: FirstCall) -> None:
    assert [track.ready_state for track in first_call.notebook.tracks()] == ["ended"]
    assert first_call.notebook.kernel.eval("[c.close_code for c in server_calls]") == [1000]


def test_the_same_samples_without_a_browser_give_the_same_turns_and_utterances(first_call: FirstCall) -> None:
    notebook = first_call.notebook
    notebook.run_cell(2)
    in_the_browser: list[Any] = notebook.kernel.eval(POSITIONS.format("call"))
    assert len(in_the_browser) == 2
    assert notebook.kernel.eval(POSITIONS.format("again")) == in_the_browser
    for once, again in zip(first_call.received, utterances(notebook)[2:], strict=True):
        assert np.array_equal(once, again)
