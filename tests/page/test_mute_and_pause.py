"""Mute and pause, from the button in the panel to the capture callback and the server."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.harness.listen import align
from tests.harness.spoken import spoken, write_wav
from tests.page.calls import HeldCall, Opener, result, wait_for_samples, wait_for_turns, wait_until

SECOND_STARTS_S = 6


@dataclass(slots=True)
class Unmuted:
    """A call that began muted, and was unmuted between two sentences; over when the second is answered."""

    held: HeldCall
    messages_while_muted: int
    frames_while_muted: list[str | int]


@pytest.fixture(scope="module")
def unmuted(open_shared_call: Opener, tmp_path_factory: pytest.TempPathFactory) -> Unmuted:
    first, second = spoken("stop").pcm_of(0), spoken("sentence").pcm_of(0)
    silence = np.zeros(SECOND_STARTS_S * 16_000 - 16_000 - len(first), np.int16)
    said = [np.zeros(16_000, np.int16), first, silence, second, np.zeros(32_000, np.int16)]
    microphone = write_wav(tmp_path_factory.mktemp("said") / "two.wav", np.concatenate(said))
    held = open_shared_call(microphone=microphone, tap_microphone=True)
    result(held.call.mute())  # before the call: it starts muted
    held.start()
    held.page.wait_for_text("Muted")
    wait_for_samples(held.page, "microphone", (SECOND_STARTS_S - 1) * 16_000)
    unmuted = Unmuted(held, held.call.link.messages, list(held.server.frames))
    held.page.press("mute")
    wait_for_turns(held.call, 1)
    return unmuted


def test_a_muted_microphone_sends_nothing_from_the_capture_on(unmuted: Unmuted) -> None:
    assert (unmuted.messages_while_muted, unmuted.frames_while_muted) == (0, [])


def test_after_the_mute_the_next_sentence_arrives_whole(unmuted: Unmuted) -> None:
    (utterance,) = unmuted.held.server.utterances
    captured = unmuted.held.page.captured()
    start, said = align(utterance, captured).lag, spoken("sentence").pcm_of(0)
    lag = align(said, captured).lag
    assert start <= lag
    assert lag + len(said) <= start + len(utterance)


def test_what_was_captured_while_muted_counts_on_the_time_line(unmuted: Unmuted) -> None:
    (turn,) = unmuted.held.call.turns
    assert turn.start_sample > (SECOND_STARTS_S - 1) * 16_000


def test_mute_in_the_middle_of_a_sentence_ends_the_utterance(open_call: Opener) -> None:
    held = open_call(microphone=spoken("sentence").path)
    held.start()
    wait_until(lambda: held.call.isUserSpeaking)
    held.page.press("mute")
    wait_until(lambda: held.call.isMicMuted and not held.call.isUserSpeaking)
    wait_until(lambda: "StopSpeaking" in held.server.frames)
    before = held.call.link.messages
    wait_for_turns(held.call, 1)  # the answer goes on playing
    assert held.call.link.messages <= before + 4  # those that were on the way
    assert held.server.commands == ["StartSpeaking", "StopSpeaking"]


@pytest.fixture(scope="module")
def paused(open_shared_call: Opener) -> HeldCall:
    """Hold a call that was paused in the middle of its first answer."""
    held = open_shared_call(microphone=spoken("sentence").path)
    held.start()
    wait_until(lambda: held.call.isAssistantSpeaking)
    held.page.press("pause")
    wait_until(lambda: held.call.isPaused and not held.call.isAssistantSpeaking)
    return held


def test_a_pause_is_shown_and_reported_to_the_server(paused: HeldCall) -> None:
    paused.page.wait_for_text("Paused")
    wait_until(lambda: "Mute" in paused.server.frames)


def test_a_pause_silences_the_answer(paused: HeldCall) -> None:
    end = len(paused.page.taps()[0].samples) + 1600  # a moment after the pause
    wait_for_samples(paused.page, "playback", end + 8000)
    assert not np.any(paused.page.taps()[0].samples[end:])


def test_after_a_pause_the_call_listens_again(open_call: Opener) -> None:
    held = open_call()
    held.start()
    held.page.press("pause")
    wait_until(lambda: held.call.isPaused)
    held.page.press("pause")
    wait_until(lambda: not held.call.isPaused and held.call.isListening)
