"""Every phase and every participant that falls silent, at every step: no wait passes its bound, nothing stays open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from micdrop_widget.devices import Device
from micdrop_widget.errors import MicdropError, MicdropErrorCode
from micdrop_widget.state import Phase, inputs
from tests.state.silence import BOUND_MS, PARTICIPANTS, SilentCall

FOREVER_MS = 600_000
GRACEFUL = inputs.Stop(graceful=True)


def disk_full() -> inputs.Input:
    return inputs.RecordingFailed(MicdropError(MicdropErrorCode.Unknown, "The disk is full.", "Empty it."))


MANNERS: list[Callable[[SilentCall], SilentCall]] = [
    lambda call: call.start(),
    lambda call: call.speak(),
    lambda call: call.do(inputs.StartMic()),
    lambda call: call.do(inputs.Mute()),
    lambda call: call.do(inputs.Unmute()),
    lambda call: call.do(inputs.Pause()),
    lambda call: call.do(inputs.Resume()),
    lambda call: call.do(inputs.MicrophoneStalled()),
    lambda call: call.do(inputs.DevicesListed((Device("m", "Mic"),), ())),
    lambda call: call.do(disk_full()),
    lambda call: call.do(GRACEFUL),
    lambda call: call.wait(15),
    lambda call: call.wait(120),
    lambda call: call.wait(2500),
    lambda call: call.wait(45_000),
]


def lose_connection(call: SilentCall) -> None:
    if call.world.call.phase is Phase.LIVE:
        call.do(inputs.ConnectionClosed(call.world.call.connection, 1006))


def usual(call: SilentCall) -> SilentCall:
    """Go through every phase: a start, a greeting, two turns, a lost connection, and a graceful stop in an answer."""
    call.start().wait(3000).speak().wait(3000).speak().wait(100)
    lose_connection(call)
    return call.wait(5000).speak().wait(1300).do(GRACEFUL)


def test_with_everybody_there_the_usual_call_goes_through_every_phase() -> None:
    call = SilentCall()
    usual(call).wait(FOREVER_MS).assert_nothing_is_open()
    assert call.phases == list(Phase)
    assert call.world.state.error is None


STEPS = usual(SilentCall()).wait(FOREVER_MS).steps


@pytest.mark.parametrize("detects_turns", [True, False])
@pytest.mark.parametrize("silent", PARTICIPANTS)
def test_whoever_falls_silent_at_whatever_step_a_call_that_is_stopped_ends(silent: str, detects_turns: bool) -> None:
    assert STEPS > 35
    for step in range(STEPS + 1):
        usual(SilentCall([silent], step, detects_turns=detects_turns)).wait(FOREVER_MS).assert_nothing_is_open()


@pytest.mark.parametrize("silent", PARTICIPANTS)
def test_whoever_falls_silent_at_whatever_step_the_call_listens_again_or_is_over(silent: str) -> None:
    for step in range(STEPS + 1):
        call = SilentCall([silent], step).start().wait(3000).speak().wait(FOREVER_MS)
        state = call.world.state
        if call.world.call.phase is Phase.LIVE:
            assert state.isListening
            assert call.world.timers == set()
            call.do(GRACEFUL).wait(BOUND_MS[Phase.ENDING]).assert_nothing_is_open()
        else:
            call.assert_nothing_is_open()
            assert state.error is not None or silent == "page"


@settings(max_examples=400, deadline=None)
@given(
    manners=st.lists(st.integers(0, len(MANNERS) - 1), max_size=25),
    silent=st.sets(st.sampled_from(PARTICIPANTS), max_size=3),
    step=st.integers(0, 60),
    detects_turns=st.booleans(),
)
@example(manners=[0, 12, 1, 1], silent=set(), step=0, detects_turns=True)  # two sentences in no time
def test_in_any_order_no_wait_passes_its_bound_and_nothing_stays_open(
    manners: list[int], silent: set[str], step: int, detects_turns: bool
) -> None:
    call = SilentCall(silent, step, detects_turns=detects_turns)
    for manner in manners:
        MANNERS[manner](call)
    call.do(GRACEFUL).wait(FOREVER_MS)
    if call.world.call.phase is Phase.IDLE and call.world.microphone is not None:
        call.do(inputs.Stop())  # opened without a call, and nobody ended it
    call.assert_nothing_is_open()
