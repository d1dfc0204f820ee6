"""Where the kernel does not hear the page for a while: a bounded hold, shown, and live again after it."""

from __future__ import annotations

import ctypes
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from micdrop_widget.audio import Pcm
from tests.harness.listen import align
from tests.harness.spoken import spoken, write_wav
from tests.page.calls import HeldCall, Opener, wait_until

_BUSY_MS = 3300
_SILENT_MS = 9000

NOTE_TEXTS = """
window.__texts = [];
const note = () => {
  for (const part of ["state", "note"]) {
    const text = document.querySelector(`[data-testid=${part}]`)?.textContent;
    if (text && window.__texts.at(-1) !== text && !window.__texts.includes(text)) window.__texts.push(text);
  }
};
new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
"""
"""Notes what the panel says: nobody can ask it while this process holds the interpreter's lock."""


def hold_the_interpreter(ms: int) -> None:
    """Stop every thread of this process, as a C call does that computes for long."""
    ctypes.PyDLL(None).poll(None, 0, ms)  # unlike CDLL, PyDLL keeps the lock


def has_said(held: HeldCall, text: str) -> bool:
    """Return whether the panel has said this."""
    return any(text in said for said in held.page.evaluate("window.__texts"))


@pytest.fixture(scope="module")
def busy(open_shared_call: Opener, tmp_path_factory: pytest.TempPathFactory) -> HeldCall:
    """Hold a call whose first sentence meets a busy process, and whose second one comes when it is free again."""
    first, second = spoken("two_sentences").pcm_of(0)[:19_200], spoken("two_sentences").pcm_of(1)
    silence = np.zeros(16_000, np.int16)
    said = np.concatenate([silence, first, *[silence] * 6, second, *[silence] * 2])
    microphone = write_wav(tmp_path_factory.mktemp("said") / "pause.wav", said)
    held = open_shared_call(microphone=microphone, tap_microphone=True, script=f"{{ {NOTE_TEXTS} }}")
    held.start()
    wait_until(lambda: held.call.isUserSpeaking)
    hold_the_interpreter(_BUSY_MS)
    wait_until(lambda: len(held.server.utterances) == 2)
    return held


def test_a_hold_is_shown(busy: HeldCall) -> None:
    assert has_said(busy, "On hold")
    assert has_said(busy, "goes on by itself")


def test_after_a_hold_both_utterances_have_begun_and_ended(busy: HeldCall) -> None:
    assert busy.server.commands == ["StartSpeaking", "StopSpeaking"] * 2


def test_only_live_speech_arrives_after_a_hold(busy: HeldCall) -> None:
    captured = busy.page.captured()
    first, second = busy.server.utterances
    for utterance in (first, second):  # both as they were captured: no sample was left out within, or came again
        assert_captured(captured, utterance)
    assert align(spoken("two_sentences").pcm_of(1), second).lag >= 0  # the second sentence is there from its head
    assert len(first) < 2.2 * 16_000


def assert_captured(captured: Pcm, utterance: Pcm) -> None:
    """Check that an utterance is one stretch of what was captured; where samples are missing, silence fills up."""
    lag = align(utterance, captured).lag
    differs = np.flatnonzero(captured[lag : lag + len(utterance)] != utterance)
    assert not len(differs) or (differs[0] > len(utterance) - 512 and not utterance[differs[0] :].any())


def link(held: HeldCall) -> dict[str, Any]:
    """Return the report of the line between page and kernel."""
    return asdict(held.call.link)


def test_a_hold_is_reported(busy: HeldCall) -> None:
    report = link(busy)
    assert (report["is_on_hold"], report["lost_messages"]) == (False, 0)
    # Two stretches are missing where the end of what the browser sent is still live: before it, and behind it.
    assert report["holds"] in (1, 2)
    assert report["stale_ms"] <= 2500  # what the browser sends unheard is bounded: two seconds, and the last messages
    assert report["dropped_ms"] > 200
    assert report["held_ms"] == pytest.approx(report["stale_ms"] + report["dropped_ms"])


@pytest.fixture(scope="module")
def silent(open_shared_call: Opener) -> HeldCall:
    """Hold a call whose process was silent for so long that the page released the microphone."""
    held = open_shared_call(microphone=spoken("stop").path, script=f"{{ {NOTE_TEXTS} {NOTE_TRACK_ENDS} }}")
    held.start()
    wait_until(lambda: held.call.isListening)
    hold_the_interpreter(_SILENT_MS)
    held.page.until("() => window.__tracks.at(-1).readyState === 'live'")
    # it speaks anew when it is opened anew
    wait_until(lambda: held.server.utterances and not held.call.isUserSpeaking)
    return held


NOTE_TRACK_ENDS = """
window.__endedAfterMs = [];
const { stop } = MediaStreamTrack.prototype;
MediaStreamTrack.prototype.stop = function () {
  window.__endedAfterMs.push(performance.now());
  stop.call(this);
};
"""


def test_a_kernel_that_says_nothing_for_longer_has_its_microphone_released_and_opened_again(silent: HeldCall) -> None:
    assert has_said(silent, "No answer from the kernel")
    assert [track.ready_state for track in silent.page.tracks()] == ["ended", "live"]
    (ended_ms,) = silent.page.evaluate("window.__endedAfterMs")
    opened_ms = silent.page.evaluate("performance.now()")
    assert opened_ms - ended_ms > 3000, "it was released long before the kernel was back"


def test_what_is_said_after_the_silence_arrives_whole(silent: HeldCall) -> None:
    assert align(spoken("stop").pcm_of(0), silent.server.utterances[-1]).lag >= 0


def test_the_silence_is_reported_and_the_call_is_the_same(silent: HeldCall) -> None:
    report = link(silent)
    assert (report["holds"], report["is_on_hold"]) == (1, False)
    # all but what was live when it arrived, and what the promptness of the way back leaves open
    assert report["held_ms"] == pytest.approx(_SILENT_MS, abs=2500)
    assert (silent.call.isStarted, silent.call.error, len(silent.server.calls)) == (True, None, 1)
