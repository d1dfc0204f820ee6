"""What the browser does with the microphone's sound, and at which rate it captures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from micdrop_widget import MicdropError
from tests.harness.channel import match_channel
from tests.harness.listen import align, find_faults
from tests.harness.spoken import spoken
from tests.harness.taps import Tap
from tests.page.calls import HeldCall, Opener, result, wait_for_turns, wait_until
from tests.page.untouched import UntouchedPage

SETTINGS = """
() => window.__getUserMedia.map(({ settings }) =>
  [settings.echoCancellation, settings.noiseSuppression, settings.autoGainControl])
"""

REFUSE_16_KHZ = """
{
  const { createMediaStreamSource } = AudioContext.prototype;
  AudioContext.prototype.createMediaStreamSource = function (stream) {
    if (this.sampleRate === 16_000) throw new DOMException("a different sample-rate", "NotSupportedError");
    return createMediaStreamSource.call(this, stream);
  };
}
"""

IS_BLOCKED = "!document.querySelector('[data-testid=allow-audio]').hidden"

ASK_FOR_PERMISSION = """
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  await new Promise((resolve, reject) => {
    window.__allow = resolve;
    window.__deny = () => reject(new DOMException("Permission denied", "NotAllowedError"));
  });
  return getUserMedia(constraints);
};
"""
"""Asks the user, who answers when the test does; Chromium's fake prompt answers at once."""


def applied(held: HeldCall) -> list[bool | None]:
    """Return what the call says was applied: echo cancellation, noise suppression, gain control."""
    microphone = held.call.microphone
    assert microphone is not None
    return [microphone.echo_cancellation, microphone.noise_suppression, microphone.auto_gain_control]


@dataclass(slots=True)
class Echoing:
    """A call without echo cancellation, after one answer."""

    held: HeldCall
    muted_before: list[bool]
    muted_while_heard: list[bool]


@pytest.fixture(scope="module")
def echoing(open_shared_call: Opener) -> Echoing:
    held = open_shared_call(microphone=spoken("sentence").path, echo_cancellation=False, noise_suppression=False)
    echoing = Echoing(held, [], [])

    def note_mute(state: Any, _: Any) -> None:
        (echoing.muted_while_heard if state.isAssistantSpeaking else echoing.muted_before).append(state.isMicMuted)

    held.call.on("StateChange", note_mute)
    held.start()
    wait_for_turns(held.call, 1)
    return echoing


def test_the_call_knows_what_the_browser_applied(echoing: Echoing) -> None:
    assert applied(echoing.held) == [False, False, True]
    assert echoing.held.page.evaluate(SETTINGS) == [[False, False, True]]


def test_the_call_knows_the_name_and_the_rate_of_the_microphone(echoing: Echoing) -> None:
    microphone = echoing.held.call.microphone
    assert microphone is not None
    assert (microphone.label, microphone.sample_rate) == ("Fake Default Audio Input", 16_000)


def test_without_echo_cancellation_the_assistant_is_not_listened_to(echoing: Echoing) -> None:
    wait_until(lambda: not echoing.held.call.isMicMuted)  # it listens again, 300 ms after the answer
    assert set(echoing.muted_while_heard) == {True}
    assert not any(echoing.muted_before[: echoing.muted_before.index(True)])


def test_echo_cancellation_that_is_asked_for_while_the_microphone_is_open_opens_it_again(open_call: Opener) -> None:
    held = open_call(echo_cancellation=False, noise_suppression=False)
    held.start()
    result(held.call.start(echo_cancellation=True))
    wait_until(lambda: held.call.isMicStarted and applied(held) == [True, False, True])
    assert held.page.evaluate(SETTINGS) == [[False, False, True], [True, False, True]]
    assert [track.ready_state for track in held.page.tracks()] == ["ended", "live"]


def test_the_sentence_arrives_without_a_missing_or_repeated_sample(open_call: Opener) -> None:
    said = spoken("sentence")
    held = open_call(microphone=said.path, noise_suppression=False, auto_gain_control=False)
    held.start()
    wait_until(lambda: held.server.utterances)
    (utterance,) = held.server.utterances
    wanted = match_channel(said.pcm_of(0), utterance)
    # a device that slips by whole 10 ms under load is not ours to mend
    assert [fault for fault in find_faults(wanted, utterance) if not fault.may_be_device_slip()] == []
    assert align(wanted, utterance).correlation > 0.98


@dataclass(slots=True)
class AtDeviceRate:
    """A call whose browser refuses to capture at 16 kHz, after one answer."""

    held: HeldCall
    utterance: NDArray[np.int16]
    at_16_khz: Tap
    at_device_rate: Tap


