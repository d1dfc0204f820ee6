"""From the microphone to the speech events: what is reported, and the silence of a microphone that gives nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from micdrop_widget.audio import FRAME_SAMPLES
from micdrop_widget.call.hearing import Hearing
from micdrop_widget.call.idle_watch import IdleWatch
from micdrop_widget.call.microphone_task import MicrophoneTask
from micdrop_widget.call.silence_watch import SilenceWatch
from micdrop_widget.speech import SpeechConfirmed, SpeechEnded
from micdrop_widget.state import inputs
from micdrop_widget.vad import Status
from tests.harness import virtual_time
from tests.harness.callers import LoudVAD, Mic, loud, quiet, turns_over


class Ear:
    """A `Hearing`, its microphone, and all that it reports; `ignores_microphone` is what the call decides."""

    def __init__(self, live: bool = True) -> None:
        self.mic = Mic()
        self.mic.live = live
        self.inputs: list[inputs.Input] = []
        self.names: list[str] = []
        self.statuses: list[Status] = []
        self.recorded: list[tuple[int, int]] = []
        """Each frame that was recorded: its samples, and how many came behind it in the same chunk."""
        self.ignores_microphone = False
        self.on_input: Callable[[inputs.Input], object] = lambda event: None
        self.hearing = Hearing(
            apply=self._apply,
            listens=lambda: not self.ignores_microphone,
            endpointing=lambda: False,
            record=lambda pcm, listens, behind: self.recorded.append((len(pcm), behind)),
            emit=self._note,
            detected=lambda vad: None,
            watch=IdleWatch(),
            silence=SilenceWatch(is_silent=lambda: False, report=lambda is_silent: None),
        )
        self.microphone = MicrophoneTask(self.mic, self.hearing, apply=self._apply, ready_for_more=self._ready)

    def _apply(self, event: inputs.Input) -> None:
        self.inputs.append(event)
        self.on_input(event)

    def _note(self, name: str) -> None:
        self.names.append(name)
        self.statuses.append(self.hearing.status)

    async def _ready(self) -> None: ...

    @property
    def ended(self) -> list[SpeechEnded]:
        return [event for event in self.inputs if isinstance(event, SpeechEnded)]

    async def open(self) -> None:
        loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        loaded.set_result(None)
        self.microphone.open(1, None, LoudVAD(), loaded)
        while not self.inputs:  # noqa: ASYNC110 - the detector loads in a thread
            await asyncio.sleep(0)

    async def close(self) -> None:
        self.microphone.close()
        await self.microphone.closed()


def hears(test: Callable[[Ear], Coroutine[Any, Any, None]], live: bool = True) -> Ear:
    """Run a test with an open microphone, in virtual time."""
    ear = Ear(live)

    async def whole() -> None:
        await ear.open()
        await test(ear)
        await ear.close()

    virtual_time.run(whole())
    return ear


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("late_s", [0.0, 0.05, 0.1, 0.2, 0.29])
def test_speech_ends_within_a_second_when_a_live_microphone_falls_silent(
    late_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    took_s = []

    async def stall(ear: Ear) -> None:
        loop = asyncio.get_running_loop()
        ear.mic.say(loud(3))
        await asyncio.sleep(late_s)
        ear.mic.say(loud(1))
        await settle()
        last_s = loop.time()
        ear.on_input = lambda event: took_s.append(loop.time() - last_s) if isinstance(event, SpeechEnded) else None
        await asyncio.sleep(5)

    with caplog.at_level(logging.WARNING):
        ear = hears(stall)
    assert ear.ended == [SpeechEnded(4 * FRAME_SAMPLES)]
    assert ear.inputs[-1] == inputs.MicrophoneStalled()
    assert 0.6 <= took_s[0] <= 0.901
    assert ear.names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]
    assert "gives no samples" in caplog.text


def test_a_frame_that_is_half_full_when_the_microphone_falls_silent_is_not_lost() -> None:
    async def stall(ear: Ear) -> None:
        ear.mic.say(loud(3)[:-100])
        await asyncio.sleep(2)
        ear.mic.say(turns_over(3))
        await settle()

    ear = hears(stall)
    confirmed = [event for event in ear.inputs if isinstance(event, SpeechConfirmed)]
    assert [event.position for event in ear.ended] == [3 * FRAME_SAMPLES, 8 * FRAME_SAMPLES - 100]
    assert confirmed[1].start == 3 * FRAME_SAMPLES - 100  # positions count the samples that were captured


def test_a_microphone_that_goes_on_in_time_ends_nothing() -> None:
    async def slow(ear: Ear) -> None:
        for _ in range(20):
            ear.mic.say(loud(1))
            await asyncio.sleep(0.59)
        assert ear.ended == []

    assert hears(slow).names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]  # the last one by close


def test_silence_of_the_microphone_in_silence_is_nothing_to_report() -> None:
    async def silent(ear: Ear) -> None:
        ear.mic.say(quiet(3))
        await asyncio.sleep(5)
        ear.mic.say(turns_over(3))
        await settle()
        await asyncio.sleep(5)

    ear = hears(silent)
    assert len(ear.ended) == 1


def test_a_source_that_is_not_live_may_take_its_time() -> None:
    async def slow(ear: Ear) -> None:
        ear.mic.say(loud(3))
        await asyncio.sleep(5)
        assert ear.ended == []

    hears(slow, live=False)


def test_no_timer_is_left_when_the_microphone_is_closed_within_speech() -> None:
    async def closing(ear: Ear) -> None:
        ear.mic.say(loud(3))
        await settle()
        await ear.close()
        await asyncio.sleep(5)

    ear = hears(closing)
    assert ear.ended == []
    assert ear.names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]


def test_every_event_is_reported_with_the_status_after_it() -> None:
    async def speak(ear: Ear) -> None:
        ear.mic.say(turns_over(3))
        await settle()

    ear = hears(speak)
    assert ear.names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]
    assert ear.statuses == [Status.MAYBE_SPEAKING, Status.SPEAKING, Status.SILENCE]


def test_a_call_that_stops_listening_ends_what_was_reported() -> None:
    async def mute(ear: Ear) -> None:
        ear.mic.say(loud(3))
        await settle()
        ear.hearing.reset()
        assert ear.names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]
        ear.ignores_microphone = True
        ear.mic.say(turns_over(3))
        await settle()

    ear = hears(mute)
    assert ear.ended == []
    assert len(ear.names) == 3


def test_what_a_chunk_holds_after_the_call_has_stopped_listening_is_not_reported() -> None:
    async def one_chunk(ear: Ear) -> None:
        def stop_listening(event: inputs.Input) -> None:
            if isinstance(event, SpeechConfirmed):
                ear.ignores_microphone = True
                ear.hearing.reset()

        ear.on_input = stop_listening
        ear.mic.say(turns_over(3))
        await settle()

    ear = hears(one_chunk)
    assert ear.names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]
    assert [type(event).__name__ for event in ear.inputs[1:]] == ["SpeechConfirmed"]


def test_a_gap_within_speech_ends_the_utterance_and_what_follows_is_another() -> None:
    async def gap(ear: Ear) -> None:
        ear.mic.say(loud(3))
        ear.mic.lose(20_000)
        ear.mic.say(turns_over(3))
        await settle()

    ear = hears(gap)
    assert ear.names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"] * 2
    reported = [
        event for event in ear.inputs if isinstance(event, SpeechConfirmed | SpeechEnded | inputs.MicrophoneStalled)
    ]
    assert [type(event).__name__ for event in reported] == [
        *("SpeechConfirmed", "SpeechEnded", "MicrophoneStalled"),
        *("SpeechConfirmed", "SpeechEnded"),
    ]
    assert reported[1] == SpeechEnded(3 * FRAME_SAMPLES)
    again = reported[3]
    assert isinstance(again, SpeechConfirmed)
    assert again.start == 3 * FRAME_SAMPLES + 20_000  # nothing of before the gap is in its pre-roll


def test_a_gap_within_silence_ends_nothing_and_keeps_the_positions() -> None:
    async def gap(ear: Ear) -> None:
        ear.mic.say(quiet(2))
        ear.mic.lose(5000)
        ear.mic.say(turns_over(3))
        await settle()

    ear = hears(gap)
    assert ear.names == ["StartSpeaking", "ConfirmSpeaking", "StopSpeaking"]
    (ended,) = ear.ended
    assert ended.position == 2 * FRAME_SAMPLES + 5000 + 5 * FRAME_SAMPLES


def test_a_gap_ends_a_turn_whose_pause_it_falls_into() -> None:
    async def gap(ear: Ear) -> None:
        ear.mic.say(turns_over(3))
        ear.mic.lose(20_000)
        await settle()

    ear = hears(gap)
    assert ear.inputs[-1] == inputs.MicrophoneStalled()


def test_a_gap_while_the_call_does_not_listen_is_only_counted() -> None:
    async def gap(ear: Ear) -> None:
        ear.ignores_microphone = True
        ear.mic.say(loud(3))
        ear.mic.lose(20_000)
        await settle()
        ear.ignores_microphone = False
        ear.mic.say(turns_over(2))
        await settle()

    ear = hears(gap)
    assert [event.position for event in ear.ended] == [3 * FRAME_SAMPLES + 20_000 + 4 * FRAME_SAMPLES]


def test_a_frame_is_recorded_as_so_much_older_as_there_is_behind_it_in_its_chunk() -> None:
    async def test(ear: Ear) -> None:
        ear.mic.say(quiet(3))
        ear.mic.say(quiet(1)[:200])
        await asyncio.sleep(0.1)

    assert hears(test).recorded == [(512, 1024), (512, 512), (512, 0), (200, 0)]
