"""How long each wait lasts, what begins it anew, and that every phase and every `await` has an end."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import pytest

from micdrop_widget import MicdropClient
from micdrop_widget import protocol as wire
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.state import NoticeCode, Phase, Settings, inputs
from micdrop_widget.state.effects import SetTimer, Timer, Warn
from micdrop_widget.state.limits import AWAITS, LOUDSPEAKER_SILENT, PHASE_ENDS
from micdrop_widget.state.machine import TABLE
from tests.state.spoken import ENDED, audio, confirmed, listening, says
from tests.state.world import World

WATCHED = {"server": inputs.ConnectionClosed, "page": inputs.Stop}
"""What the machine is told when a participant that is watched falls silent."""


def delays(world: World, timer: Timer) -> list[float]:
    """Return for how long the last step let a timer run."""
    return [effect.delay_ms for effect in world.effects if isinstance(effect, SetTimer) and effect.timer is timer]


def warnings(world: World) -> list[str]:
    return [effect.text for effect in world.effects if isinstance(effect, Warn)]


def test_every_phase_of_a_call_names_its_end() -> None:
    assert set(PHASE_ENDS) == set(Phase) - {Phase.IDLE}
    assert all(ends for ends in PHASE_ENDS.values())


ENDS = [(phase, end.by) for phase, ends in PHASE_ENDS.items() for end in ends]


@pytest.mark.parametrize(("phase", "by"), ENDS, ids=str)
def test_the_table_has_a_row_for_every_end_of_a_phase(phase: Phase, by: Timer | str) -> None:
    rows = [row for row in TABLE if phase in row.phases]
    if isinstance(by, Timer):
        fired = [row for row in rows if row.on is inputs.TimerFired and row.when and row.when.__name__ == by.value]
        assert len(fired) == 1
        by_itself = [row for row in rows if row.on is inputs.Completion and row.to is Phase.IDLE]
        assert fired[0].to is not None or by_itself, "the timer leaves the phase, or what it does lets it end"
    else:
        assert [row for row in rows if row.on is WATCHED[by] and row.to is Phase.IDLE]


def test_every_method_that_can_be_awaited_names_its_end() -> None:
    named = {name for wait in AWAITS for name in re.findall(r"(\w+)\(", wait.method)}
    awaited = {
        name
        for name, method in inspect.getmembers(MicdropClient, inspect.isfunction)
        if not name.startswith("_")
        and (
            inspect.iscoroutinefunction(method) or re.search("Future|Coroutine", str(method.__annotations__["return"]))
        )
    }
    assert named == awaited


def test_a_microphone_has_two_and_a_half_minutes_from_each_request() -> None:
    world = World().apply(inputs.StartMic())
    assert delays(world, Timer.MICROPHONE) == [150_000]
    world.fire(Timer.MICROPHONE).apply(inputs.StartMic())
    assert delays(world, Timer.MICROPHONE) == [150_000]
    world.apply(inputs.Start(Settings(has_url=True)))
    assert delays(world, Timer.MICROPHONE) == [], "it is the same request"
    world.fire(Timer.MICROPHONE)
    assert world.call.phase is Phase.IDLE
    assert world.state.error is not None
    assert world.state.error.message == "The microphone neither opened nor failed within 150 s."


@pytest.mark.parametrize(("timeout_ms", "limit_ms"), [(5000, 16_000), (100, 1300)])
def test_a_connection_has_its_timeout_for_headers_params_and_handshake(timeout_ms: float, limit_ms: float) -> None:
    reconnect = Reconnect(connection_timeout_ms=timeout_ms)
    world = World().apply(inputs.Start(Settings(has_url=True, reconnect=reconnect))).apply(inputs.MicrophoneOpened(1))
    assert delays(world, Timer.CONNECTION) == [limit_ms]


def test_a_socket_that_was_given_up_may_open_late() -> None:
    world = World().start().ready().apply(inputs.ConnectionClosed(1, 1006)).fire(Timer.RETRY)
    late = inputs.ConnectionOpened(world.call.connection)
    world.fire(Timer.CONNECTION)
    assert world.call.phase is Phase.RETRYING
    assert world.apply(late).call.phase is Phase.RETRYING


def codes(world: World) -> list[NoticeCode]:
    return [notice.code for notice in world.state.notices]


def asked() -> World:
    return listening().apply(confirmed()).apply(ENDED)


def test_a_server_may_be_silent_for_half_a_minute_and_then_the_call_listens_again() -> None:
    world = asked()
    assert delays(world, Timer.ANSWER) == [30_000]
    world.fire(Timer.ANSWER)
    assert world.state.isListening
    assert warnings(world) == ["the server sent no answer for 30 s; the call listens again"]
    assert codes(world) == [NoticeCode.NoAnswer]
    assert world.receive(audio()).heard(1).state.isAssistantSpeaking, "an answer that comes later is heard"


@pytest.mark.parametrize(
    "frame", [says("Well?", "user"), wire.ToolCall("t"), wire.PartialAssistantMessage("We"), wire.Unknown("x"), audio()]
)
def test_each_frame_gives_the_server_another_half_minute(frame: wire.ServerFrame) -> None:
    assert delays(asked().receive(frame), Timer.ANSWER) == [30_000]


def test_the_audio_of_a_text_has_ten_seconds() -> None:
    world = asked().receive(says("Yes."))
    assert delays(world, Timer.ANSWER) == [10_000]
    world.fire(Timer.ANSWER)
    assert world.state.isListening
    assert warnings(world) == ["the server sent a text and no audio for 10 s; the call listens again"]
    assert codes(world) == [NoticeCode.NoAnswerAudio]


@pytest.mark.parametrize(
    "goes_on",
    [
        lambda world: world.receive(wire.SkipAnswer()),
        lambda world: world.receive(audio()),
        lambda world: world.apply(confirmed()),
        lambda world: world.apply(inputs.Stop()),
    ],
    ids=["server", "late answer", "user", "stop"],
)
def test_a_missing_answer_is_shown_until_server_or_user_go_on(goes_on: Callable[[World], World]) -> None:
    world = asked().fire(Timer.ANSWER)
    assert codes(world) == [NoticeCode.NoAnswer]
    assert codes(goes_on(world)) == []


def test_a_text_before_the_question_is_no_answer_to_it() -> None:
    world = listening().receive(says("Hello")).apply(confirmed()).apply(ENDED)
    assert codes(world.fire(Timer.ANSWER)) == [NoticeCode.NoAnswer]


def test_a_call_that_waits_for_nothing_has_no_limit_for_an_answer() -> None:
    world = listening()
    assert world.timers == set()
    assert delays(world.receive(says("By the way")), Timer.ANSWER) == []


def test_the_loudspeaker_has_what_its_samples_last_and_five_seconds() -> None:
    world = listening().receive_at(10_000, audio(16_000))
    assert delays(world, Timer.PLAYBACK) == [6000]
    world.receive_at(10_500, audio(16_000))
    assert delays(world, Timer.PLAYBACK) == [6500], "a second more, and half a second is over"
    world.heard_at(11_000, 8000)
    assert delays(world, Timer.PLAYBACK) == [6500], "progress: the rest, and five seconds"
    world.heard_at(11_100, 8000)
    assert delays(world, Timer.PLAYBACK) == [], "no progress"
    world.heard_at(12_000, 32_000)
    assert Timer.PLAYBACK not in world.timers


def test_a_loudspeaker_that_stops_reporting_is_not_waited_for_and_is_heard_when_it_goes_on() -> None:
    world = listening(disable_interruption=True).receive(audio(1600)).heard(800).fire(Timer.PLAYBACK)
    assert world.state.isListening
    assert warnings(world) == ["the loudspeaker reports no progress: is the page still there, and may it play sound?"]
    assert codes(world) == [NoticeCode.SilentSpeaker]
    world.receive_at(30_000, audio(1600))
    assert delays(world, Timer.PLAYBACK) == [100], "only what the new samples last"
    assert world.heard(900).state.isAssistantSpeaking
    assert codes(world) == []


def test_a_graceful_stop_ends_without_a_loudspeaker() -> None:
    world = listening().receive(audio(1600)).heard(800).fire(Timer.PLAYBACK)
    world.apply(inputs.Stop(graceful=True))
    assert delays(world, Timer.PLAYBACK) == [5050], "it is given another chance"
    assert world.fire(Timer.PLAYBACK).call.phase is Phase.IDLE


def test_each_sample_gives_the_loudspeaker_what_it_lasts_and_no_more() -> None:
    world = listening().receive(audio(1600)).apply(inputs.Stop(graceful=True))
    for _ in range(60):
        world.receive_at(world.now_ms + 100, audio(1600))
    assert world.now_ms == 7000
    (left_ms,) = delays(world, Timer.PLAYBACK)
    assert left_ms == 5100


@pytest.mark.parametrize("graceful", [False, True])
def test_a_loudspeaker_that_reports_nothing_of_audio_without_end_is_given_up(graceful: bool) -> None:
    world = listening().receive(audio(1600))
    if graceful:
        world.apply(inputs.Stop(graceful=True))
    began_ms = world.now_ms
    due_ms = began_ms + 5100
    while world.now_ms < due_ms < began_ms + 300_000:
        world.receive_at(world.now_ms + 100, audio(1600))
        due_ms = max([due_ms, *(world.now_ms + delay_ms for delay_ms in delays(world, Timer.PLAYBACK))])
    assert due_ms - began_ms == 60_000 + 5100, "as much audio as came within a minute, and 5 s"
    world.fire(Timer.PLAYBACK)
    assert warnings(world) == [LOUDSPEAKER_SILENT]
    assert world.call.phase is (Phase.IDLE if graceful else Phase.LIVE)


def test_a_loudspeaker_that_reports_once_a_minute_plays_a_stream_without_end() -> None:
    world = listening().receive(audio(1600)).apply(inputs.Stop(graceful=True))
    for minute in range(3):
        for _ in range(600):
            world.receive_at(world.now_ms + 100, audio(1600))
            assert len(delays(world, Timer.PLAYBACK)) == 1, "it gets more time"
        world.heard(960_000 * minute + 1)
    assert world.call.phase is Phase.ENDING