@pytest.fixture(scope="module")
def at_device_rate(open_shared_call: Opener) -> AtDeviceRate:
    held = open_shared_call(
        microphone=spoken("sentence").path, script=REFUSE_16_KHZ, noise_suppression=False, auto_gain_control=False
    )
    held.start()
    wait_for_turns(held.call, 1)
    (utterance,) = held.server.utterances
    return AtDeviceRate(held, utterance, *held.page.taps())


def test_where_16_khz_is_refused_the_call_knows_the_rate_of_the_device(at_device_rate: AtDeviceRate) -> None:
    microphone = at_device_rate.held.call.microphone
    assert microphone is not None
    assert microphone.sample_rate in (44_100, 48_000)
    assert at_device_rate.at_device_rate.sample_rate == microphone.sample_rate
    assert round(at_device_rate.held.call.link.frame_ms) in (32, 64, 128)  # one frame in a message, or more


def test_where_16_khz_is_refused_the_sentence_is_whole_at_the_server(at_device_rate: AtDeviceRate) -> None:
    wanted = match_channel(spoken("sentence").pcm_of(0), at_device_rate.utterance)
    faults = find_faults(wanted, at_device_rate.utterance)
    # the zeros of a device that slips by 10 ms are no zeros any more when they are resampled
    slips = [
        fault for fault in faults if fault.may_be_device_slip() or (fault.kind, fault.samples) == ("repeated", 160)
    ]
    assert faults == slips
    assert align(wanted, at_device_rate.utterance).correlation > 0.98


def test_where_16_khz_is_refused_the_answer_is_still_played_at_16_khz(at_device_rate: AtDeviceRate) -> None:
    assert at_device_rate.at_16_khz.sample_rate == 16_000
    assert align(at_device_rate.utterance, at_device_rate.at_16_khz.samples).correlation > 0.999
    assert np.abs(at_device_rate.at_device_rate.samples).max() == 0


def test_two_audio_contexts_serve_the_next_call_too_and_are_closed_when_it_is_over(open_call: Opener) -> None:
    held = open_call(script=REFUSE_16_KHZ)
    held.start()
    held.stop()
    held.start()
    microphone = held.call.microphone
    assert microphone is not None
    assert microphone.sample_rate in (44_100, 48_000)
    assert held.page.evaluate("window.__taps.contexts()") == ["running", "running"]
    held.page.press("start")
    held.page.until("() => window.__taps.contexts().every((state) => state === 'closed')")
    assert [track.ready_state for track in held.page.tracks()] == ["ended", "ended"]


@pytest.fixture
def untouched(open_call: Opener) -> UntouchedPage:
    """Show a call in a page that nobody has touched, and that asks before it gives the microphone."""
    return open_call.untouched(script=ASK_FOR_PERMISSION)


def start_from_python(page: UntouchedPage) -> None:
    """Start the call; the page waits for its user."""
    page.call.start()
    page.until(f"window.__allow !== undefined && {IS_BLOCKED}")
    assert page.evaluate("window.__taps.contexts()") == ["suspended"]


def test_a_start_from_python_needs_no_click_but_the_one_that_allows_the_microphone(untouched: UntouchedPage) -> None:
    start_from_python(untouched)
    untouched.evaluate("window.__allow()")
    untouched.until(f"!{IS_BLOCKED}")
    wait_until(lambda: untouched.call.link.messages > 0)
    assert untouched.evaluate("[navigator.userActivation.hasBeenActive, window.__taps.contexts()]") == [
        False,
        ["running"],
    ]


def test_a_click_on_the_panels_button_lets_a_suspended_audio_context_run(untouched: UntouchedPage) -> None:
    start_from_python(untouched)
    untouched.click("[data-testid=allow-audio]")
    untouched.until(f"!{IS_BLOCKED} && window.__taps.contexts().at(-1) === 'running'")
    untouched.evaluate("window.__allow()")
    wait_until(lambda: untouched.call.link.messages > 0)


TEN_SECONDS_MS = 10_000


def test_a_question_for_the_microphone_may_be_answered_late(open_call: Opener) -> None:
    allowed, denied = [open_call(script=ASK_FOR_PERMISSION) for _ in range(2)]
    started = [held.call.start() for held in (allowed, denied)]
    for held in (allowed, denied):
        held.page.until("() => window.__allow !== undefined")
    allowed.page.page.wait_for_timeout(TEN_SECONDS_MS)  # longer than a page is idle
    for held in (allowed, denied):
        assert held.page.text("state") == "Waiting for the microphone…"
    allowed.page.evaluate("window.__allow()")
    denied.page.evaluate("window.__deny()")
    result(started[0])
    with pytest.raises(MicdropError, match="Mic: "):
        result(started[1])
    allowed.page.wait_for_live_tracks(1)
    denied.page.wait_for_text("Could not start")
    denied.page.wait_for_text("Allow the microphone", "error")
    wait_until(lambda: denied.errors == ["Mic"])
    assert (denied.server.calls, denied.call.isStarting) == ([], False)
