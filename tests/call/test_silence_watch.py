"""A microphone that gives nothing but zeros is told after three seconds, once, and taken back at its first sound."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from micdrop_widget import ArraySource
from micdrop_widget.audio import FRAME_SAMPLES, Pcm
from micdrop_widget.call.silence_watch import GATED_SILENT_SAMPLES, SILENT_SAMPLES, SilenceWatch
from tests.harness.callers import quiet, ready_client
from tests.harness.leaks import until
from tests.harness.servers import hold, scripted

pytestmark = pytest.mark.usefixtures("clean_loop")

FRAMES = -(-SILENT_SAMPLES // FRAME_SAMPLES)
"""As many frames as three seconds have, the last one begun."""

NO_SOUND = "The microphone gives no sound: is it switched off at the headset, or is it the wrong one?"


def one_sample(frames: int = 1) -> Pcm:
    """Return the quietest sound there is: the last bit of one sample."""
    pcm = quiet(frames)
    pcm[-1] = 1
    return pcm


class Watched:
    def __init__(self, *, may_pause: bool = False) -> None:
        self.told: list[bool] = []
        self.watch = SilenceWatch(is_silent=lambda: bool(self.told and self.told[-1]), report=self.told.append)
        self.watch.begin(may_pause=may_pause)

    def give(self, pcm: Pcm) -> list[bool]:
        for start in range(0, len(pcm), FRAME_SAMPLES):
            self.watch.add(pcm[start : start + FRAME_SAMPLES])
        return self.told


def test_three_seconds_of_zeros_are_reported_once_and_the_first_sound_withdraws_it() -> None:
    watched = Watched()
    assert watched.give(quiet(FRAMES - 1)) == []
    assert watched.give(quiet(1)) == [True]
    assert watched.give(quiet(200)) == [True]
    assert watched.give(one_sample()) == [True, False]
    assert watched.give(quiet(FRAMES)) == [True, False, True]


def test_a_microphone_with_a_noise_gate_is_reported_twice_and_then_only_after_thirty_seconds() -> None:
    watched = Watched()
    for _ in range(2):
        watched.give(quiet(FRAMES))
        watched.give(one_sample())
    assert watched.told == [True, False, True, False]
    gated = GATED_SILENT_SAMPLES // FRAME_SAMPLES
    assert watched.give(np.concatenate([quiet(gated), one_sample(), quiet(gated)])) == watched.told[:4]
    assert watched.give(quiet(1)) == [True, False, True, False, True]
    watched.watch.begin(may_pause=False)
    watched.told.append(False)
    assert watched.give(quiet(FRAMES))[-1] is True  # another microphone may have none


def test_one_bit_in_three_seconds_is_a_sound() -> None:
    watched = Watched()
    for _ in range(5):
        assert watched.give(one_sample(FRAMES - 1)) == []


def test_what_was_not_listened_to_does_not_count() -> None:
    watched = Watched()
    watched.give(quiet(FRAMES - 1))
    watched.watch.reset()
    assert watched.give(quiet(FRAMES - 1)) == []
    assert watched.give(quiet(1)) == [True]


def test_a_recording_may_pause_but_one_without_any_sound_is_reported() -> None:
    assert Watched(may_pause=True).give(quiet(FRAMES)) == [True]
    assert Watched(may_pause=True).give(np.concatenate([one_sample(), quiet(10 * FRAMES)])) == []


async def test_a_call_shows_it_in_its_state_and_its_microphone_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted(hold) as url:
        call, mic, _ = ready_client(url)
        async with call:
            await call.start()
            assert call.microphone is not None
            assert not call.microphone.is_silent
            mic.say(quiet(FRAMES))
            state = await call.until(lambda state: bool(state.notices), timeout=10)
            assert [f"{notice.message} {notice.remedy}" for notice in state.notices] == [NO_SOUND]
            assert call.microphone.is_silent
            mic.say(one_sample())
            await call.until(notices=(), timeout=10)
            assert not call.microphone.is_silent
            mic.say(quiet(FRAMES))
            await call.until(lambda state: bool(state.notices), timeout=10)
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == [NO_SOUND]


@pytest.mark.parametrize("hush", ["mute", "pause"])
async def test_it_is_never_shown_while_the_user_does_not_want_to_be_heard(hush: str) -> None:
    async with scripted(hold) as url:
        call, mic, events = ready_client(url)
        async with call:
            await call.start()
            mic.say(quiet(FRAMES))
            await call.until(lambda state: bool(state.notices), timeout=10)
            await getattr(call, hush)()
            assert call.state.notices == ()
            assert call.microphone is not None
            assert not call.microphone.is_silent
            mic.say(quiet(2 * FRAMES))
            await until(lambda: mic.is_empty)
            await call.unmute()
            await call.resume()
            mic.say(quiet(FRAMES - 1))
            await until(lambda: mic.is_empty)
            assert call.state.notices == ()
            mic.say(quiet(1))
            await call.until(lambda state: bool(state.notices), timeout=10)
            assert [len(notices) for notices in events.course("notices")] == [0, 1, 0, 1]


async def test_another_microphone_is_another_matter() -> None:
    async with scripted(hold) as url:
        call, mic, _ = ready_client(url)
        async with call:
            await call.start()
            mic.say(quiet(FRAMES))
            await call.until(lambda state: bool(state.notices), timeout=10)
            await call.change_mic_device("other")
            assert call.state.notices == ()
            assert call.microphone is not None
            assert not call.microphone.is_silent


async def test_it_shows_before_a_call_too_and_never_for_a_source_that_is_read_at_once() -> None:
    call, mic, _ = ready_client(None)
    async with call:
        await call.start_mic()
        mic.say(quiet(FRAMES))
        await call.until(lambda state: bool(state.notices), timeout=10)
    async with scripted(hold) as url:
        source = ArraySource(quiet(2 * FRAMES), pace="fast")
        call, _, events = ready_client(url, source=source)
        async with call:
            await call.start()
            await call.until(isMicStarted=False, timeout=10)
            assert events.course("notices") == [()]
