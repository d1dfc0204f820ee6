"""Start: the microphone, the socket, the params, and what is said before the server is ready."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from micdrop_widget import protocol as wire
from micdrop_widget.audio import SAMPLE_RATE
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.reconnect import Reconnect
from micdrop_widget.state import Phase, Settings, effects, inputs
from micdrop_widget.state.effects import Timer
from tests.state.spoken import ENDED, audio, confirmed, continued, ramp, says
from tests.state.world import World

SETTINGS = Settings(has_url=True, has_params=True)


def shown(world: World) -> list[str]:
    """Return which flags of the state are up."""
    return [name for name in world.state.__dataclass_fields__ if getattr(world.state, name) is True]


def test_a_start_asks_for_the_microphone_then_connects_then_sends_the_params_then_waits() -> None:
    world = World().apply(inputs.Start(SETTINGS))
    assert world.asked() == ["reset detection", "open microphone 1, None"]
    assert shown(world) == ["isStarting", "isProcessing"]
    world.apply(inputs.MicrophoneOpened(1))
    assert world.asked() == ["open connection 1"]
    assert shown(world) == ["isStarting", "isProcessing", "isMicStarted"]
    world.apply(inputs.ConnectionOpened(1))
    assert world.asked() == ["send params", "set ready 1000 ms"]
    assert not any(isinstance(effect, effects.StateChanged) for effect in world.effects)
    world.receive(says("Hello"))
    assert world.asked() == ["cancel ready", "emit Message"]
    assert shown(world) == ["isStarted", "isProcessing", "isMicStarted"]
    world.receive(wire.SkipAnswer())
    assert shown(world) == ["isStarted", "isListening", "isMicStarted"]


def test_a_microphone_that_was_opened_first_is_used() -> None:
    world = World().apply(inputs.StartMic("usb")).apply(inputs.MicrophoneOpened(1, "usb"))
    assert shown(world) == ["isListening", "isMicStarted"]
    world.apply(inputs.Start(SETTINGS))
    assert world.asked() == ["reset detection", "open connection 1"]
    assert world.state.micDeviceId == "usb"


def test_a_microphone_that_is_still_asked_for_serves_the_call() -> None:
    world = World().apply(inputs.StartMic()).apply(inputs.Start(SETTINGS))
    assert world.asked() == ["reset detection"]
    assert world.apply(inputs.MicrophoneOpened(1)).asked() == ["open connection 1"]


def test_what_is_said_before_the_call_is_shown_and_goes_nowhere() -> None:
    world = World().apply(inputs.StartMic()).apply(inputs.MicrophoneOpened(1)).apply(confirmed())
    assert shown(world) == ["isUserSpeaking", "isMicStarted"]
    world.start()
    assert not world.state.isUserSpeaking
    world.apply(continued()).apply(ENDED).ready()
    assert world.commands() == ["params"]


def test_a_second_start_changes_nothing_until_the_call_is_over() -> None:
    world = World().apply(inputs.Start(SETTINGS))
    for event in (inputs.MicrophoneOpened(1), inputs.ConnectionOpened(1), inputs.Received(1, wire.SkipAnswer())):
        before = world.call
        assert world.apply(inputs.Start(Settings())).call == before
        world.apply(event)
    assert world.call.phase is Phase.LIVE


def test_without_params_nothing_is_sent_and_the_server_is_awaited_all_the_same() -> None:
    world = World().start(has_params=False).apply(confirmed()).apply(continued())
    assert world.commands() == []
    assert world.ready().commands() == ["StartSpeaking", "1512"]


@pytest.mark.parametrize("readiness", ["first frame", "grace period"])
def test_nothing_goes_out_between_params_and_ready_and_then_all_of_it_in_order(readiness: str) -> None:
    world = World().apply(inputs.Start(SETTINGS)).apply(inputs.MicrophoneOpened(1))
    world.apply(confirmed(1000)).apply(continued(1000))
    world.apply(inputs.ConnectionOpened(1))
    world.apply(continued(1512)).apply(ENDED).apply(confirmed(7))
    assert world.commands() == ["params"]
    if readiness == "first frame":
        world.receive(wire.Unknown("Whatever"))
    else:
        world.fire(Timer.READY)
    assert world.state.isStarted
    assert world.commands() == ["params", "StartSpeaking", "2024", "StopSpeaking", "StartSpeaking", "7"]
    first = [sent for sent in world.sent[:-1] if isinstance(sent, np.ndarray)]
    assert_array_equal(np.concatenate(first), ramp(0, 2024))
    world.apply(continued(1)).apply(ENDED)
    assert world.commands()[-3:] == ["StartSpeaking", "519", "StopSpeaking"]


def test_half_a_minute_is_kept_and_then_the_oldest_audio_is_dropped() -> None:
    world = World().start().apply(confirmed(512))
    for n in range(1, 1200):
        world.apply(continued(n * 512))
    world.apply(ENDED).ready()
    kept = [sent for sent in world.sent if isinstance(sent, np.ndarray)]
    assert world.commands()[0:2] + world.commands()[3:] == ["params", "StartSpeaking", "StopSpeaking"]
    total = sum(len(pcm) for pcm in kept)
    assert 30 * SAMPLE_RATE - 512 < total <= 30 * SAMPLE_RATE
    assert_array_equal(np.concatenate(kept), ramp(1200 * 512 - total, total))


def test_a_greeting_is_no_answer_to_what_was_already_asked() -> None:
    world = World().start().apply(confirmed()).apply(ENDED)
    assert world.receive(wire.SkipAnswer()).state.isProcessing
    asked_nothing = World().start()
    assert not asked_nothing.receive(wire.SkipAnswer()).state.isProcessing


def test_after_the_grace_period_it_is_the_turn_of_the_user_unless_something_was_asked() -> None:
    assert World().start().fire(Timer.READY).state.isListening
    assert World().start().apply(confirmed()).apply(ENDED).fire(Timer.READY).state.isProcessing
    assert World().start().apply(confirmed()).fire(Timer.READY).state.isUserSpeaking


def test_the_greeting_that_the_user_talked_over_is_not_played_for_a_round_trip() -> None:
    world = World(now_ms=0).start().at(500, confirmed()).at(600, ENDED)
    world.at(900, inputs.RoundTripMeasured(1, 40))
    world.receive_at(1000, audio())
    assert world.given == 0
    assert world.receive_at(1039.9, audio()).given == 0
    assert world.receive_at(1040, audio()).given == 1600


DENIED = MicdropError(MicdropErrorCode.Mic, "Denied.", "Allow it.")
REFUSED = MicdropError(MicdropErrorCode.Connection, "Refused.", "Start it.")
WITH_MICROPHONE: list[inputs.Input] = [inputs.Start(SETTINGS), inputs.MicrophoneOpened(1)]
OPENED = [*WITH_MICROPHONE, inputs.ConnectionOpened(1)]

FAILURES: list[tuple[list[inputs.Input], MicdropErrorCode]] = [
    ([inputs.Start(Settings())], MicdropErrorCode.MissingUrl),
    ([inputs.Start(SETTINGS), inputs.MicrophoneFailed(1, DENIED)], MicdropErrorCode.Mic),
    ([*WITH_MICROPHONE, inputs.ConnectionFailed(1, REFUSED)], MicdropErrorCode.Connection),
    ([*OPENED, inputs.ConnectionClosed(1, 4400)], MicdropErrorCode.BadRequest),
    ([*OPENED, inputs.ConnectionClosed(1, 4401)], MicdropErrorCode.Unauthorized),
    ([*OPENED, inputs.ConnectionClosed(1, 4404)], MicdropErrorCode.NotFound),
    ([*OPENED, inputs.ConnectionClosed(1, 1011)], MicdropErrorCode.InternalServer),
    ([*OPENED, inputs.ConnectionClosed(1, 1006)], MicdropErrorCode.Connection),
    ([*OPENED, inputs.ConnectionClosed(1, 1000)], MicdropErrorCode.Connection),
    ([*OPENED, inputs.ConnectionClosed(1, 1005)], MicdropErrorCode.Connection),
    ([*OPENED, inputs.ConnectionClosed(1, 4999)], MicdropErrorCode.Unknown),
]


@pytest.mark.parametrize(("inputs", "code"), FAILURES, ids=[repr(inputs[-1]) for inputs, _ in FAILURES])
def test_a_first_connection_that_fails_is_one_error_and_no_retry_and_leaves_nothing_open(
    inputs: list[inputs.Input], code: MicdropErrorCode
) -> None:
    assert SETTINGS.reconnect.max_attempts is None  # endless, but for calls that were ready
    world = World()
    for event in inputs:
        world.apply(event)
    assert [event for event, _ in world.events] == ["Error"]
    assert world.state.error is world.events[0][1][0]
    assert world.state.error is not None
    assert world.state.error.code is code
    assert shown(world) == []
    assert (world.microphone, world.socket, world.timers) == (None, None, set())
    assert world.start().state.error is None


def test_an_error_is_cleared_by_start_by_start_mic_and_by_a_connection_that_is_ready() -> None:
    def failed() -> World:
        return World().apply(inputs.Start(Settings()))

    assert failed().apply(inputs.StartMic()).state.error is None
    assert failed().apply(inputs.Start(SETTINGS)).state.error is None
    world = World().start()
    world.apply(inputs.MicrophoneEnded(1, MicdropError(MicdropErrorCode.Mic, "Unplugged.", "Plug it in.")))
    assert world.state.error is not None
    assert world.ready().state.error is None


@pytest.mark.parametrize("phase", [Phase.CONNECTING, Phase.GREETING, Phase.LIVE])
def test_a_microphone_that_ends_leaves_the_call_up_and_can_be_started_again(phase: Phase) -> None:
    world = World().apply(inputs.Start(SETTINGS)).apply(inputs.MicrophoneOpened(1))
    if phase is not Phase.CONNECTING:
        world.apply(inputs.ConnectionOpened(1))
    if phase is Phase.LIVE:
        world.ready()
    world.apply(confirmed()).apply(inputs.MicrophoneEnded(1))
    assert not world.state.isUserSpeaking
    assert not world.state.isMicStarted
    assert world.state.error is None
    assert world.call.phase is phase
    world.apply(inputs.StartMic()).apply(inputs.MicrophoneOpened(world.call.mic_request))
    assert world.state.isMicStarted


def test_each_start_begins_with_an_empty_conversation() -> None:
    world = World().start().receive(says("Hello")).apply(inputs.Stop())
    assert world.state.conversation == (wire.TextMessage("assistant", "Hello"),)
    assert len(world.apply(inputs.Start(SETTINGS)).state.conversation) == 0


def test_a_retry_needs_a_call_that_was_ready_once() -> None:
    world = World().start(reconnect=Reconnect()).apply(inputs.ConnectionClosed(1, 1006))
    assert world.call.phase is Phase.IDLE
    again = World().start(reconnect=Reconnect()).ready().apply(inputs.ConnectionClosed(1, 1006))
    assert again.call.phase is Phase.RETRYING
