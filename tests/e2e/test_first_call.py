"""A whole call in a real JupyterLab and a real Chromium, whose microphone is a spoken WAV."""

from __future__ import annotations

import numpy as np

from tests.e2e.calls import (
    CALL,
    PROCESSING_OFF,
    SERVER,
    press,
    utterances,
    wait_for_state,
    wait_for_turns,
    wait_for_words,
)
from tests.e2e.notebook import Notebook
from tests.e2e.opening import NotebookOpener
from tests.harness.channel import match_channel
from tests.harness.listen import align, find_faults
from tests.harness.spoken import Spoken, spoken
from tests.harness.taps import exactly_at

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
  await new Promise((resolve) => setTimeout(resolve, 500)); // the question before this was the kernel's to answer
  let count = 0;
  const observer = new MutationObserver(() => count++);
  const sign = document.querySelector(".jp-Notebook-ExecutionIndicator");
  observer.observe(sign, { subtree: true, childList: true, attributes: true });
  await new Promise((resolve) => setTimeout(resolve, 2000));
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


def test_two_sentences_reach_the_server_whole_and_the_echo_is_heard_whole(open_notebook: NotebookOpener) -> None:
    speech = spoken("two_sentences")
    call = TEE + CALL.replace("server.url", "server.url, vad=tee")
    notebook = open_notebook([SERVER, call, AGAIN], microphone=speech.path, tap_microphone=True)
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_turns(notebook, 2)
    wait_for_words(notebook, "Listening")
    # for what the microphone sends the kernel does not call itself busy
    notebook.kernel.until("call.link.frame_ms == 64")  # a quiet line
    messages = notebook.kernel.eval("call.link.messages")
    assert notebook.page.evaluate(COUNT_FLICKERS) == 0
    assert notebook.kernel.eval("call.link.messages") > messages + 20
    assert notebook.page.evaluate("() => window.__notebook.unfinished()") < 50, "the page keeps what it has sent"
    press(notebook, "start")
    wait_for_state(notebook, isStarted=False, isMicStarted=False)

    # the states, in the order of the diagram, once per turn
    became_true = notebook.kernel.eval("became_true")
    first = became_true.index("isProcessing", became_true.index("isStarted"))
    talk = [name for name in became_true if name not in ("isProcessing", "isListening", "isMicMuted")]
    assert talk == [*ORDER[:3], "isUserSpeaking", "isAssistantSpeaking", "isUserSpeaking", "isAssistantSpeaking"]
    assert became_true.index("isUserSpeaking") < first < became_true.index("isAssistantSpeaking")

    # the wire: one StartSpeaking, audio, StopSpeaking per sentence
    frames = notebook.kernel.eval("frames")
    assert [frame for frame in frames if isinstance(frame, str)] == ["StartSpeaking", "StopSpeaking"] * 2
    assert all(isinstance(frame, str) or frame >= 16 for frame in frames)
    assert isinstance(frames[0], str)
    assert isinstance(frames[-1], str)

    # what arrived is what the microphone gave, sample for sample, and holds the whole sentence
    (microphone,) = notebook.taps("microphone")
    received = utterances(notebook)
    assert len(received) == 2
    for number, utterance in enumerate(received):
        start = exactly_at(microphone, utterance)
        lag = align(speech.pcm_of(number), microphone.samples).lag
        assert start <= lag
        assert lag + len(speech.pcm_of(number)) <= start + len(utterance)

    # what was played is what the server sent
    (playback,) = notebook.taps()
    for utterance in received:
        exactly_at(playback, utterance)

    # nothing is left
    assert [track.ready_state for track in notebook.tracks()] == ["ended"]
    assert notebook.kernel.eval("[c.close_code for c in server_calls]") == [1000]

    # the same samples without a browser give the same events
    notebook.run_cell(2)
    in_the_browser = notebook.kernel.eval(POSITIONS.format("call"))
    assert len(in_the_browser) == 2
    assert notebook.kernel.eval(POSITIONS.format("again")) == in_the_browser
    for once, again in zip(received, utterances(notebook)[2:], strict=True):
        assert np.array_equal(once, again)


def test_the_sentence_arrives_without_a_missing_or_repeated_sample(open_notebook: NotebookOpener) -> None:
    speech = spoken("sentence")
    notebook = _call(open_notebook, speech)
    (utterance,) = utterances(notebook)
    wanted = match_channel(speech.pcm_of(0), utterance)
    # a device that slips by whole 10 ms under load is not ours to mend
    assert [fault for fault in find_faults(wanted, utterance) if not fault.may_be_device_slip()] == []
    assert align(wanted, utterance).correlation > 0.98


def _call(open_notebook: NotebookOpener, speech: Spoken) -> Notebook:
    notebook = open_notebook([SERVER, CALL], microphone=speech.path)
    notebook.page.evaluate(PROCESSING_OFF)
    notebook.run_all()
    press(notebook, "start")
    wait_for_turns(notebook, 1)
    return notebook
