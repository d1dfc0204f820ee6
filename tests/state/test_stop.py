"""Stop: at once, or when the assistant has been heard; EndCall and its goodbye; what comes late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.state import Phase, inputs
from micdrop_widget.state.effects import Timer
from tests.state.spoken import ENDED, answered, audio, confirmed, listening, says
from tests.state.wording import WATCHDOGS
from tests.state.world import World

STOP, GRACEFUL = inputs.Stop(), inputs.Stop(graceful=True)


def over(world: World) -> bool:
    return (
        not world.state.isStarted
        and not world.state.isStarting
        and (world.microphone, world.socket, world.timers) == (None, None, set())
    )


MOMENTS: dict[str, Callable[[], World]] = {
    "before the start": World,
    "microphone first": lambda: World().apply(inputs.StartMic()).apply(inputs.MicrophoneOpened(1)),
    "at the permission prompt": lambda: World().apply(inputs.StartMic()),
    "waiting for the microphone": lambda: World().apply(inputs.Start(listening().call.settings)),
    "connecting": lambda: World().apply(inputs.Start(listening().call.settings)).apply(inputs.MicrophoneOpened(1)),
    "waiting for the server": lambda: World().start(),
    "in the user's speech": lambda: listening().apply(confirmed()),
    "in the answer": answered,
    "in the echo": lambda: answered(disable_interruption=True).heard(1600),
    "paused": lambda: listening().apply(inputs.Pause()),
    "lost": lambda: listening().apply(inputs.ConnectionClosed(1, 1006)),
    "in a retry": lambda: listening().apply(inputs.ConnectionClosed(1, 1006)).fire(Timer.RETRY),
    "waiting for the server again": lambda: (
        listening().apply(inputs.ConnectionClosed(1, 1006)).fire(Timer.RETRY).apply(inputs.ConnectionOpened(2))
    ),
    "hearing the answer out": lambda: answered().apply(GRACEFUL),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_stop_at_any_moment_leaves_nothing_open_and_a_second_one_changes_nothing_shown(moment: str) -> None:
    world = MOMENTS[moment]().apply(STOP)
    assert over(world)
    assert [event for event, _ in world.events if event == "Error"] == []
    state = world.state
    assert world.apply(STOP).state == state
    assert world.apply(GRACEFUL).state == state


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_stop_nothing_that_comes_late_matters(moment: str) -> None:
    world = MOMENTS[moment]()
    mic, socket, epoch = world.call.mic_request, world.call.connection, world.call.epoch
    world.apply(STOP)
    call = world.call
    for late in (
        inputs.MicrophoneOpened(mic),
        inputs.ConnectionOpened(socket),
        inputs.Received(socket, says("late")),
        inputs.Received(socket, audio()),
        inputs.ConnectionClosed(socket, 4401),
        inputs.ConnectionClosed(socket, 1006),
        inputs.RoundTripMeasured(socket, 40),
        inputs.PlaybackProgress(epoch, 1),
        confirmed(),
        ENDED,
    ):
        world.apply(late)
        assert (world.call, world.effects) == (call, ())


def test_the_late_close_of_a_finished_socket_does_not_end_the_next_call() -> None:
    world = listening()
    first = world.call.connection
    world.apply(STOP).start().ready()
    for late in (
        inputs.ConnectionClosed(first, 1006),
        inputs.ConnectionClosed(first, 1000),
        inputs.Received(first, wire.EndCall()),
    ):
        world.apply(late)
    assert world.state.isStarted
    assert world.events == []


def test_a_stop_informs_the_server_that_the_utterance_is_complete() -> None:
    world = listening().apply(confirmed()).apply(STOP)
    assert world.commands() == ["params", "StartSpeaking", "1000", "StopSpeaking"]


def test_conversation_and_mute_survive_the_end_and_a_pause_does_not() -> None:
    world = listening().receive(says("Hello")).apply(inputs.Mute()).apply(inputs.Pause()).apply(STOP)
    assert world.state.conversation == (wire.TextMessage("assistant", "Hello"),)
    assert (world.state.isMuted, world.state.isPaused) == (True, False)
    assert world.start().ready().state.isMicMuted


def test_a_graceful_stop_releases_the_microphone_and_hears_the_answer_to_the_end() -> None:
    world = answered().apply(GRACEFUL)
    assert world.microphone is None
    assert world.state.isStarted
    world.receive(audio(800)).heard(1600)
    assert world.state.isAssistantSpeaking
    world.heard(2400)
    assert world.state.isStarted
    assert over(world.fire(Timer.ANSWER_GAP))


def test_a_graceful_stop_with_nothing_to_hear_ends_at_once() -> None:
    assert over(listening().apply(GRACEFUL))


def test_a_graceful_stop_waits_for_the_answer_that_is_due() -> None:
    world = listening().apply(confirmed()).apply(GRACEFUL)
    assert world.commands()[-1] == "StopSpeaking"
    assert world.timers - WATCHDOGS == {Timer.GOODBYE}
    world.receive(audio())
    assert world.timers - WATCHDOGS == set()
    assert over(world.heard(1600).fire(Timer.ANSWER_GAP))


@pytest.mark.parametrize("end", [wire.SkipAnswer(), wire.CancelLastUserMessage()])
def test_a_graceful_stop_ends_when_the_server_has_nothing_to_answer(end: wire.ServerFrame) -> None:
    assert over(listening().apply(confirmed()).apply(GRACEFUL).receive(end))


def test_a_graceful_stop_does_not_wait_for_ever() -> None:
    world = listening().apply(confirmed()).apply(GRACEFUL)
    assert over(world.fire(Timer.GOODBYE))


def test_end_call_is_reported_and_the_call_stays_up() -> None:
    world = listening().receive(wire.EndCall())
    assert world.events == [("EndCall", ())]
    assert world.state.isStarted
    assert world.socket is not None


def test_the_goodbye_is_heard_although_it_comes_after_end_call() -> None:
    world = listening().receive(wire.EndCall()).apply(GRACEFUL)
    assert world.state.isStarted
    world.receive(says("Goodbye")).receive(wire.Audio(b"\x01")).receive(audio(1600))
    assert world.given == 1600
    assert over(world.heard(1600).fire(Timer.ANSWER_GAP))
    assert world.state.conversation == (wire.TextMessage("assistant", "Goodbye"),)


def test_end_call_within_the_last_answer_makes_a_graceful_stop_wait_for_the_goodbye_but_not_for_ever() -> None:
    world = answered().apply(GRACEFUL).receive(wire.EndCall()).heard(1600).fire(Timer.ANSWER_GAP)
    assert world.state.isStarted
    assert over(world.fire(Timer.GOODBYE))


def test_a_paused_call_has_nothing_to_hear_to_the_end() -> None:
    assert over(listening().receive(wire.EndCall()).apply(inputs.Pause()).apply(GRACEFUL))


@pytest.mark.parametrize("close_code", [1000, 1006, 4401])
def test_a_server_that_closes_meanwhile_changes_nothing_and_what_arrived_is_heard(close_code: int) -> None:
    world = answered().apply(GRACEFUL).apply(inputs.ConnectionClosed(1, close_code))
    assert world.state.isAssistantSpeaking
    assert over(world.heard(1600).fire(Timer.ANSWER_GAP))
    assert world.events == []


@pytest.mark.parametrize("close_code", [1000, 1005])
def test_a_server_that_ends_the_call_is_heard_to_the_end_and_that_is_no_error(close_code: int) -> None:
    world = (
        answered().apply(confirmed(9)).apply(ENDED).receive(audio(100)).apply(inputs.ConnectionClosed(1, close_code))
    )
    assert world.call.phase is Phase.ENDING
    assert world.microphone is None
    assert not world.state.isProcessing
    assert over(world.heard(100).fire(Timer.ANSWER_GAP))
    assert (world.events, world.state.error) == ([], None)


def test_a_start_during_the_last_answer_ends_it_and_begins_anew() -> None:
    world = answered().apply(GRACEFUL)
    world.start()
    assert world.state.isStarting
    assert not world.state.isAssistantSpeaking
    assert world.given == 0
    assert world.ready().state.isListening
