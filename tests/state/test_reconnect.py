"""A connection that is lost, and how the call comes back, or does not."""

from __future__ import annotations

import pytest

from micdrop_widget import protocol as wire
from micdrop_widget.errors import MicdropError, MicdropErrorCode, error_for_close, error_for_http_status
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.state import Phase, inputs
from micdrop_widget.state.effects import Timer
from tests.state.spoken import ENDED, answered, audio, confirmed, continued, listening, says
from tests.state.world import World


def refused() -> MicdropError:
    return MicdropError(MicdropErrorCode.Connection, "Refused.", "Start it.")


def lost(world: World | None = None, close_code: int = 1006) -> World:
    world = listening() if world is None else world
    return world.apply(inputs.ConnectionClosed(world.call.connection, close_code))


def back(world: World) -> World:
    """Bring the connection back, as far as the open socket."""
    return world.fire(Timer.RETRY).apply(inputs.ConnectionOpened(world.call.connection))


def ready_call(reconnect: Reconnect) -> World:
    return World(now_ms=1000).start(reconnect=reconnect).ready()


@pytest.mark.parametrize("close_code", [1001, 1006, 1010, 1011, 4000, 4999])
def test_a_lost_connection_is_tried_again(close_code: int) -> None:
    world = lost(close_code=close_code)
    why = f"warn: {error_for_close(close_code).message} Trying again."
    assert world.asked() == [why, "cancel ready", "set retry 1000 ms less up to 30%", "reset detection"]
    assert (world.state.isStarted, world.state.isReconnecting, world.state.isStarting) == (True, True, False)
    assert world.state.isMicStarted
    assert world.state.isMicMuted
    assert not world.state.isListening


@pytest.mark.parametrize("close_code", [4400, 4401, 4404])
def test_a_refusal_is_not_tried_again(close_code: int) -> None:
    world = lost(close_code=close_code)
    assert world.call.phase is Phase.IDLE
    assert [event for event, _ in world.events] == ["Error"]


@pytest.mark.parametrize("close_code", [1000, 1005])
@pytest.mark.parametrize("ready", [True, False])
def test_a_server_that_ends_the_call_normally_ends_it(close_code: int, ready: bool) -> None:
    world = back(lost())
    if ready:
        world.ready()
    world.apply(inputs.ConnectionClosed(world.call.connection, close_code))
    assert world.call.phase is Phase.IDLE
    assert (world.events, world.state.error) == ([], None)


def test_the_wait_grows_with_each_failed_attempt_and_begins_again_after_success() -> None:
    world = lost(ready_call(Reconnect(delay_ms=100, max_delay_ms=500)))
    waits = [world.asked()[2]]
    for _ in range(4):
        world.fire(Timer.RETRY).apply(inputs.ConnectionFailed(world.call.connection, refused()))
        waits.append(world.asked()[2])
    assert waits == [f"set retry {ms} ms less up to 30%" for ms in (100, 200, 400, 500, 500)]
    lost(back(world).ready())
    assert world.asked()[2] == "set retry 100 ms less up to 30%"


def test_an_attempt_that_dies_before_it_is_ready_counts_as_failed() -> None:
    world = lost(back(lost(ready_call(Reconnect(max_attempts=2)))))
    assert world.asked()[2] == "set retry 2000 ms less up to 30%"
    lost(back(world))
    assert world.call.phase is Phase.IDLE


@pytest.mark.parametrize("max_attempts", [0, 1, 3])
def test_when_the_attempts_are_used_up_the_call_ends_with_one_error(max_attempts: int) -> None:
    world = lost(ready_call(Reconnect(max_attempts=max_attempts)))
    for _ in range(max_attempts):
        assert world.events == []
        assert world.state.isReconnecting
        world.fire(Timer.RETRY).apply(inputs.ConnectionFailed(world.call.connection, refused()))
    assert world.call.phase is Phase.IDLE
    assert [event for event, _ in world.events] == ["Error"]
    assert (world.microphone, world.socket, world.timers) == (None, None, set())


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_retry_that_the_server_refuses_ends_the_call(status: int) -> None:
    world = lost().fire(Timer.RETRY)
    world.apply(inputs.ConnectionFailed(world.call.connection, error_for_http_status(status)))
    assert world.call.phase is Phase.IDLE
    assert len(world.events) == 1


def test_the_params_are_sent_again_and_nothing_else_until_the_server_is_ready() -> None:
    world = back(lost())
    assert world.asked() == ["send params", "set ready 1000 ms"]
    world.apply(confirmed()).apply(continued()).apply(ENDED)
    assert world.commands() == ["params"]
    assert world.state.isReconnecting
    world.ready()
    assert world.state.isListening
    assert world.commands() == ["params"]


