"""A whole call in Firefox through a virtual sound card: run by scripts/firefox, not by scripts/test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import soxr

from micdrop_widget.audio import SAMPLE_RATE
from tests.e2e.calls import CALL, SERVER
from tests.e2e.firefox import FirefoxNotebook
from tests.e2e.lab import Lab
from tests.e2e.opening import write_notebook
from tests.e2e.test_sound_card import CARD_RATE, RECOGNISABLE, lost_share
from tests.harness.listen import Signal, align, find_faults
from tests.harness.sound_card import SoundCard
from tests.harness.spoken import spoken
from tests.harness.taps import exactly_at

SENTENCE = spoken("sentence")
PASSING = ("isProcessing", "isListening", "isMicMuted")
ORDER = ["isStarting", "isMicStarted", "isStarted", "isUserSpeaking", "isAssistantSpeaking"]


@pytest.fixture
def firefox(lab: Lab, sound_card: SoundCard, tmp_path: Path) -> Generator[FirefoxNotebook]:
    """Open a notebook with a server and a call in Firefox."""
    lab.reset_settings()
    sound_card.add_microphone("Desk")
    write_notebook(lab.root / "firefox.ipynb", [SERVER, CALL])
    notebook = FirefoxNotebook(lab, sound_card, "firefox.ipynb", tmp_path)
    yield notebook
    notebook.close()


def drifting_lost_share(wanted: Signal, heard: Signal) -> float:
    """Return which share of the samples is not there.

    Firefox stretches what a microphone gives, by up to a few samples in a thousand, to follow its clock: in long
    blocks that need be only alike, a sentence is still told from another.
    """
    faults = find_faults(wanted, heard, block=1600, min_correlation=0.5, max_shift=3200)
    return sum(fault.samples for fault in faults if fault.kind not in ("gap", "repeated")) / len(wanted)


@pytest.mark.timeout(240)
def test_a_whole_call(firefox: FirefoxNotebook, sound_card: SoundCard, capsys: pytest.CaptureFixture[str]) -> None:
    kernel, page = firefox.kernel, firefox.page
    firefox.run_cell(0)
    firefox.run_cell(1)
    firefox.press("start")
    kernel.until("call.isListening")
    rate = kernel.eval("call.microphone.sample_rate")  # 16 kHz from Firefox 153 on
    contexts = page.evaluate("window.__taps.contexts()")
    with sound_card.listening(CARD_RATE) as heard:
        sound_card.speak(SENTENCE.path, "Desk")
        kernel.until("sum(turn.answer_end_ms is not None for turn in call.turns) >= 1", timeout=60)
    firefox.press("start")
    kernel.until("not call.isStarted and not call.isMicStarted")

    assert contexts == (["running"] if rate == SAMPLE_RATE else ["running", "running"])
    assert [name for name in kernel.eval("became_true") if name not in PASSING] == ORDER
    assert kernel.eval("[frame for frame in frames if isinstance(frame, str)]") == ["StartSpeaking", "StopSpeaking"]
    utterance = np.array(kernel.eval("utterances[0].tolist()"), dtype=np.int16)
    (microphone,), (playback, *_) = firefox.taps("microphone"), firefox.taps("playback")
    if rate == SAMPLE_RATE:
        exactly_at(microphone, utterance)
    else:
        assert align(utterance, soxr.resample(microphone.samples, rate, SAMPLE_RATE)).correlation > 0.999
    exactly_at(playback, utterance)
    lost = [
        drifting_lost_share(SENTENCE.pcm_of(0), utterance),
        lost_share(soxr.resample(utterance, SAMPLE_RATE, CARD_RATE), heard.pcm, CARD_RATE),
    ]
    assert max(lost) < RECOGNISABLE
    assert page.evaluate("window.__tracks.map((track) => track.readyState)") == ["ended"]
    assert kernel.eval("[call.close_code for call in server_calls]") == [1000]
    assert page.errors == []
    stopped, sent, played = kernel.eval("[[t.stopped_ms, t.first_audio_ms, t.heard_ms] for t in call.turns][0]")
    with capsys.disabled():
        print(f"\nFirefox {page.version}, microphone at {rate} Hz: of sentence and echo {lost} lost;")  # noqa: T201
        print(f"end of speech to answer {sent - stopped:.0f} ms, answer to first sample heard {played - sent:.0f} ms")  # noqa: T201
