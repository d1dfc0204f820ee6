"""The harness itself, without any widget: what it says of a notebook must be true."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.notebook import CellError
from tests.e2e.opening import NotebookOpener
from tests.harness.channel import match_channel
from tests.harness.listen import align, find_faults
from tests.harness.spoken import spoken, write_wav

_OPEN_MICROPHONE = """async () => {
  const audio = { echoCancellation: true, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  const context = new AudioContext({ sampleRate: 16000 });
  window.source = context.createMediaStreamSource(stream);
}"""
_PLAY_SAMPLES = """async (samples) => {
  const context = new AudioContext({ sampleRate: 16000 });
  await context.audioWorklet.addModule("data:text/javascript,");
  const buffer = new AudioBuffer({ length: samples.length, sampleRate: 16000 });
  buffer.copyToChannel(Float32Array.from(samples), 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  await new Promise((resolve) => { source.onended = resolve; });
  await context.close();
}"""


def test_a_notebook_is_run_asked_saved_and_reloaded(open_notebook: NotebookOpener) -> None:
    wait = "import time\nbegun = True\ntime.sleep(2)\ndone = True"
    notebook = open_notebook(["x = 20 + 1\nprint('hello')\nx", "1 / 0", wait])
    notebook.run_cell(0)
    assert notebook.text(0) == "hello\n21"
    with pytest.raises(CellError, match="ZeroDivisionError"):
        notebook.run_cell(1)
    notebook.set_source(1, "x += 1")
    notebook.run_cell(1)
    assert notebook.kernel.eval("[x, (1, 2)]") == [22, [1, 2]]

    notebook.run_cell(2, wait=False)
    notebook.kernel.until("globals().get('begun', False)")
    started = time.monotonic()
    assert notebook.kernel.eval("'done' in globals()") is False
    assert time.monotonic() - started < 1
    assert notebook.is_running(2)
    with pytest.raises(TimeoutError):
        notebook.kernel.eval("1", while_busy=False, timeout=0.2)
    notebook.wait_for_cell(2)
    assert notebook.kernel.eval("done") is True

    notebook.save()
    notebook.reload()
    assert notebook.text(0) == "hello\n21"
    assert notebook.kernel.eval("x") == 22
    notebook.restart_kernel()
    assert notebook.kernel.eval("'x' in globals()") is False


def test_microphone_delivers_the_whole_wav(open_notebook: NotebookOpener, tmp_path: Path) -> None:
    # Where the machine stops for a moment the fake device skips: of three times said, one is to be whole.
    said = spoken("sentence").pcm_of(0)
    wav = write_wav(tmp_path / "loop.wav", np.concatenate([said, np.zeros(8000, np.int16)]))
    notebook = open_notebook([], microphone=wav, microphone_loops=True, tap_microphone=True)
    notebook.page.evaluate(_OPEN_MICROPHONE)
    notebook.page.wait_for_timeout(4 * 3000)
    (tap,) = notebook.taps("microphone")
    sentence = match_channel(said, tap.samples)
    assert align(sentence, tap.samples).correlation > 0.999
    assert find_faults(sentence, tap.samples) == []
    (track,) = notebook.tracks()
    assert track.ready_state == "live"


def test_tap_hears_what_the_page_plays_sample_for_sample(open_notebook: NotebookOpener) -> None:
    played = np.random.default_rng(1).uniform(-0.5, 0.5, 5000).astype(np.float32)
    notebook = open_notebook([])
    notebook.page.evaluate(_PLAY_SAMPLES, played.tolist())
    (tap,) = notebook.taps()
    assert (tap.context_state, tap.sample_rate) == ("closed", 16000)
    found = align(played, tap.samples)
    np.testing.assert_array_equal(tap.samples[found.lag : found.lag + 5000], played)
    assert not tap.samples[found.lag + 5000 :].any()
