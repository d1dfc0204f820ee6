"""What the browser does with the microphone's sound, and at which rate it captures."""

from __future__ import annotations

import numpy as np

from tests.e2e.calls import CALL, SERVER, press, utterances, wait_for_state, wait_for_turns
from tests.e2e.opening import NotebookOpener
from tests.e2e.untouched import UntouchedPage
from tests.harness.channel import match_channel
from tests.harness.listen import align, find_faults
from tests.harness.spoken import spoken

RAW_CALL = CALL.replace("server.url)", "server.url, noise_suppression=False, auto_gain_control=False)")

ECHOING_CALL = """
call = MicdropWidget(server.url, echo_cancellation=False, noise_suppression=False)
muted_before, muted_while_heard = [], []

def note_mute(state, previous):
    (muted_while_heard if state.isAssistantSpeaking else muted_before).append(state.isMicMuted)

call.on("StateChange", note_mute)
call
"""

APPLIED = "(lambda m: [m.echo_cancellation, m.noise_suppression, m.auto_gain_control])(call.microphone)"

SETTINGS = """
() => window.__getUserMedia.map(({ settings }) =>
  [settings.echoCancellation, settings.noiseSuppression, settings.autoGainControl])
"""

REFUSE_16_KHZ = """
() => {
  const { createMediaStreamSource } = AudioContext.prototype;
  AudioContext.prototype.createMediaStreamSource = function (stream) {
    if (this.sampleRate === 16_000) throw new DOMException("a different sample-rate", "NotSupportedError");
    return createMediaStreamSource.call(this, stream);
  };
}
"""


HAS_PANEL = "document.querySelector('[data-testid=allow-audio]') !== null"
IS_BLOCKED = "!document.querySelector('[data-testid=allow-audio]').hidden"

ASK_FOR_PERMISSION = """
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  await new Promise((resolve) => { window.__allow = resolve; });
  return getUserMedia(constraints);
};
"""
"""Asks the user, who answers when the test does; Chromium's fake prompt answers at once."""


def test_without_echo_cancellation_the_assistant_is_not_listened_to(open_notebook: NotebookOpener) -> None:
    notebook = open_notebook(
        [
            SERVER,
            ECHOING_CALL,
            "await call.start(echo_cancellation=True)\nawait call.until(isMicStarted=True, timeout=20)",
        ],
        microphone=spoken("sentence").path,
    )
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_turns(notebook, 1)
    assert notebook.kernel.eval(APPLIED) == [False, False, True]
    assert notebook.kernel.eval("[call.microphone.label, call.microphone.sample_rate]") == [
        "Fake Default Audio Input",
        16_000,
    ]
    assert notebook.page.evaluate(SETTINGS) == [[False, False, True]]
    wait_for_state(notebook, isMicMuted=False)  # it listens again, 300 ms after the answer
    assert notebook.kernel.eval("[any(muted_before[:muted_before.index(True)]), set(muted_while_heard) == {True}]") == [
        False,
        True,
    ]

    # asked for while the microphone is open: it is opened again
    notebook.run_cell(2)
    assert notebook.kernel.eval(APPLIED) == [True, False, True]
    assert notebook.page.evaluate(SETTINGS) == [[False, False, True], [True, False, True]]
    assert [track.ready_state for track in notebook.tracks()] == ["ended", "live"]


def test_where_16_khz_is_refused_the_sentence_is_captured_at_the_rate_of_the_device(
    open_notebook: NotebookOpener,
) -> None:
    speech = spoken("sentence")
    notebook = open_notebook([SERVER, RAW_CALL, "await call.start()"], microphone=speech.path)
    notebook.page.evaluate(REFUSE_16_KHZ)
    notebook.run_cell(0)
    notebook.run_cell(1)
    press(notebook, "start")
    wait_for_turns(notebook, 1)
    rate, frame_ms = notebook.kernel.eval("[call.microphone.sample_rate, call.link.frame_ms]")
    assert rate in (44_100, 48_000)
    assert round(frame_ms) in (32, 64, 128)  # one frame in a message, or more where the kernel lags

    # whole at the server, and heard whole from the context at 16 kHz
    (utterance,) = utterances(notebook)
    wanted = match_channel(speech.pcm_of(0), utterance)
    assert [fault for fault in find_faults(wanted, utterance) if not fault.may_be_device_slip()] == []
    assert align(wanted, utterance).correlation > 0.98
    at_16_khz, at_device_rate = notebook.taps()
    assert (at_16_khz.sample_rate, at_device_rate.sample_rate) == (16_000, rate)
    assert align(utterance, at_16_khz.samples).correlation > 0.999
    assert np.abs(at_device_rate.samples).max() == 0

    # the next call has the same two contexts, and both are closed when it has been over for a while
    press(notebook, "start")
    wait_for_state(notebook, isStarted=False, isMicStarted=False)
    notebook.run_cell(2)
    assert notebook.kernel.eval("call.microphone.sample_rate") == rate
    assert notebook.page.evaluate("window.__taps.contexts()") == ["running", "running"]
    press(notebook, "start")
    notebook.until("() => window.__taps.contexts().every((state) => state === 'closed')", timeout=30)
    assert [track.ready_state for track in notebook.tracks()] == ["ended", "ended"]


def test_a_start_from_python_needs_no_click_but_the_one_that_allows_the_microphone(
    open_notebook: NotebookOpener,
) -> None:
    """The context is suspended until the user allows the microphone, or clicks the panel's button; either is enough."""
    notebook = open_notebook([SERVER, CALL], autoplay_needs_gesture=True)
    notebook.run_all()
    notebook.save()
    notebook.command("notebook:clear-all-cell-outputs")  # here the panel is gone; in the file it is not
    page = UntouchedPage(notebook, script=ASK_FOR_PERMISSION)
    page.until(HAS_PANEL)

    notebook.kernel.eval("call.start() and None")
    page.until(f"window.__allow !== undefined && {IS_BLOCKED}")
    assert page.evaluate("window.__taps.contexts()") == ["suspended"]
    page.evaluate("window.__allow()")
    page.until(f"!{IS_BLOCKED}")
    notebook.kernel.until("call.link.messages > 0", timeout=20)
    assert page.evaluate("[navigator.userActivation.hasBeenActive, window.__taps.contexts()]") == [False, ["running"]]

    notebook.kernel.eval("call.stop() and None")
    page.until("window.__taps.contexts().every((state) => state === 'closed')")
    page.evaluate("delete window.__allow")
    notebook.kernel.eval("call.start() and None")
    page.until(f"window.__allow !== undefined && {IS_BLOCKED}")
    page.click("[data-testid=allow-audio]")
    page.until(f"!{IS_BLOCKED} && window.__taps.contexts().at(-1) === 'running'")
    page.evaluate("window.__allow()")
    notebook.kernel.until("call.link.messages > 0", timeout=20)
