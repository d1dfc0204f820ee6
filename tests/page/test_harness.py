"""The harness itself, without any call: what it hears of a page must be true."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.harness.channel import match_channel
from tests.harness.listen import align, find_faults
from tests.harness.spoken import spoken, write_wav
from tests.harness.taps import read_taps, read_tracks
from tests.page.calls import Opener

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


def test_microphone_delivers_the_whole_wav(open_call: Opener, tmp_path: Path) -> None:
    # Where the machine stops for a moment the fake device skips: of three times said, one is to be whole.
    said = spoken("sentence").pcm_of(0)
    wav = write_wav(tmp_path / "loop.wav", np.concatenate([said, np.zeros(8000, np.int16)]))
    page = open_call.bare_page(microphone=wav, microphone_loops=True, tap_microphone=True)
    page.evaluate(_OPEN_MICROPHONE)
    for times in (1, 2, 3):
        page.wait_for_function(f"window.__taps.counts('microphone')[0] >= {times * (len(said) + 8000)}")
        (tap,) = (tap for tap in read_taps(page) if tap.kind == "microphone")
        sentence = match_channel(said, tap.samples)
        faults = find_faults(sentence, tap.samples)
        if not faults:
            break
    assert faults == []
    assert align(sentence, tap.samples).correlation > 0.999
    (track,) = read_tracks(page)
    assert track.ready_state == "live"


def test_tap_hears_what_the_page_plays_sample_for_sample(open_call: Opener) -> None:
    played = np.random.default_rng(1).uniform(-0.5, 0.5, 5000).astype(np.float32)
    page = open_call.bare_page()
    page.evaluate(_PLAY_SAMPLES, played.tolist())
    (tap,) = read_taps(page)
    assert (tap.context_state, tap.sample_rate) == ("closed", 16_000)
    found = align(played, tap.samples)
    np.testing.assert_array_equal(tap.samples[found.lag : found.lag + 5000], played)
    assert not tap.samples[found.lag + 5000 :].any()
