"""A microphone that is unplugged during a call: one error, and another microphone in its place."""

from __future__ import annotations

from micdrop_widget.call.sources import UnpluggedError
from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.state import inputs
from tests.state.world import World

DESK, HEAD = Device("desk", "Desk"), Device("head", "Head")
NO_OTHER = MicdropError(MicdropErrorCode.Mic, "The browser finds no microphone.", "Plug one in.")


def with_desk() -> World:
    """Return a call that is up, with the microphone “Desk”, which was chosen by its id."""
    world = World(now_ms=5000)
    world.apply(inputs.StartMic("desk"))
    world.apply(inputs.MicrophoneOpened(world.call.mic_request, "desk", mic_devices=(DESK, HEAD)))
    return world.start().ready()


def unplug(world: World, label: str = "Desk") -> World:
    return world.apply(inputs.MicrophoneEnded(world.call.mic_request, UnpluggedError.of(label), unplugged=True))


def errors(world: World) -> list[MicdropError]:
    return [arguments[0] for event, arguments in world.events if event == "Error"]


def test_another_microphone_takes_its_place_and_one_error_says_which() -> None:
    world = unplug(with_desk())
    assert world.asked() == ["open microphone 2, None", "reset detection"]
    assert (world.state.isStarted, world.state.isMicStarted, world.state.micDeviceId) == (True, False, None)
    assert errors(world) == []
    world.apply(inputs.DevicesListed((HEAD,), ())).apply(inputs.MicrophoneOpened(2, "head", mic_devices=(HEAD,)))
    assert (world.state.isStarted, world.state.isMicStarted, world.state.micDeviceId) == (True, True, "head")
    (error,) = errors(world)
    assert world.state.error is error
    assert error.code is MicdropErrorCode.Mic
    assert error.message == "The microphone “Desk” went away."
    assert error.remedy.startswith("“Head” is used in its place.")


def test_without_another_the_call_stays_up_and_one_error_says_what_to_do() -> None:
    world = unplug(with_desk()).apply(inputs.MicrophoneFailed(2, NO_OTHER))
    assert (world.state.isStarted, world.state.isMicStarted) == (True, False)
    (error,) = errors(world)
    assert error.message == "The microphone “Desk” went away. The browser finds no microphone."
    assert error.remedy.startswith("Plug it in again")
    world.apply(inputs.StartMic())
    assert world.asked() == ["open microphone 3, None"]


def test_a_muted_call_stays_muted_on_the_other_microphone() -> None:
    world = unplug(with_desk().apply(inputs.Mute())).apply(inputs.MicrophoneOpened(2, "head"))
    assert (world.state.isMuted, world.state.isMicMuted, world.state.isMicStarted) == (True, True, True)


def test_a_call_stopped_meanwhile_leaves_no_error_to_the_next() -> None:
    world = unplug(with_desk()).apply(inputs.Stop())
    world.start().ready()
    assert errors(world) == []
    assert world.state.error is None


def test_the_second_microphone_may_be_unplugged_as_well_but_not_at_once() -> None:
    world = unplug(with_desk()).apply(inputs.MicrophoneOpened(2, "head"))
    unplug(world, "Head")
    assert [error.message for error in errors(world)][1:] == ["The microphone “Head” went away."]
    assert not world.state.isMicStarted
    later = unplug(with_desk()).apply(inputs.MicrophoneOpened(2, "head"))
    later.at(7000, inputs.MicrophoneEnded(2, UnpluggedError.of("Head"), unplugged=True))
    assert later.asked() == ["open microphone 3, None", "reset detection"]


def test_a_microphone_that_only_ends_is_not_replaced() -> None:
    assert with_desk().apply(inputs.MicrophoneEnded(1)).asked() == ["close microphone", "reset detection"]
    gone = MicdropError(MicdropErrorCode.Mic, "The page was closed.", "Open it.")
    assert with_desk().apply(inputs.MicrophoneEnded(1, gone)).asked() == [
        "close microphone",
        "emit Error",
        "reset detection",
    ]


def test_a_chosen_microphone_that_is_gone_is_not_demanded_by_the_next_call() -> None:
    world = with_desk().apply(inputs.Stop()).apply(inputs.DevicesListed((HEAD,), ())).start()
    assert world.call.chosen_mic_id is None
    again = with_desk().apply(inputs.Stop()).apply(inputs.DevicesListed((DESK,), ())).start()
    assert again.call.chosen_mic_id == "desk"