def test_a_server_that_does_not_speak_first_is_ready_after_the_grace_period() -> None:
    world = back(lost()).fire(Timer.READY)
    assert (world.state.isStarted, world.state.isReconnecting, world.state.isListening) == (True, False, True)


def test_an_open_utterance_dies_with_its_connection_and_the_next_one_begins_anew() -> None:
    world = lost(listening().apply(confirmed()))
    assert (world.state.isUserSpeaking, world.state.isProcessing) == (False, False)
    back(world).ready().apply(continued()).apply(ENDED).apply(confirmed(5))
    assert world.commands() == ["params", "StartSpeaking", "5"]


def test_the_conversation_goes_on_and_a_repeated_greeting_is_listed_once() -> None:
    world = World().start().receive(says("Hello")).receive(says("Hi", "user"))
    back(lost(world)).receive(says("Hello"))
    assert [item.content for item in world.state.conversation] == ["Hello", "Hi"]  # type: ignore[union-attr]
    assert [event for event, _ in world.events] == ["Message", "Message"]
    world.receive(says("Hello"))
    assert len(world.state.conversation) == 3


@pytest.mark.parametrize("first", [says("Hello again"), says("Hello", "user"), says("Hi", "user")])
def test_only_what_is_identical_to_the_first_item_is_a_repeated_greeting(first: wire.Message) -> None:
    world = World().start().receive(says("Hello")).receive(says("Hi", "user"))
    back(lost(world)).receive(first)
    assert world.state.conversation[2:] == (first.item,)
    world.receive(says("Hello"))
    assert len(world.state.conversation) == 4


def test_the_greeting_of_a_first_connection_is_never_taken_for_a_repeated_one() -> None:
    world = World().start().receive(says("Hello")).receive(says("Hello"))
    assert len(world.state.conversation) == 2


def test_what_was_received_is_heard_to_the_end_and_half_a_sample_is_forgotten() -> None:
    world = lost(answered().receive(wire.Audio(b"\x01")).receive(wire.PartialAssistantMessage("Well")))
    assert world.state.isAssistantSpeaking
    assert world.state.partialAssistantMessage == ""
    world.heard(1600).fire(Timer.ANSWER_GAP)
    assert not world.state.isAssistantSpeaking
    back(world).receive(audio(3))
    assert world.given == 3


def test_the_guard_of_an_interruption_ends_with_its_connection() -> None:
    world = answered().apply(inputs.RoundTripMeasured(1, 10_000)).apply(confirmed())
    back(lost(world)).receive(audio())
    assert world.given == 1600


@pytest.mark.parametrize("moment", ["retrying", "connecting", "waiting for the server", "ready again"])
def test_late_events_of_the_lost_socket_change_nothing(moment: str) -> None:
    world = lost()
    first = world.call.connection
    if moment != "retrying":
        world.fire(Timer.RETRY)
    if moment in ("waiting for the server", "ready again"):
        world.apply(inputs.ConnectionOpened(world.call.connection))
    if moment == "ready again":
        world.ready()
    call = world.call
    for late in (
        inputs.ConnectionOpened(first),
        inputs.ConnectionClosed(first, 1006),
        inputs.ConnectionClosed(first, 4401),
        inputs.ConnectionFailed(first, refused()),
        inputs.Received(first, says("late")),
    ):
        world.apply(late)
        assert world.call == call


def test_a_microphone_that_ended_can_be_started_while_the_connection_is_down() -> None:
    world = lost().apply(inputs.MicrophoneEnded(1))
    world.fire(Timer.RETRY).apply(inputs.StartMic()).apply(inputs.MicrophoneOpened(world.call.mic_request))
    assert world.state.isMicStarted
    assert world.state.isMicMuted
    world.apply(inputs.ConnectionOpened(world.call.connection)).ready()
    assert world.state.isListening


def test_a_goodbye_that_was_due_died_with_the_connection() -> None:
    world = back(lost(listening().receive(wire.EndCall()))).ready().apply(inputs.Stop(graceful=True))
    assert world.call.phase is Phase.IDLE


def test_a_pause_holds_while_the_connection_comes_back() -> None:
    world = back(lost(listening().apply(inputs.Pause()))).ready().receive(audio())
    assert world.state.isPaused
    assert world.given == 0
    assert world.apply(inputs.Resume()).state.isListening
